import * as Plot from '@observablehq/plot'
import type { ReportChart } from '../report-data.ts'
import { type Bin, binOf, binsOf, type ChartNumbers, middleOf } from './numbers.ts'
import { CHART_COLORS, renderChart } from './render.ts'

const WIDTH = 480
const SCORE_BINS = 40
const DENSITY_BINS_PER_DECADE = 5

/** The charts of a study; those that there is nothing to show for are left out. */
export function drawCharts(numbers: ChartNumbers): ReportChart[] {
  return [
    scoreDistributions(numbers),
    densityHistogram(numbers),
    scoreByDensity(numbers),
    lossRecovered(numbers),
    cost(numbers),
  ].filter((chart) => chart !== null)
}

function scoreDistributions({ scores }: ChartNumbers): ReportChart | null {
  const series = scores.filter(({ values }) => values.length > 0)
  if (series.length === 0) return null
  const lowest = series.flatMap(({ values }) => values).reduce((least, value) => Math.min(least, value), 0)
  const from = Math.floor(lowest * 5) / 5
  const bins = Math.round((SCORE_BINS * (1 - from)) / 2)
  const rows = series.flatMap(({ name, values }) =>
    ownHeights(binsOf(values, from, 1, bins)).map((bin) => ({ ...bin, name })),
  )
  const medians = series.map(({ name, values }) => ({ name, median: middleOf(values) }))
  const svg = renderChart({
    width: WIDTH,
    height: 64 + 60 * series.length,
    marginTop: 8,
    marginBottom: 44,
    marginLeft: 112,
    marginRight: 12,
    x: { label: 'ρ', domain: [from, 1], tickFormat: tick },
    y: { axis: null },
    fy: { label: null, domain: series.map(({ name }) => name), axis: 'left', padding: 0.15 },
    marks: [
      Plot.rectY(rows, {
        x1: 'from',
        x2: 'to',
        y: 'height',
        fy: 'name',
        fill: ({ name }: { name: string }) =>
          name === series[0]!.name ? CHART_COLORS.accent : CHART_COLORS.quiet,
        insetLeft: 0.5,
        insetRight: 0.5,
      }),
      Plot.ruleY([0], { stroke: CHART_COLORS.quiet }),
      Plot.tickX(medians, { x: 'median', fy: 'name', stroke: CHART_COLORS.other, strokeWidth: 2.5 }),
    ],
  })
  const said = series.map(
    ({ name, values }, place) =>
      `${name} ${medians[place]!.median.toFixed(2).replace('-', '−')} (n ${values.length.toLocaleString('en')})`,
  )
  return {
    name: 'scores',
    title: 'Scores, and what scores without an explanation',
    caption: `Features by ρ, each row to its own height; the line is the median: ${said.join(', ')}.`,
    svg,
  }
}

function densityHistogram({ densities }: ChartNumbers): ReportChart | null {
  if (densities.length === 0) return null
  const logs = densities.map((density) => Math.log10(density))
  const { from, to, bins } = decades(logs)
  const rows = binsOf(logs, from, to, bins)
  return {
    name: 'density',
    title: 'How often features fire',
    caption: `${densities.length.toLocaleString('en')} features that fire, by the share of tokens that they fire on; median ${shareText(middleOf(densities))}.`,
    svg: renderChart({
      width: WIDTH,
      height: 230,
      marginBottom: 44,
      marginLeft: 48,
      x: { label: 'log₁₀ density', domain: [from, to], ticks: to - from, tickFormat: minus },
      y: { label: 'features', grid: true },
      marks: [
        Plot.rectY(rows, { x1: 'from', x2: 'to', y: 'count', fill: CHART_COLORS.accent, inset: 0.5 }),
        Plot.ruleY([0], { stroke: CHART_COLORS.quiet }),
      ],
    }),
  }
}

function scoreByDensity({ points }: ChartNumbers): ReportChart | null {
  if (points.length === 0) return null
  const { from, to, bins } = decades(points.map(([density]) => Math.log10(density)))
  const lowest = Math.floor(points.reduce((least, [, score]) => Math.min(least, score), 0) * 5) / 5
  const rows = Math.round((1 - lowest) * 10)
  const columns = Array.from({ length: bins }, (): number[] => [])
  const counts = new Uint32Array(bins * rows)
  for (const [density, score] of points) {
    const column = binOf(Math.log10(density), from, to, bins)
    columns[column]!.push(score)
    counts[column * rows + binOf(score, lowest, 1, rows)]!++
  }
  const xOf = (column: number): number => from + ((to - from) * column) / bins
  const yOf = (row: number): number => lowest + ((1 - lowest) * row) / rows
  const most = counts.reduce((largest, count) => Math.max(largest, count), 1)
  const cells = [...counts.entries()]
    .filter(([, count]) => count > 0)
    .map(([place, count]) => ({
      x1: xOf(Math.floor(place / rows)),
      x2: xOf(Math.floor(place / rows) + 1),
      y1: yOf(place % rows),
      y2: yOf((place % rows) + 1),
      opacity: 0.12 + (0.88 * Math.log(1 + count)) / Math.log(1 + most),
    }))
  const medians = columns.flatMap((scores, column) =>
    scores.length < LEAST_FOR_MEDIAN
      ? []
      : [{ x: (xOf(column) + xOf(column + 1)) / 2, median: middleOf(scores) }],
  )
  return {
    name: 'score-by-density',
    title: 'Scores by how often a feature fires',
    caption: `${points.length.toLocaleString('en')} scored features; darker cells hold more of them (log scale), dots are medians of at least ${LEAST_FOR_MEDIAN}.`,
    svg: renderChart({
      width: WIDTH,
      height: 270,
      marginBottom: 44,
      marginLeft: 48,
      x: { label: 'log₁₀ density', domain: [from, to], ticks: to - from, tickFormat: minus },
      y: { label: 'ρ', domain: [lowest, 1], grid: true, tickFormat: tick },
      marks: [
        Plot.rect(cells, {
          x1: 'x1',
          x2: 'x2',
          y1: 'y1',
          y2: 'y2',
          fill: CHART_COLORS.accent,
          fillOpacity: 'opacity',
          inset: 0.5,
        }),
        Plot.lineY(medians, { x: 'x', y: 'median', stroke: CHART_COLORS.other, strokeWidth: 1.5 }),
        Plot.dot(medians, { x: 'x', y: 'median', fill: CHART_COLORS.other, r: 3.5 }),
      ],
      opacity: { type: 'identity' },
    }),
  }
}

/** Fewer scores have no middle worth a dot. */
const LEAST_FOR_MEDIAN = 5

function lossRecovered({ loss }: ChartNumbers): ReportChart | null {
  if (loss === null || loss.tokens === 0 || !Number.isFinite(loss.recovered)) return null
  const rows = [
    { name: 'model', value: loss.original },
    { name: 'reconstructed', value: loss.reconstructed },
    { name: 'zeroed', value: loss.zeroed },
  ]
  return {
    name: 'loss',
    title: 'Loss recovered',
    caption: `Cross entropy with the hook as it is, as the feature set rebuilds it, and set to zero, on ${loss.tokens.toLocaleString('en')} held-out tokens: ${(loss.recovered * 100).toFixed(1)} % recovered.`,
    svg: renderChart({
      width: WIDTH,
      height: 170,
      marginTop: 8,
      marginBottom: 44,
      marginLeft: 112,
      marginRight: 48,
      x: { label: 'nats a token', grid: true, nice: true },
      y: { label: null, domain: rows.map(({ name }) => name) },
      marks: [
        Plot.barX(rows, {
          x: 'value',
          y: 'name',
          fill: ({ name }: { name: string }) =>
            name === 'reconstructed' ? CHART_COLORS.accent : CHART_COLORS.quiet,
        }),
        Plot.text(rows, {
          x: 'value',
          y: 'name',
          text: ({ value }: { value: number }) => value.toFixed(2),
          textAnchor: 'start',
          dx: 6,
        }),
      ],
    }),
  }
}

function cost({ cost: lines }: ChartNumbers): ReportChart | null {
  if (lines.length === 0) return null
  const rows = lines.flatMap(({ stage, model, promptTokens, completionTokens }) => [
    { name: `${stage}, ${model}`.slice(0, 24), kind: 'prompt', tokens: promptTokens },
    { name: `${stage}, ${model}`.slice(0, 24), kind: 'completion', tokens: completionTokens },
  ])
  const known = lines.every(({ usd }) => usd !== null)
  const usd = lines.reduce((sum, line) => sum + (line.usd ?? 0), 0)
  const total = rows.reduce((sum, { tokens }) => sum + tokens, 0)
  return {
    name: 'cost',
    title: 'What LLMs were asked',
    caption: `${total.toLocaleString('en')} tokens; the paler part of a bar is completion. Cost: ${known ? `$${usd.toFixed(2)}` : 'unknown'}.`,
    svg: renderChart({
      width: WIDTH,
      height: 70 + 34 * lines.length,
      marginLeft: 150,
      x: { label: 'tokens', grid: true, tickFormat: 's' },
      y: { label: null },
      marks: [
        Plot.barX(rows, {
          x: 'tokens',
          y: 'name',
          fill: CHART_COLORS.accent,
          fillOpacity: ({ kind }: { kind: string }) => (kind === 'prompt' ? 1 : 0.5),
        }),
      ],
      opacity: { type: 'identity' },
    }),
  }
}

/** Bins with their heights as shares of the tallest: rows of different spread stay readable. */
function ownHeights(bins: readonly Bin[]): (Bin & { readonly height: number })[] {
  const tallest = bins.reduce((most, { count }) => Math.max(most, count), 1)
  return bins.map((bin) => ({ ...bin, height: bin.count / tallest }))
}

/** Whole decades that cover some logarithms. */
function decades(logs: readonly number[]): { from: number; to: number; bins: number } {
  const from = Math.floor(logs.reduce((least, value) => Math.min(least, value), 0))
  const to = Math.max(from + 1, Math.ceil(logs.reduce((most, value) => Math.max(most, value), from)))
  return { from, to, bins: (to - from) * DENSITY_BINS_PER_DECADE }
}

function tick(value: number): string {
  return value.toFixed(1).replace('-', '−').replace('0.', '.')
}

function minus(value: number): string {
  return String(value).replace('-', '−')
}

function shareText(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`
}
