/** Everything that GitHub's Markdown, or HTML in it, could take for more than text. */
const SPECIAL = /[\\`*_{}[\]()#+!|~$:@]/g

/**
 * A text as a cell of a Markdown table: nothing in it is markup, HTML, a link or another cell. Line breaks become a
 * visible mark, since a cell has one line; other control and invisible characters become their code.
 */
export function escapeForMarkdown(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(SPECIAL, (character) => `&#${character.codePointAt(0)};`)
    .replaceAll(/\r\n|\r|\n/g, '⏎')
    .replaceAll('\t', '⇥')
    .replaceAll(
      /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
      (character) => `U&#43;${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`,
    )
    .replaceAll(/https?/gi, (scheme) => `${scheme.slice(0, -1)}&#${scheme.codePointAt(scheme.length - 1)};`)
    .replaceAll(/www\./gi, (host) => `${host.slice(0, -1)}&#46;`)
}
