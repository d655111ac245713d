import { Bootstrap } from '../autointerp/bootstrap.ts'
import { type QuestionScore, scoreQuestions } from '../autointerp/question-score.ts'
import type { Question } from '../autointerp/questions.ts'
import { contentId } from '../core/hash.ts'
import type { ControlResult, ScoreResult } from '../core/scores.ts'
import type { ExplanationRecord, Store } from '../core/store.ts'
import { foldEvents, type RaterFold, standingOf } from '../review/fold.ts'
import { grouped } from '../review/grouped.ts'
import { queueOf } from '../review/plan-session.ts'
import { parseRubric, scoreFields, taskOptions, type TaskName } from '../review/rubric.ts'
import type { SessionItem } from '../review/session.ts'
import { readEvent } from './rating-desk.ts'
import { openRatingSession, type RatingSession } from './rating-session.ts'

/** A score that a person's answers got. It stands beside those of LLMs and is never stored among them. */
export interface HumanScore extends ScoreResult {
  readonly session: string
  readonly rater: string
  readonly item: string
  readonly setId: string
  readonly feature: number
  readonly explanationId: string
  /** The task, or `task.precision`. */
  readonly scorer: string
  readonly protocol: string
  /** What a constant answer scores, with the gain over it. */
  readonly chance: ControlResult | null
  readonly coverage: Readonly<Record<string, readonly [answered: number, drawn: number]>>
}

/** A session of a task. */
export type TaskSession = RatingSession & { readonly task: TaskName }

/** A session whose rubric is a task; null for another. */
export function asTask(session: RatingSession | null): TaskSession | null {
  const task = session?.rubric.task
  return session === null || task === undefined ? null : { ...session, task }
}

/** A stored session of a task; null where there is none, or it is of another rubric. */
export function openTaskSession(store: Store, name: string): TaskSession | null {
  const record = store.ratings.session(name)
  // A rubric is short; a manifest of many items is read only where it is needed.
  if (record === null || parseRubric(record.rubric, `the rubric of session ${name}`).task === undefined)
    return null
  return asTask(openRatingSession(store, name))
}

/** What an explanation's text is known by. */
export function textHash({ text }: Pick<ExplanationRecord, 'text'>): string {
  return contentId(text)
}

/** The explanation that an item showed; null where it is gone, or another text stands in its place. */
export function shownExplanation(store: Store, item: SessionItem): ExplanationRecord | null {
  const found = store.explanations
    .of(item.setId, item.explanationOf)
    .find(({ id }) => id === item.explanationId)
  return found && textHash(found) === item.task?.text ? found : null
}

/** What every rater of a session did, by rater. */
export function raterStates(store: Store, session: string): Map<string, RaterFold> {
  return new Map(
    store.ratings
      .raters(session)
      .map((rater) => [rater, foldEvents(store.ratings.events(session, rater).map(readEvent))]),
  )
}

/** An item's questions, as far as scoring needs them: windows count, their tokens do not. */
export function askedQuestions(task: TaskName, item: SessionItem): Question[] {
  const windows = taskOptions(task) === 2 ? 1 : taskOptions(task)
  const shown = Array.from({ length: windows }, () => ({ tokens: [], highlighted: [] }))
  return item.task!.questions.map(({ answer, group }) => ({ windows: shown, answer, group }))
}

/** A rater's answers to an item's questions, in their order. */
export function answersTo({ rubric }: TaskSession, item: SessionItem, state: RaterFold): (number | null)[] {
  const [field] = scoreFields(rubric)
  return item.task!.questions.map(({ part }) => {
    const value = state.value(item.code, field!.name, part)
    return typeof value === 'number' ? value : null
  })
}

/** Scores a session's answers as the scorer scores an LLM's: the same statistics, intervals and reasons for none. */
export class TaskScoring {
  readonly #session: TaskSession
  readonly #bootstrap: Bootstrap

  constructor(session: TaskSession) {
    this.#session = session
    this.#bootstrap = new Bootstrap(session.manifest.seed)
  }

  /** The scores of one submitted item: balanced accuracy (or the share of right answers), and precision where it is one. */
  of(rater: string, item: SessionItem, state: RaterFold): HumanScore[] {
    const { task, manifest } = this.#session
    const { accuracy, precision, coverage } = scoreQuestions(
      askedQuestions(task, item),
      { answers: answersTo(this.#session, item, state), beliefs: null },
      [],
      {
        options: taskOptions(task),
        firingShare: item.task!.firingShare,
        limits: manifest.limits!,
        bootstrap: this.#bootstrap,
        anyReply: true,
      },
    )
    const row = (scorer: string, { result, controls }: QuestionScore): HumanScore => ({
      ...result,
      session: manifest.name,
      rater,
      item: item.code,
      setId: item.setId,
      feature: item.feature,
      explanationId: item.explanationId!,
      scorer,
      protocol: manifest.protocol,
      chance: controls.find(({ name }) => name === 'constant') ?? null,
      coverage,
    })
    return [row(task, accuracy), ...(precision ? [row(`${task}.precision`, precision)] : [])]
  }
}

/** The human scores of a study, feature by feature as they are asked for. Attention checks and repeats give none. */
export class HumanScores {
  readonly #store: Store
  readonly #sessions: readonly {
    readonly scoring: TaskScoring
    readonly states: ReadonlyMap<string, RaterFold>
    readonly items: ReadonlyMap<string, readonly SessionItem[]>
  }[]

  constructor(store: Store) {
    this.#store = store
    this.#sessions = store.ratings.sessionNames().flatMap((name) => {
      const session = openTaskSession(store, name)
      if (!session) return []
      const items = session.manifest.items.filter(({ role }) => role === 'rating')
      return [
        {
          scoring: new TaskScoring(session),
          states: raterStates(store, name),
          items: grouped(items, nameOf),
        },
      ]
    })
  }

  /** Scores of a feature's explanations as they are stored, by session, then rater. */
  of(setId: string, feature: number): HumanScore[] {
    return this.#sessions.flatMap(({ scoring, states, items }) =>
      (items.get(nameOf({ setId, feature })) ?? []).flatMap((item) =>
        (shownExplanation(this.#store, item) ? [...states] : []).flatMap(([rater, state]) =>
          queueOf([item], rater).length > 0 && standingOf(state, item.code) === 'submitted'
            ? scoring.of(rater, item, state)
            : [],
        ),
      ),
    )
  }

  /** Features of a set that a session has items of, in order. */
  featuresOf(setId: string): number[] {
    const features = this.#sessions.flatMap(({ items }) =>
      [...items.values()].flat().flatMap((item) => (item.setId === setId ? [item.feature] : [])),
    )
    return [...new Set(features)].toSorted((a, b) => a - b)
  }
}

function nameOf({ setId, feature }: Pick<SessionItem, 'setId' | 'feature'>): string {
  return `${setId} ${feature}`
}
