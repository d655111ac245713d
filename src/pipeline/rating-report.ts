import { median } from '../autointerp/summary.ts'
import type { Store } from '../core/store.ts'
import {
  againstBaselines,
  againstScores,
  type HumanAgainstScore,
  type KindAgainstFeatures,
} from '../review/against-scores.ts'
import { type Agreement, agreementOf, type SelfAgreement, selfAgreementOf } from '../review/agreement.ts'
import { grouped } from '../review/grouped.ts'
import { type RaterFold, standingOf } from '../review/fold.ts'
import { queueOf } from '../review/plan-session.ts'
import type { Rubric } from '../review/rubric.ts'
import type { SessionItem, SessionManifest } from '../review/session.ts'
import {
  counted,
  type Measure,
  mean,
  type SessionRatings,
  sessionRatings,
  withMeasure,
} from '../review/session-ratings.ts'
import { asTask, raterStates } from './human-scores.ts'
import { openRatingSession, type RatingSession } from './rating-session.ts'
import {
  checkedTasks,
  TASK_SCORE,
  taskRatings,
  type TaskReport,
  taskReport,
  taskScores,
} from './task-report.ts'

/** One rater's work in a session. */
export interface RaterReport {
  readonly rater: string
  readonly items: number
  readonly submitted: number
  readonly skipped: number
  /** The median over submitted items; a pause counts as two minutes at most. */
  readonly secondsPerItem: number | null
  /** Attention checks: explanations of other units that were rated as fitting, or by which a task was done above chance. */
  readonly checks: { readonly failed: number; readonly shown: number }
  readonly repeats: readonly SelfAgreement[]
}

/** The mean of a measure over units of a kind. */
export interface KindReport {
  readonly measure: string
  readonly kind: SessionItem['kind']
  readonly mean: number
  readonly median: number
  readonly units: number
}

/** The statistics of one session: what `gloss ratings --json` prints. */
export interface SessionReport {
  readonly session: string
  readonly rubric: string
  readonly items: number
  readonly raters: readonly RaterReport[]
  readonly agreement: readonly Agreement[]
  readonly kinds: readonly KindReport[]
  readonly automatic: readonly HumanAgainstScore[]
  readonly baselines: readonly KindAgainstFeatures[]
  /** Of sessions in which people did a scorer's task. */
  readonly task: TaskReport | null
}

/** Reports on all sessions of a study, or on one. */
export function ratingReports(store: Store, names: readonly string[]): SessionReport[] {
  return names.flatMap((name) => {
    const session = openRatingSession(store, name)
    return session ? [report(store, session)] : []
  })
}

function report(store: Store, session: RatingSession): SessionReport {
  const { manifest, rubric } = session
  const states = raterStates(store, manifest.name)
  const answers = sessionRatings(manifest, rubric, states)
  const task = asTask(session)
  const scores = task && taskScores(task, states)
  const ratings = scores ? withMeasure(answers, TASK_SCORE, taskRatings(scores)) : answers
  const { seed } = manifest
  const main = mainMeasures(rubric, ratings.measures)
  const headline = main.find(({ name }) => name === rubric.totals[0]?.name) ?? main[0]!
  return {
    session: manifest.name,
    rubric: rubric.name,
    items: manifest.items.length,
    raters: [...states].map(([rater, state]) => ({
      ...raterReport(rater, state, manifest, ratings, seed),
      checks: scores ? checkedTasks(rater, scores) : checksOf(rater, rubric, ratings),
    })),
    agreement: agreementOf(ratings, seed),
    kinds: kindReports(headline, ratings),
    automatic: main.flatMap((measure) =>
      againstScores(measure.name, ratings.of(measure), (id) => store.scores.of(id), seed),
    ),
    baselines: againstBaselines(headline.name, ratings.of(headline), strataOf(store, manifest), seed),
    task: task && taskReport(task, scores!),
  }
}

/** What rates the machine's explanation, and the headline. */
function mainMeasures(rubric: Rubric, measures: readonly Measure[]): Measure[] {
  const score = rubric.task === undefined ? undefined : TASK_SCORE.name
  const names = [score, rubric.judges, rubric.totals[0]?.name].filter((name) => name !== undefined)
  const found = measures.filter(({ name }) => names.includes(name))
  return found.length > 0 ? found : measures.slice(0, 1)
}

function raterReport(
  rater: string,
  state: RaterFold,
  manifest: SessionManifest,
  ratings: SessionRatings,
  seed: number,
): Omit<RaterReport, 'checks'> {
  const queue = queueOf(manifest.items, rater)
  const standing = (wanted: string): SessionItem[] =>
    queue.filter(({ code }) => standingOf(state, code) === wanted)
  const submitted = standing('submitted')
  return {
    rater,
    items: queue.length,
    submitted: submitted.length,
    skipped: standing('skipped').length,
    secondsPerItem: median(submitted.map(({ code }) => (state.elapsedMs.get(code) ?? 0) / 1000)),
    repeats: selfAgreementOf(ratings, rater, seed),
  }
}

function checksOf(rater: string, rubric: Rubric, ratings: SessionRatings): RaterReport['checks'] {
  const { check } = rubric
  const field = ratings.measures.find(({ name }) => name === check?.field)
  if (!check || !field) return { failed: 0, shown: 0 }
  const shown = grouped(
    ratings.of(field).filter((rating) => rating.rater === rater && rating.item.role === 'check'),
    ({ item }) => item.code,
  )
  const failed = [...shown.values()].filter((group) => mean(group.map(({ value }) => value)) > check.atMost)
  return { failed: failed.length, shown: shown.size }
}

function kindReports(measure: Measure, ratings: SessionRatings): KindReport[] {
  const units = [...grouped(counted(ratings.of(measure)), ({ item }) => item.code).values()].map((group) => ({
    kind: group[0]!.item.kind,
    value: mean(group.map(({ value }) => value)),
  }))
  return [...new Set(units.map(({ kind }) => kind))].toSorted().map((kind) => {
    const values = units.filter((unit) => unit.kind === kind).map(({ value }) => value)
    return { measure: measure.name, kind, mean: mean(values), median: median(values)!, units: values.length }
  })
}

const DECILES = 10

/** Deciles of density over the session's units, halves of token share. */
function strataOf(
  store: Store,
  { items }: SessionManifest,
): (unit: Pick<SessionItem, 'setId' | 'feature'>) => string {
  const records = new Map(
    items.map(({ setId, feature }) => [`${setId} ${feature}`, store.features.get(setId, feature)]),
  )
  const densities = [...records.values()].map((record) => record?.density ?? 0).toSorted((a, b) => a - b)
  return ({ setId, feature }) => {
    const record = records.get(`${setId} ${feature}`)
    const below = densities.filter((density) => density < (record?.density ?? 0)).length
    const share = record?.tokenShare
    const half = share == null ? 'unknown' : share < 0.5 ? 'low' : 'high'
    return `${Math.floor((DECILES * below) / densities.length)} ${half}`
  }
}
