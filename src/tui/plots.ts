import type { Style } from './style.ts'
import { bars, correlation, pad, widthOf } from './text.ts'

/** What a study's plots are drawn from; `ChartNumbers` of the reports is one. */
export interface PlotNumbers {
  readonly scores: readonly { readonly name: string; readonly values: readonly number[] }[]
  readonly densities: readonly number[]
  readonly points: readonly (readonly [density: number, score: number])[]
}

interface PlotLine {
  readonly label: string
  readonly from: string
  readonly plot: string
  readonly to: string
}

/** Fewer columns show no shape. */
const LEAST_BINS = 16
const MOST_BINS = 48

/**
 * Distributions as one line each: scores beside those of other sets and controls on one axis, densities, and the median
 * score by density. Every line has its own height; a blank is an empty bin.
 */
export function plotLines({ scores, densities, points }: PlotNumbers, width: number, style: Style): string[] {
  if (densities.length === 0 && scores.length === 0) return []
  const labels = [...scores.map(({ name }) => `ρ ${name}`), 'log₁₀ density', 'median ρ by density']
  const margin = Math.max(...labels.map(widthOf))
  const least = Math.floor(scores.flatMap(({ values }) => values).reduce((a, b) => Math.min(a, b), 0) * 5) / 5
  const begin = Math.max(4, widthOf(correlation(least)))
  const bins = Math.min(MOST_BINS, width - margin - begin - 9)
  if (bins < LEAST_BINS) return []
  const logs = densities.map((density) => Math.log10(density))
  const [low, high] = decades(logs)
  const lines: PlotLine[] = scores.map(({ name, values }) => ({
    label: `ρ ${name}`,
    from: correlation(least),
    plot: bars(countsOf(values, least, 1, bins)),
    to: correlation(1),
  }))
  if (logs.length > 0)
    lines.push({
      label: 'log₁₀ density',
      from: whole(low),
      plot: bars(countsOf(logs, low, high, bins)),
      to: whole(high),
    })
  if (points.length > 0)
    lines.push({
      label: 'median ρ by density',
      from: whole(low),
      // The tallest bar is 1, not the highest median: its column lies past the end and is cut.
      plot: bars([...mediansOf(points, low, high, bins), 1]).slice(0, bins),
      to: whole(high),
    })
  return [
    '',
    ...lines.map(
      ({ label, from, plot, to }) =>
        ` ${pad(label, margin)}  ${pad(from, begin, 'right')} ${style.accent(pad(plot, bins))} ${to}`,
    ),
  ]
}

function decades(logs: readonly number[]): [low: number, high: number] {
  const low = Math.floor(logs.reduce((a, b) => Math.min(a, b), 0))
  const high = Math.ceil(logs.reduce((a, b) => Math.max(a, b), low))
  return [low, Math.max(high, low + 1)]
}

function binOf(value: number, from: number, to: number, bins: number): number {
  return Math.min(bins - 1, Math.max(0, Math.floor(((value - from) / (to - from)) * bins)))
}

function countsOf(values: readonly number[], from: number, to: number, bins: number): number[] {
  const counts = Array.from({ length: bins }, () => 0)
  for (const value of values) counts[binOf(value, from, to, bins)]!++
  return counts
}

/** The median score in each bin of log density, negative ones as 0; 0 where there is none. */
function mediansOf(points: PlotNumbers['points'], from: number, to: number, bins: number): number[] {
  const scores = Array.from({ length: bins }, (): number[] => [])
  for (const [density, score] of points) scores[binOf(Math.log10(density), from, to, bins)]!.push(score)
  return scores.map((values) => {
    if (values.length === 0) return 0
    const sorted = values.toSorted((a, b) => a - b)
    const half = (sorted.length - 1) / 2
    return Math.max(0, (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2)
  })
}

function whole(value: number): string {
  return String(value).replace('-', '−')
}
