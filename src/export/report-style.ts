/** The style of the report's page: light and dark, from phones to wide screens. No colour carries meaning alone. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfbf9; --card: #ffffff; --ink: #1c2024; --quiet: #5a6169; --line: #dcdfe2;
  --accent: #0b6b7a; --shade: 13, 126, 142; --other: #b3541e; --depth: .6;
}
@media (prefers-color-scheme: dark) { :root:not([data-theme=light]) {
  --paper: #14171a; --card: #1b1f23; --ink: #e6e8ea; --quiet: #a3abb3; --line: #343a40;
  --accent: #6cc7d6; --shade: 64, 160, 178; --other: #e8a06c; --depth: .4;
} }
:root[data-theme=light] { color-scheme: light; }
:root[data-theme=dark] {
  color-scheme: dark;
  --paper: #14171a; --card: #1b1f23; --ink: #e6e8ea; --quiet: #a3abb3; --line: #343a40;
  --accent: #6cc7d6; --shade: 64, 160, 178; --other: #e8a06c; --depth: .4;
}
* { box-sizing: border-box; }
html { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; background: var(--paper); color: var(--ink); }
body { margin: 0; overflow-wrap: anywhere; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
main:focus, h1:focus { outline: none; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; z-index: 2; background: var(--card); padding: .5rem 1rem; }
#top { display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; align-items: center; padding: .7rem clamp(1rem, 3vw, 2.5rem); border-bottom: 1px solid var(--line); }
#top .name { font-weight: 700; text-decoration: none; letter-spacing: .02em; }
#top button { margin-left: auto; }
main { max-width: 84rem; margin: 0 auto; padding: 1.5rem clamp(1rem, 3vw, 2.5rem) 4rem; }
h1 { font-size: clamp(1.5rem, 3.4vw, 2.1rem); line-height: 1.2; margin: .2rem 0 .6rem; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .7rem; }
h3 { font-size: 1rem; margin: 0 0 .5rem; }
.lead { max-width: 46rem; margin: 0 0 1.4rem; }
.feature .lead { font-size: 1.2rem; }
small, .aside, figcaption { color: var(--quiet); font-size: .85rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: .7rem; margin: 0 0 1rem; }
.facts div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .65rem .85rem; }
.facts dt { color: var(--quiet); font-size: .85rem; }
.facts dd { margin: 0; font-size: 1.4rem; font-variant-numeric: tabular-nums; line-height: 1.3; }
.facts small { display: block; font-size: .8rem; line-height: 1.35; }
#charts .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); gap: 1rem; align-items: start; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; }
figure svg { display: block; width: 100%; height: auto; overflow: visible; background: none; }
figcaption { margin-top: .5rem; }
.controls { display: flex; flex-wrap: wrap; gap: .4rem .7rem; align-items: center; }
input, select, button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .35rem .7rem; }
input { width: min(24rem, 100%); }
input::placeholder { color: var(--quiet); opacity: 1; }
button { cursor: pointer; }
button:hover, select:hover { border-color: var(--accent); }
kbd { font: .8em ui-monospace, monospace; border: 1px solid var(--line); border-radius: 4px; padding: 0 .35em; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .38rem .6rem; vertical-align: baseline; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.features { width: 100%; table-layout: fixed; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.features thead th { position: sticky; top: 0; background: var(--card); border-bottom: 1px solid var(--line); }
.features thead button { all: unset; box-sizing: border-box; cursor: pointer; color: var(--quiet); font-size: .85rem; font-weight: 600; }
.features thead button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.features th[aria-sort] button { color: var(--ink); }
.features th[aria-sort=descending] button::after { content: " ↓"; }
.features th[aria-sort=ascending] button::after { content: " ↑"; }
.features tbody tr { border-top: 1px solid var(--line); }
.features tbody tr:hover { background: rgba(var(--shade), .09); }
.features tbody th { font-weight: 600; }
.features th.number { width: 6rem; } .features th.widest { width: 5rem; }
.features th[data-column=score] { width: 10.5rem; } .features th.tops { width: 22%; }
.features .tops, .features .text { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.features .tops, .token { font-family: ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace; font-size: .88em; }
.pager { display: flex; flex-wrap: wrap; gap: .5rem 1.1rem; align-items: center; margin: 1rem 0; }
.keys { margin-left: auto; }
.examples { list-style: none; margin: 0; padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.examples li { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; justify-content: space-between; align-items: baseline; padding: .45rem .85rem; }
.examples li + li { border-top: 1px solid var(--line); }
.context { white-space: pre-wrap; }
.token { border-radius: 3px; padding: .08em 0; }
mark.token { color: inherit; background: rgba(var(--shade), calc(.1 + var(--depth) * var(--share))); border-bottom: 2px solid var(--accent); }
.nominal { font-weight: 700; }
.explanation { border-left: 3px solid var(--line); padding-left: 1rem; margin-bottom: 1.4rem; }
.explanation p { margin: 0 0 .3rem; }
.ratings { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 32rem), 1fr)); gap: .8rem; align-items: start; }
.rating, .session { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .7rem 1rem; min-width: 0; }
.rating p, .rating h3, .session h3 { margin: 0 0 .25rem; } .session .scroll + .scroll { margin-top: .8rem; }
.scroll { overflow-x: auto; }
.plain { font-size: .88rem; overflow-wrap: normal; } .plain thead th { color: var(--quiet); font-weight: 600; }
.plain tbody tr { border-top: 1px solid var(--line); }
.simulations { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 34rem), 1fr)); gap: .8rem; }
.simulation { font-size: .82rem; background: var(--card); border: 1px solid var(--line); }
.simulation th { font-weight: 400; white-space: pre; max-width: 9rem; overflow: hidden; text-overflow: ellipsis; }
.simulation th[scope=row] { color: var(--quiet); min-width: 5.5rem; }
.simulation th[scope=col] { font-family: ui-monospace, "DejaVu Sans Mono", monospace; text-align: center; }
.shade { text-align: center; font-variant-numeric: tabular-nums; min-width: 2.6rem; background: rgba(var(--shade), calc(.1 + var(--depth) * var(--share))); }
.silent { background: none; color: var(--quiet); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 0 2rem; }
.bars { display: flex; align-items: flex-end; gap: 1px; height: 8rem; border-bottom: 1px solid var(--quiet); }
.bars span { flex: 1; min-width: 1px; background: var(--accent); height: calc(100% * var(--height)); }
.axis { display: flex; justify-content: space-between; margin: .2rem 0; }
.effects { list-style: none; margin: 0; padding: 0; columns: 2; font-size: .9rem; }
.effects li { display: flex; justify-content: space-between; gap: 1rem; break-inside: avoid; white-space: pre; }
@media (max-width: 62rem) { .widest { display: none; } }
@media (max-width: 46rem) {
  .wide { display: none; }
  .features .text { white-space: normal; display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical; padding-bottom: 0; margin-bottom: .38rem; }
  .features thead .text { display: table-cell; margin: 0; }
  .features th.number { width: 4.3rem; } .features th[data-column=score] { width: 6.4rem; white-space: normal; }
  .features td small { display: block; }
  .facts { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
  .facts dd { font-size: 1.2rem; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print { .controls, .pager, #top button { display: none; } }
`
