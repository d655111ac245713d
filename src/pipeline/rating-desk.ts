import { UsageError } from '../core/errors.ts'
import { contentId, type Json } from '../core/hash.ts'
import { parseJson } from '../core/parse.ts'
import type { RatingEventRecord } from '../core/ratings.ts'
import type { Store } from '../core/store.ts'
import { decide, type RatingAction } from '../review/decide.ts'
import { EVENT_KINDS, type EventDraft, type EventKind, MARKS, payloadSchema } from '../review/event.ts'
import { foldEvents, type ItemStanding, type RaterFold, standingOf } from '../review/fold.ts'
import { formItemOf, type SessionItem } from '../review/session.ts'
import { isRevealed, type Question, questionsOf, totalsOf } from '../review/form.ts'
import { queueOf } from '../review/plan-session.ts'
import { hasReveal, taskOptions } from '../review/rubric.ts'
import type { RatingSession } from './rating-session.ts'

/** What a rater sees of an item: nothing that gives away what it is. */
export interface DeskView {
  readonly session: string
  readonly rater: string
  readonly rubric: string
  /** A scorer's task: about texts one by one, or one of several to be chosen; null for a form. */
  readonly task: 'texts' | 'choices' | null
  readonly code: string
  /** Place in this rater's queue, from 0. */
  readonly place: number
  readonly total: number
  /** Items submitted or skipped. */
  readonly finished: number
  readonly standing: ItemStanding
  readonly flagged: boolean
  readonly comment: string
  readonly skippedBecause: string | null
  readonly groups: SessionItem['groups']
  readonly logits: SessionItem['logits']
  readonly hasReveal: boolean
  readonly revealed: boolean
  /** Null before it is revealed, and where there is none. */
  readonly explanation: string | null
  readonly questions: readonly DeskQuestion[]
  readonly totals: readonly {
    readonly name: string
    readonly part: string | null
    readonly value: number | null
  }[]
}

/** A question as a screen needs it. */
export interface DeskQuestion extends Pick<Question, 'part' | 'slot' | 'value' | 'state'> {
  readonly field: string
  readonly label: string
  readonly help: string
  /** Null: a text. */
  readonly most: number | null
  readonly names: readonly string[] | null
  /** A key for each score, in place of digits. */
  readonly keys: readonly string[] | null
}

/** What came of an action: null, or why nothing changed. */
export type Refusal = string | null

/**
 * A rater at work in one session. Every action that changes something is one synchronous commit before it shows.
 */
export class RatingDesk {
  readonly #store: Store
  readonly #session: RatingSession
  readonly #rater: string
  readonly #now: () => Date
  readonly #queue: readonly SessionItem[]
  readonly #state: RaterFold
  #previous: string
  #place: number
  #since: number

  /** @throws {UsageError} `rater-unknown` */
  constructor(store: Store, session: RatingSession, rater: string, now: () => Date) {
    const { raters } = session.manifest.draw
    if (raters && !raters.includes(rater))
      throw new UsageError(
        'rater-unknown',
        `expected one of the session's raters ${raters.join(', ')}, found ${JSON.stringify(rater)}`,
      )
    this.#store = store
    this.#session = session
    this.#rater = rater
    this.#now = now
    this.#queue = queueOf(session.manifest.items, rater)
    const records = store.ratings.events(session.manifest.name, rater)
    this.#previous = records.at(-1)?.id ?? ''
    this.#state = foldEvents(records.map(readEvent))
    this.#place = Math.max(0, this.firstOpen())
    this.#since = now().getTime()
  }

  /** The place of the first item that is neither submitted nor skipped; −1 where all are. */
  firstOpen(): number {
    return this.#queue.findIndex(({ code }) => standingOf(this.#state, code) === 'open')
  }

  /** Goes to an item of the queue; beyond the ends, to the nearest. */
  goTo(place: number): void {
    const clamped = Math.min(Math.max(place, 0), this.#queue.length - 1)
    if (clamped === this.#place) return
    this.#place = clamped
    this.#since = this.#now().getTime()
  }

  /** Goes to the next open item, from here on and then from the beginning. Returns whether there is one. */
  goOn(): boolean {
    const open = (place: number): boolean => standingOf(this.#state, this.#queue[place]!.code) === 'open'
    const places = this.#queue.map((_, step) => (this.#place + step) % this.#queue.length)
    const next = places.find(open)
    if (next === undefined) return false
    this.goTo(next)
    return true
  }

  /** Does what a rater wants, stores it, and goes to the item that it was about. Returns why not, where it may not. */
  act(action: RatingAction): Refusal {
    const item = this.#queue[this.#place]!
    const now = this.#now()
    const decision = decide(
      {
        rubric: this.#session.rubric,
        item: formItemOf(item),
        state: this.#state,
        elapsedMs: Math.max(0, now.getTime() - this.#since),
      },
      action,
    )
    if ('refused' in decision) return decision.refused
    if (decision.events.length > 0) {
      const records = decision.events.map((draft) => this.#record(draft, now))
      this.#store.transaction(() => this.#store.ratings.append(records))
      for (const draft of decision.events) this.#state.apply(draft)
      this.#since = now.getTime()
    }
    this.goTo(this.#queue.findIndex(({ code }) => code === decision.item))
    return null
  }

  view(): DeskView {
    const { rubric, manifest } = this.#session
    const item = this.#queue[this.#place]!
    const form = formItemOf(item)
    const state = this.#state
    const revealed = isRevealed(rubric, form, state)
    const skipped = state.value(item.code, MARKS.skipped)
    return {
      session: manifest.name,
      rater: this.#rater,
      rubric: rubric.name,
      task: rubric.task === undefined ? null : taskOptions(rubric.task) === 2 ? 'texts' : 'choices',
      code: item.code,
      place: this.#place,
      total: this.#queue.length,
      finished: this.#queue.filter(({ code }) => standingOf(state, code) !== 'open').length,
      standing: standingOf(state, item.code),
      flagged: state.value(item.code, MARKS.flagged) === true,
      comment: String(state.value(item.code, MARKS.comment) ?? ''),
      skippedBecause: skipped === null ? null : String(skipped),
      groups: item.groups,
      logits: item.logits,
      hasReveal: hasReveal(rubric),
      revealed,
      explanation: revealed ? item.explanation : null,
      questions: questionsOf(rubric, form, state).map(({ field, part, slot, value, state: open }) => ({
        field: field.name,
        label: field.label,
        help: field.help,
        most: field.kind === 'score' ? field.most : null,
        names: field.kind === 'score' ? (field.names ?? null) : null,
        keys: field.kind === 'score' ? (field.keys ?? null) : null,
        part,
        slot,
        value,
        state: open,
      })),
      totals: totalsOf(rubric, form, state),
    }
  }

  /** An event's id is the hash of all that it says and of the event before: copies that went on apart never collide. */
  #record(draft: EventDraft, now: Date): RatingEventRecord {
    const { name } = this.#session.manifest
    const created = now.toISOString()
    const { item, kind, payload } = draft
    this.#previous = contentId({
      session: name,
      rater: this.#rater,
      item,
      kind,
      payload: payload as unknown as Json,
      created,
      previous: this.#previous,
    })
    return {
      id: this.#previous,
      session: name,
      rater: this.#rater,
      item,
      kind,
      payload: JSON.stringify(payload),
      created,
    }
  }
}

/** An event of the log as the fold takes it. @throws {DataError} where it was edited */
export function readEvent({
  id,
  item,
  kind,
  payload,
}: RatingEventRecord): EventDraft & { readonly id: string } {
  return {
    id,
    item,
    kind: EVENT_KINDS.find((one): one is EventKind => one === kind) ?? 'set',
    payload: parseJson(payload, payloadSchema, `rating event ${id}`),
  }
}
