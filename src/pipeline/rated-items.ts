import type { Store } from '../core/store.ts'
import { MARKS } from '../review/event.ts'
import { foldEvents, type ItemStanding, standingOf } from '../review/fold.ts'
import { isRevealed, type Question, questionsOf, totalsOf } from '../review/form.ts'
import type { Rubric } from '../review/rubric.ts'
import { formItemOf, type SessionItem } from '../review/session.ts'
import { readEvent } from './rating-desk.ts'
import { openRatingSession } from './rating-session.ts'

/** What one rater said of one item, as it stands after all that was undone and changed. */
export interface RatedItem {
  readonly session: string
  readonly rubric: Rubric
  readonly rater: string
  readonly item: SessionItem
  readonly standing: ItemStanding
  /** Whether the rater has seen the machine's explanation. */
  readonly revealed: boolean
  readonly questions: readonly Question[]
  readonly totals: readonly {
    readonly name: string
    readonly part: string | null
    readonly value: number | null
  }[]
  readonly flagged: boolean
  readonly comment: string | null
  /** The reason that was given; null where the item was not skipped. */
  readonly skippedBecause: string | null
  /** A pause counts as two minutes at most. */
  readonly seconds: number
}

/**
 * Everything that was rated: by sessions, then raters, both in the order of their names, then in the order in which
 * items are asked. Items that a rater never touched are left out. One rater's session is in memory at a time.
 */
export function* ratedItems(store: Store): Generator<RatedItem> {
  for (const name of store.ratings.sessionNames()) {
    const session = openRatingSession(store, name)
    if (session === null) continue
    const { manifest, rubric } = session
    for (const rater of store.ratings.raters(name)) {
      const state = foldEvents(store.ratings.events(name, rater).map(readEvent))
      for (const item of manifest.items) {
        if (!state.items.has(item.code)) continue
        const form = formItemOf(item)
        const text = (mark: string): string | null => {
          const value = state.value(item.code, mark)
          return value === null ? null : String(value)
        }
        yield {
          session: name,
          rubric,
          rater,
          item,
          standing: standingOf(state, item.code),
          revealed: isRevealed(rubric, form, state),
          questions: questionsOf(rubric, form, state),
          totals: totalsOf(rubric, form, state),
          flagged: state.value(item.code, MARKS.flagged) === true,
          comment: text(MARKS.comment),
          skippedBecause: text(MARKS.skipped),
          seconds: (state.elapsedMs.get(item.code) ?? 0) / 1000,
        }
      }
    }
  }
}
