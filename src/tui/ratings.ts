import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Style } from './style.ts'
import { type Column, renderTable } from './table.ts'
import { taskLines, type TaskView } from './task-ratings.ts'
import { correlation, duration, wrap } from './text.ts'

interface EstimateView {
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
}

/** The statistics of one session, as the screen needs them. */
export interface RatingsView {
  readonly session: string
  readonly rubric: string
  readonly items: number
  readonly raters: readonly RaterView[]
  readonly agreement: readonly AgreementView[]
  readonly kinds: readonly {
    readonly measure: string
    readonly kind: string
    readonly mean: number
    readonly median: number
    readonly units: number
  }[]
  readonly automatic: readonly AutomaticView[]
  /** Of sessions in which people did a scorer's task. */
  readonly task: TaskView | null
  readonly baselines: readonly {
    readonly against: string
    readonly delta: EstimateView
    readonly features: number
    readonly baselines: number
  }[]
}

interface RaterView {
  readonly rater: string
  readonly items: number
  readonly submitted: number
  readonly skipped: number
  readonly secondsPerItem: number | null
  readonly checks: { readonly failed: number; readonly shown: number }
  readonly repeats: readonly {
    readonly name: string
    readonly kappa: EstimateView
    readonly pairs: number
  }[]
}

interface AgreementView {
  readonly name: string
  readonly metric: string
  readonly alpha: EstimateView
  readonly units: number
  readonly icc: {
    readonly single: EstimateView
    readonly average: EstimateView
    readonly k: number
    readonly items: number
  } | null
}

interface AutomaticView {
  readonly measure: string
  readonly scorer: string
  readonly protocol: string
  readonly tier: string
  readonly spearman: EstimateView
  readonly kendall: EstimateView
  readonly n: number
}

/** One session's statistics as lines. A dot stands for what is undefined. */
export function ratingsLines(view: RatingsView, width: number, style: Style): string[] {
  const { session, rubric, items, raters, task, agreement, kinds, automatic, baselines } = view
  const title = ` session ${escapeForTerminal(session)}   rubric ${escapeForTerminal(rubric)}   ${items} items`
  const part = (heading: string, note: string, lines: readonly string[]): string[] =>
    lines.length <= 1
      ? []
      : ['', ` ${style.bold(heading)}${note === '' ? '' : style.dim(`   ${note}`)}`, ...lines]
  return [
    ...wrap(title, width),
    ...part('raters', '', renderTable(RATERS, raters, width, style)),
    ...(task ? taskLines(task, width, style) : []),
    ...part(
      'agreement',
      '95 % CI by feature; checks and repeats left out',
      renderTable(AGREEMENT, agreement, width, style),
    ),
    ...part('by kind', '', renderTable(KINDS, kinds, width, style)),
    ...part('against automatic scores', '', renderTable(AUTOMATIC, automatic, width, style)),
    ...part(
      'features against baselines',
      'same density and token share',
      renderTable(BASELINES, baselines, width, style),
    ),
  ]
}

function number(value: number | null): string {
  return value === null ? '·' : correlation(value)
}

function estimate({ value, low, high }: EstimateView): string {
  const interval = low === null || high === null ? '' : ` [${correlation(low)} ${correlation(high)}]`
  return number(value) + interval
}

const RATERS: readonly Column<RaterView>[] = [
  { header: 'rater', weight: 2, cell: ({ rater }) => escapeForTerminal(rater) },
  { header: 'done', align: 'right', cell: ({ submitted, items }) => `${submitted} of ${items}` },
  { header: 'skipped', align: 'right', dispensable: 2, cell: ({ skipped }) => String(skipped) },
  {
    header: 'time an item',
    align: 'right',
    dispensable: 1,
    cell: ({ secondsPerItem }) => (secondsPerItem === null ? '·' : duration(secondsPerItem)),
  },
  {
    header: 'checks failed',
    align: 'right',
    cell: ({ checks }) => (checks.shown === 0 ? '·' : `${checks.failed} of ${checks.shown}`),
  },
  { header: 'repeats κ', weight: 3, cell: ({ repeats }) => repeatsText(repeats) },
]

function repeatsText(repeats: RaterView['repeats']): string {
  const pairs = Math.max(0, ...repeats.map((repeat) => repeat.pairs))
  const known = repeats.filter(({ kappa }) => kappa.value !== null)
  return pairs === 0 ? '·' : known.map(({ name, kappa }) => `${name} ${number(kappa.value)}`).join(', ')
}

const AGREEMENT: readonly Column<AgreementView>[] = [
  { header: 'item', weight: 2, cell: ({ name }) => escapeForTerminal(name) },
  { header: 'α [95 % CI]', align: 'right', cell: ({ alpha }) => estimate(alpha) },
  { header: 'metric', dispensable: 2, cell: ({ metric }) => metric },
  { header: 'units', align: 'right', cell: ({ units }) => String(units) },
  { header: 'ICC(2,1)', align: 'right', cell: ({ icc }) => (icc === null ? '·' : estimate(icc.single)) },
  { header: 'ICC(2,k)', align: 'right', cell: ({ icc }) => (icc === null ? '·' : estimate(icc.average)) },
  { header: 'k', align: 'right', cell: ({ icc }) => (icc === null ? '·' : String(icc.k)) },
  {
    header: 'crossed',
    align: 'right',
    dispensable: 1,
    cell: ({ icc }) => (icc === null ? '·' : String(icc.items)),
  },
]

const KINDS: readonly Column<RatingsView['kinds'][number]>[] = [
  { header: 'kind', cell: ({ kind }) => kind },
  { header: 'rated', cell: ({ measure }) => escapeForTerminal(measure) },
  { header: 'mean', align: 'right', cell: ({ mean }) => mean.toFixed(2) },
  { header: 'median', align: 'right', cell: ({ median }) => median.toFixed(2) },
  { header: 'units', align: 'right', cell: ({ units }) => String(units) },
]

const AUTOMATIC: readonly Column<AutomaticView>[] = [
  { header: 'rated', cell: ({ measure }) => escapeForTerminal(measure) },
  { header: 'score', weight: 2, cell: ({ scorer }) => escapeForTerminal(scorer) },
  { header: 'tier', dispensable: 1, cell: ({ tier }) => tier },
  { header: 'protocol', dispensable: 2, cell: ({ protocol }) => escapeForTerminal(protocol) },
  { header: 'Spearman', align: 'right', cell: ({ spearman }) => estimate(spearman) },
  { header: 'Kendall τ', align: 'right', cell: ({ kendall }) => estimate(kendall) },
  { header: 'n', align: 'right', cell: ({ n }) => String(n) },
]

const BASELINES: readonly Column<RatingsView['baselines'][number]>[] = [
  { header: 'against', cell: ({ against }) => against },
  { header: "Cliff's δ [95 % CI]", align: 'right', cell: ({ delta }) => estimate(delta) },
  { header: 'features', align: 'right', cell: ({ features }) => String(features) },
  { header: 'baselines', align: 'right', cell: ({ baselines }) => String(baselines) },
]
