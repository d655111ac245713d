import type { Style } from './style.ts'
import { type Column, renderTable } from './table.ts'
import { duration, short, usd, wrap } from './text.ts'

/** What a verb would ask of an LLM, as it is shown. */
export interface EstimateView {
  readonly stage: string
  readonly features: number
  readonly requests: number
  readonly stored: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly usd: number | null
  readonly seconds: number | null
  readonly note?: string
}

const COLUMNS: readonly Column<EstimateView>[] = [
  { header: 'stage', cell: ({ stage }) => stage },
  {
    header: 'features',
    align: 'right',
    dispensable: 5,
    cell: ({ features }) => features.toLocaleString('en'),
  },
  { header: 'requests', align: 'right', cell: ({ requests }) => requests.toLocaleString('en') },
  { header: 'stored', align: 'right', dispensable: 4, cell: ({ stored }) => stored.toLocaleString('en') },
  { header: 'prompt', align: 'right', dispensable: 2, cell: ({ promptTokens }) => short(promptTokens) },
  {
    header: 'completion',
    align: 'right',
    dispensable: 3,
    cell: ({ completionTokens }) => short(completionTokens),
  },
  { header: 'cost', align: 'right', cell: (row) => (row.usd === null ? '?' : usd(row.usd)) },
  {
    header: 'time',
    align: 'right',
    dispensable: 1,
    cell: (row) => (row.seconds === null ? '?' : duration(row.seconds)),
  },
]

/** Estimates as a table with what is unknown said below. */
export function estimateLines(estimates: readonly EstimateView[], width: number, style: Style): string[] {
  const notes = [
    ...estimates.flatMap(({ note }) =>
      note === undefined ? [] : [`${note[0]!.toUpperCase()}${note.slice(1)}.`],
    ),
    'Nothing was sent. Prompt and completion are tokens; retries come on top.',
    estimates.some((one) => one.usd === null && one.requests > 0)
      ? 'The price is not known: give llm.prices in gloss.yaml.'
      : null,
    estimates.some((one) => one.seconds === null && one.requests > 0)
      ? "The time is not known before the endpoint's first run."
      : null,
  ].filter((note) => note !== null)
  return [
    ...renderTable(COLUMNS, [...estimates, ...totals(estimates)], width, style),
    '',
    ...notes.flatMap((note) => wrap(note, width - 2).map((line) => ` ${style.dim(line)}`)),
  ]
}

function totals(estimates: readonly EstimateView[]): EstimateView[] {
  if (estimates.length < 2) return []
  const sum = (of: (one: EstimateView) => number): number => estimates.reduce((all, one) => all + of(one), 0)
  const known = (of: (one: EstimateView) => number | null): number | null =>
    estimates.some((one) => of(one) === null) ? null : sum((one) => of(one)!)
  return [
    {
      stage: 'in all',
      features: Math.max(...estimates.map(({ features }) => features)),
      requests: sum(({ requests }) => requests),
      stored: sum(({ stored }) => stored),
      promptTokens: sum(({ promptTokens }) => promptTokens),
      completionTokens: sum(({ completionTokens }) => completionTokens),
      usd: known((one) => one.usd),
      seconds: known((one) => one.seconds),
    },
  ]
}
