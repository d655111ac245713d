import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Style } from './style.ts'
import { renderTable } from './table.ts'
import { correlation, percent, wrap } from './text.ts'

/** A comparison as it is printed; `Comparison` of the pipeline is one. */
export interface ShownComparison {
  readonly sides: readonly [ShownSide, ShownSide]
  readonly differ: readonly string[]
  readonly paired: {
    readonly difference: {
      readonly n: number
      readonly clusters: number
      readonly mean: number
      readonly interval: { readonly low: number; readonly high: number }
      readonly median: number
      readonly higher: number
      readonly equal: number
    } | null
    readonly draws: 'clusters' | 'features'
    readonly onlyA: number
    readonly onlyB: number
    readonly changed: readonly ShownChange[]
    readonly rose: number
    readonly fell: number
  } | null
  readonly delta: {
    readonly value: number
    readonly interval: { readonly low: number; readonly high: number } | null
  } | null
}

interface ShownSide {
  readonly name: string
  readonly set: string
  readonly made: Readonly<Record<string, string>>
  readonly score: { readonly median: number; readonly n: number } | null
  readonly missing: number
}

interface ShownChange {
  readonly feature: number
  readonly difference: number
  readonly a: ShownScore
  readonly b: ShownScore
}

interface ShownScore {
  readonly value: number
  readonly low: number
  readonly high: number
  readonly explanation: string | null
}

/** Changed features that are printed; JSON has all. */
const MOST_CHANGED = 10

/** Two sides' scores, their difference, and the features that changed most. */
export function comparisonPage(comparison: ShownComparison, width: number, style: Style): string[] {
  const { sides, differ, paired, delta } = comparison
  const right = 'right' as const
  const lettered = sides.map((side, place) => ({ ...side, letter: 'AB'[place]! }))
  type Row = (typeof lettered)[number]
  const table = renderTable<Row>(
    [
      { header: '', cell: ({ letter }) => letter },
      { header: 'side', weight: 1, cell: ({ name }) => escapeForTerminal(name) },
      {
        header: 'what differs',
        weight: 2,
        cell: ({ set, made }) =>
          escapeForTerminal(
            differ.map((name) => `${name} ${name === 'set' ? set : made[name] || 'none'}`).join(', ') ||
              'nothing',
          ),
      },
      { header: 'n', align: right, cell: ({ score }) => count(score?.n ?? 0) },
      { header: 'missing', align: right, dispensable: 1, cell: ({ missing }) => count(missing) },
      {
        header: 'median',
        align: right,
        cell: ({ score }) => (score === null ? '·' : correlation(score.median)),
      },
    ],
    lettered,
    width,
    style,
  )
  if (paired === null)
    return [
      ...table,
      '',
      ...filled(
        [
          'the sides are about different features: nothing to pair',
          delta === null
            ? 'no scores to compare'
            : style.bold(`Cliff's δ of B over A ${correlation(delta.value)}${bracket(delta.interval)}`),
        ],
        width,
      ),
    ]
  return [...table, '', ...pairedLines(paired, width, style)]
}

function pairedLines(paired: NonNullable<ShownComparison['paired']>, width: number, style: Style): string[] {
  const { difference, draws, onlyA, onlyB, changed, rose, fell } = paired
  const only = onlyA + onlyB > 0 ? `only A has a value ${count(onlyA)}, only B ${count(onlyB)}` : null
  if (difference === null) return filled(['no feature has a value on both sides', only], width)
  const { n, clusters, mean, interval, median, higher, equal } = difference
  const lines = filled(
    [
      style.bold(`mean B − A ${correlation(mean)}${bracket(interval)}`),
      `median ${correlation(median)}`,
      `n ${count(n)}`,
      draws === 'clusters'
        ? `interval over ${count(clusters)} clusters of features alike`
        : 'interval over features',
      `B higher ${percent(higher)}, equal ${percent(equal)}`,
      only,
    ],
    width,
  )
  lines.push(
    ...filled(
      [
        `changed, by intervals that do not overlap: ${count(changed.length)}`,
        `${count(rose)} rose`,
        `${count(fell)} fell`,
      ],
      width,
    ),
  )
  if (changed.length === 0) return lines
  const right = 'right' as const
  const scored = ({ value, low, high }: ShownScore): string =>
    `${correlation(value)}${bracket({ low, high })}`
  return [
    ...lines,
    '',
    ...renderTable<ShownChange>(
      [
        { header: 'feature', align: right, cell: ({ feature }) => String(feature) },
        { header: 'B − A', align: right, cell: ({ difference: by }) => correlation(by) },
        { header: 'A [95 % CI]', align: right, cell: ({ a }) => scored(a) },
        { header: 'B [95 % CI]', align: right, cell: ({ b }) => scored(b) },
        { header: 'B says', weight: 1, cell: ({ b }) => escapeForTerminal(b.explanation ?? '') },
      ],
      changed.slice(0, MOST_CHANGED),
      width,
      style,
    ),
    ...(changed.length > MOST_CHANGED
      ? [style.dim(` … ${count(changed.length - MOST_CHANGED)} more: --json has all`)]
      : []),
  ]
}

function bracket(interval: { readonly low: number; readonly high: number } | null): string {
  return interval === null ? '' : ` [${correlation(interval.low)} ${correlation(interval.high)}]`
}

function count(value: number): string {
  return value.toLocaleString('en')
}

function filled(parts: readonly (string | null)[], width: number): string[] {
  return wrap(parts.filter((part) => part !== null).join(' · '), width - 2, ' · ', 2).map(
    (line) => ` ${line}`,
  )
}
