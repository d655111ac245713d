import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'

/** What a chart is drawn in; pages bring colours of their own under these names. */
export const CHART_COLORS = {
  accent: 'var(--accent, #0b6b7a)',
  other: 'var(--other, #b3541e)',
  quiet: 'var(--quiet, #5a6169)',
} as const

/** What is used of an element; other libraries' types leave the DOM's own ones empty. */
interface Drawn {
  readonly outerHTML: string
  setAttribute(name: string, value: string): void
  removeAttribute(name: string): void
  remove(): void
  querySelectorAll(selector: string): Iterable<Drawn>
}

/** A chart as SVG whose colours are those of what surrounds it; the same input gives the same bytes. */
export function renderChart(options: Plot.PlotOptions): string {
  const { document } = parseHTML('<html><body></body></html>')
  const plot = Plot.plot({ ...options, document, style: { fontSize: '12px' } }) as unknown as Drawn
  plot.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  // A page's policy allows no style but its own; what Plot would set there, every chart gets from the page.
  for (const style of plot.querySelectorAll('style')) style.remove()
  for (const element of [plot, ...plot.querySelectorAll('[style]')]) element.removeAttribute('style')
  // The caption says what the chart says; names of its parts would only be allowed on parts with a role.
  for (const part of plot.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label')
  plot.setAttribute('font-size', '12')
  return plot.outerHTML
}

/** The SVG as a file of its own: dark on white, whatever shows it. */
export function standaloneSvg(svg: string): string {
  return svg
    .replaceAll(/var\(--\w+, (#\w+)\)/g, '$1')
    .replaceAll('currentColor', '#1c2024')
    .replace('system-ui, sans-serif', "'DejaVu Sans', 'Noto Sans', Arial, sans-serif")
    .replace(/>/, '><rect width="100%" height="100%" fill="#ffffff"></rect>')
}
