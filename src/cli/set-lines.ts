import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { EffectSize } from '../autointerp/compare-scores.ts'
import type { ComparedSet, SetComparison } from '../pipeline/compare-sets.ts'
import type { RegisterScores } from '../pipeline/register-scores.ts'
import type { SetSummary } from '../pipeline/sets.ts'
import type { Style } from '../tui/style.ts'
import { renderTable } from '../tui/table.ts'
import { correlation, percent, wrap } from '../tui/text.ts'

/** The study's feature sets, where there are several. */
export function setLines(sets: readonly SetSummary[], shown: string, width: number, style: Style): string[] {
  if (sets.length < 2) return []
  const columns = [
    { header: '', cell: ({ set }: SetSummary) => (set === shown ? '›' : '') },
    { header: 'feature set', cell: ({ set }: SetSummary) => set },
    { header: 'kind', cell: ({ kind }: SetSummary) => kind },
    { header: 'hook', weight: 1, dispensable: 1, cell: ({ hook }: SetSummary) => escapeForTerminal(hook) },
    countColumn('features', ({ features }: SetSummary) => features),
    countColumn('scored', ({ scored }: SetSummary) => scored),
    {
      header: 'median ρ',
      align: 'right' as const,
      cell: ({ median }: SetSummary) => (median === null ? '·' : correlation(median)),
    },
  ]
  return ['', ...renderTable(columns, sets, width, style)]
}

/** How two sets' scores compare. */
export function comparisonLines(comparison: SetComparison, width: number, style: Style): string[] {
  const { sets, delta, matched, aboveMedian, mannWhitney, sameCorpus } = comparison
  const [own, other] = sets
  const name = `${nameOf(own)} against ${nameOf(other)}:`
  const [ownIn, otherIn] = matched?.features ?? [0, 0]
  const parts =
    matched === null
      ? [`${name} no two features are alike in density and token share`]
      : [
          `${name} ${style.bold(`δ ${effect(matched)}`)} at matched density and token share`,
          `n ${count(ownIn)} and ${count(otherIn)} in ${matched.strata} strata`,
        ]
  return [
    '',
    ...filled(parts, width),
    ...filled(
      [
        `over all features δ ${effect(delta)}`,
        `medians ${correlation(own.median)} and ${correlation(other.median)}`,
        `n ${count(own.n)} and ${count(other.n)}`,
        own.missing + other.missing > 0 ? `without a value ${own.missing} and ${other.missing}` : null,
      ],
      width,
    ),
    ...filled(
      [
        `${percent(aboveMedian)} above the median of ${nameOf(other)}`,
        own.aboveShuffled === null || other.aboveShuffled === null
          ? null
          : `above shuffled ${percent(own.aboveShuffled)} and ${percent(other.aboveShuffled)}`,
        `clusters ${count(own.clusters)} and ${count(other.clusters)}`,
        mannWhitney === null ? null : `Mann–Whitney p ${probability(mannWhitney.p)} (two-sided, secondary)`,
        sameCorpus ? null : 'collected on different tokens',
      ],
      width,
    ),
  ]
}

/** Scores by register. */
export function registerLines(rows: readonly RegisterScores[], width: number, style: Style): string[] {
  if (rows.length === 0) return ['', ' no register: no document of the corpus has a label']
  const value = (of: number | null | undefined): string => (of == null ? '·' : correlation(of))
  const right = 'right' as const
  const columns = [
    {
      header: 'register',
      weight: 1,
      cell: ({ register }: RegisterScores) => (register === null ? '(several)' : escapeForTerminal(register)),
    },
    countColumn('features', ({ features }: RegisterScores) => features),
    countColumn('scored', ({ scored }: RegisterScores) => scored),
    { header: 'median ρ', align: right, cell: ({ score }: RegisterScores) => value(score?.median) },
    {
      header: 'quartiles',
      align: right,
      dispensable: 2,
      cell: ({ score }: RegisterScores) => (score === null ? '·' : `${value(score.q1)} ${value(score.q3)}`),
    },
    { header: 'shuffled', align: right, cell: ({ shuffled }: RegisterScores) => value(shuffled) },
    { header: 'gain', align: right, cell: ({ gain }: RegisterScores) => value(gain) },
    {
      header: 'η²',
      align: right,
      dispensable: 1,
      cell: ({ tokenShare }: RegisterScores) => value(tokenShare),
    },
  ]
  return ['', ...renderTable(columns, rows, width, style)]
}

function countColumn<Row>(header: string, of: (row: Row) => number) {
  return { header, align: 'right' as const, cell: (row: Row) => count(of(row)) }
}

function nameOf({ kind }: ComparedSet): string {
  return kind === 'sae' ? 'features' : kind
}

function effect({ value, interval }: EffectSize): string {
  return `${correlation(value)}${interval === null ? '' : ` [${correlation(interval.low)} ${correlation(interval.high)}]`}`
}

function probability(p: number): string {
  if (p >= 0.001) return p.toFixed(3).replace(/^0/, '')
  return p < 1e-300 ? '< 1e−300' : p.toExponential(0).replace('-', '−')
}

function count(value: number): string {
  return value.toLocaleString('en')
}

function filled(parts: readonly (string | null)[], width: number): string[] {
  return wrap(parts.filter((part) => part !== null).join(' · '), width - 2, ' · ', 2).map(
    (line) => ` ${line}`,
  )
}
