import { estimateByFeature, type Estimate } from '../review/bootstrap-features.ts'
import { grouped } from '../review/grouped.ts'
import { type RaterFold, standingOf } from '../review/fold.ts'
import { queueOf } from '../review/plan-session.ts'
import type { SessionItem } from '../review/session.ts'
import { featureOf, type Measure, mean, type Rating } from '../review/session-ratings.ts'
import { type HumanScore, TaskScoring, type TaskSession } from './human-scores.ts'
import { taskOptions } from '../review/rubric.ts'

/** How people did a scorer's task, beside LLMs. */
export interface TaskReport {
  readonly scorer: string
  /** Questions about each feature. */
  readonly questions: number
  readonly chance: number
  readonly people: readonly PersonReport[]
  readonly scores: readonly TaskScoreRow[]
  /** Every LLM (and the token table) that was asked the same. */
  readonly judges: readonly JudgeReport[]
}

/** One rater's scores. */
export interface PersonReport {
  readonly rater: string
  /** Features with a score. */
  readonly features: number
  readonly undefined: number
  /** Their mean score, the interval by feature. */
  readonly score: Estimate
  /** The same of attention checks, in which the explanation was another feature's; null without any. */
  readonly checks: number | null
}

/** One rater's score of one feature, and what LLMs have on the feature. */
export interface TaskScoreRow extends HumanScore {
  readonly judges: readonly {
    readonly llm: string | null
    readonly tier: string
    /** On all questions that it was asked. */
    readonly value: number | null
    /** On the questions that people were asked; null where its answers cannot be read again. */
    readonly onSame: number | null
    /** Share of the same answers. */
    readonly equal: number | null
  }[]
}

/** People against one LLM, or the token table, on the questions that both answered. */
export interface JudgeReport {
  /** Null for the token table. */
  readonly llm: string | null
  readonly tier: string
  readonly protocol: string
  /** Features that both have a score of on the same questions. */
  readonly features: number
  /** Pairs of answers. */
  readonly pairs: number
  readonly equal: Estimate
  /** Cohen's κ over pairs of answers. */
  readonly kappa: Estimate
  /** Mean scores on the same questions. */
  readonly people: number | null
  readonly judge: number | null
  /** The mean of people's score − the judge's, feature by feature. */
  readonly difference: Estimate
  /** Scores whose answers could not be read again, by reason. */
  readonly notCompared: readonly { readonly reason: string; readonly count: number }[]
}

/** The score of a submitted item, with what it is of. */
export interface ScoredItem {
  readonly item: SessionItem
  readonly score: HumanScore
}

/** A task's score as a measure beside the answers. */
export const TASK_SCORE: Measure = { name: 'score', kind: 'total', metric: 'interval' }

/** Scores of everything that was submitted: items, repeats and checks. */
export function taskScores(session: TaskSession, states: ReadonlyMap<string, RaterFold>): ScoredItem[] {
  const scoring = new TaskScoring(session)
  return [...states].flatMap(([rater, state]) =>
    queueOf(session.manifest.items, rater)
      .filter(({ code }) => standingOf(state, code) === 'submitted')
      .map((item) => ({ item, score: scoring.of(rater, item, state)[0]! })),
  )
}

/** The scores as ratings, for what compares ratings. */
export function taskRatings(scores: readonly ScoredItem[]): Rating[] {
  return scores.flatMap(({ item, score: { rater, value } }) =>
    value === null ? [] : [{ rater, item, part: null, value }],
  )
}

/**
 * Attention checks of a rater. One is failed where the interval lies above chance: by the explanation that was shown,
 * which is another feature's, nobody could answer so.
 */
export function checkedTasks(
  rater: string,
  scores: readonly ScoredItem[],
): { readonly failed: number; readonly shown: number } {
  const checks = scores.filter(({ item, score }) => item.role === 'check' && score.rater === rater)
  const failed = checks.filter(
    ({ score: { low, chance } }) => low !== null && chance?.value != null && low > chance.value,
  )
  return { failed: failed.length, shown: checks.length }
}

/** The human side of a task; `withJudges` adds the LLMs'. */
export function taskReport(
  { manifest, rubric, task }: TaskSession,
  scores: readonly ScoredItem[],
): TaskReport {
  const raters = [...new Set(scores.map(({ score }) => score.rater))]
  return {
    scorer: task,
    questions: rubric.questions!,
    chance: 1 / taskOptions(task),
    people: raters.map((rater) => {
      const own = scores.filter(({ score }) => score.rater === rater)
      const rated = own.filter(({ item }) => item.role === 'rating')
      const checks = taskRatings(own.filter(({ item }) => item.role === 'check'))
      const groups = [...grouped(taskRatings(rated), featureOf).values()]
      return {
        rater,
        features: groups.length,
        undefined: rated.filter(({ score }) => score.value === null).length,
        score: estimateByFeature(groups, meanOf, manifest.seed, `task ${task} ${rater}`),
        checks: meanOf(checks),
      }
    }),
    scores: scores
      .filter(({ item }) => item.role === 'rating')
      .map(({ score }) => ({ ...score, judges: [] })),
    judges: [],
  }
}

function meanOf(ratings: readonly Rating[]): number | null {
  return ratings.length === 0 ? null : mean(ratings.map(({ value }) => value))
}
