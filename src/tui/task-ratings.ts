import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Style } from './style.ts'
import { type Column, renderTable } from './table.ts'
import { correlation, wrap } from './text.ts'

interface EstimateView {
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
}

/** A scorer's task as people and LLMs did it. */
export interface TaskView {
  readonly scorer: string
  readonly questions: number
  readonly chance: number
  readonly people: readonly PersonView[]
  readonly judges: readonly JudgeView[]
  readonly scores: readonly ScoreRowView[]
}

interface PersonView {
  readonly rater: string
  readonly features: number
  readonly undefined: number
  readonly score: EstimateView
  readonly checks: number | null
}

interface JudgeView {
  readonly llm: string | null
  readonly tier: string
  readonly protocol: string
  readonly features: number
  readonly pairs: number
  readonly equal: EstimateView
  readonly kappa: EstimateView
  readonly people: number | null
  readonly judge: number | null
  readonly difference: EstimateView
  readonly notCompared: readonly { readonly reason: string; readonly count: number }[]
}

interface ScoreRowView extends EstimateView {
  readonly feature: number
  readonly rater: string
  readonly undefined: string | null
  readonly judges: readonly {
    readonly llm: string | null
    readonly value: number | null
    readonly onSame: number | null
    readonly equal: number | null
  }[]
}

/** What came of a task as lines: people, people against each judge, and feature by feature. */
export function taskLines(task: TaskView, width: number, style: Style): string[] {
  const { scorer, questions, chance, people, judges, scores } = task
  const part = (heading: string, note: string, lines: readonly string[]): string[] =>
    lines.length <= 1 ? [] : ['', ` ${style.bold(heading)}${style.dim(`   ${note}`)}`, ...lines]
  const rows = scores.flatMap(({ judges: beside, ...score }): FeatureRow[] =>
    beside.length === 0
      ? [{ score, judge: null }]
      : beside.map((judge, index) => ({ score: index === 0 ? score : null, judge })),
  )
  const reasons = judges.flatMap(({ notCompared }) => notCompared)
  return [
    ...part(
      `${scorer} by people`,
      `${questions} questions a feature, chance ${correlation(chance)}`,
      renderTable(PEOPLE, people, width, style),
    ),
    ...part('people and judges', 'on the same questions', renderTable(JUDGES, judges, width, style)),
    ...reasons.flatMap(({ reason, count }) =>
      wrap(`${count} scores not compared: ${escapeForTerminal(reason)}`, width - 2).map((line) => ` ${line}`),
    ),
    ...part('feature by feature', '', renderTable(FEATURES, rows, width, style)),
  ]
}

function number(value: number | null): string {
  return value === null ? '·' : correlation(value)
}

function estimate({ value, low, high }: EstimateView): string {
  const interval = low === null || high === null ? '' : ` [${correlation(low)} ${correlation(high)}]`
  return number(value) + interval
}

function judgeName(llm: string | null): string {
  return llm === null ? 'table' : escapeForTerminal(llm)
}

const PEOPLE: readonly Column<PersonView>[] = [
  { header: 'rater', weight: 2, cell: ({ rater }) => escapeForTerminal(rater) },
  { header: 'features', align: 'right', cell: ({ features }) => String(features) },
  { header: 'undefined', align: 'right', dispensable: 1, cell: (person) => String(person.undefined) },
  { header: 'mean score [95 % CI]', align: 'right', cell: ({ score }) => estimate(score) },
  { header: "another's explanation", align: 'right', cell: ({ checks }) => number(checks) },
]

const JUDGES: readonly Column<JudgeView>[] = [
  { header: 'judge', weight: 2, cell: ({ llm }) => judgeName(llm) },
  { header: 'tier', dispensable: 3, cell: ({ tier }) => tier },
  { header: 'protocol', dispensable: 4, cell: ({ protocol }) => escapeForTerminal(protocol) },
  { header: 'same answer', align: 'right', dispensable: 2, cell: ({ equal }) => number(equal.value) },
  { header: 'κ [95 % CI]', align: 'right', cell: ({ kappa }) => estimate(kappa) },
  { header: 'people', align: 'right', cell: ({ people }) => number(people) },
  { header: 'judge', align: 'right', cell: ({ judge }) => number(judge) },
  { header: 'people − judge', align: 'right', cell: ({ difference }) => estimate(difference) },
  { header: 'features', align: 'right', dispensable: 1, cell: ({ features }) => String(features) },
]

interface FeatureRow {
  /** Null in the rows of a feature's second judge and those behind it. */
  readonly score: Omit<ScoreRowView, 'judges'> | null
  readonly judge: ScoreRowView['judges'][number] | null
}

const FEATURES: readonly Column<FeatureRow>[] = [
  { header: 'feature', align: 'right', cell: ({ score }) => (score ? String(score.feature) : '') },
  { header: 'rater', weight: 1, cell: ({ score }) => (score ? escapeForTerminal(score.rater) : '') },
  {
    header: 'person [95 % CI]',
    align: 'right',
    cell: ({ score }) => (score === null ? '' : (score.undefined ?? estimate(score))),
  },
  { header: 'judge', weight: 1, cell: ({ judge }) => (judge ? judgeName(judge.llm) : '·') },
  { header: 'its score', align: 'right', cell: ({ judge }) => number(judge?.value ?? null) },
  { header: 'on these', align: 'right', cell: ({ judge }) => number(judge?.onSame ?? null) },
  { header: 'same answer', align: 'right', cell: ({ judge }) => number(judge?.equal ?? null) },
]
