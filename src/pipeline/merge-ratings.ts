import { DataError } from '../core/errors.ts'
import type { RatingsCopy } from '../core/ratings.ts'
import type { Store } from '../core/store.ts'

/** What a merge brought. */
export interface MergeResult {
  readonly sessions: number
  readonly events: number
  /** Events that were there already. */
  readonly known: number
}

/**
 * Adds the ratings of a copy of the study, in one transaction. Merging again, or the other way round, changes nothing
 * more: the union of the logs is the same.
 * @throws {DataError} `session-differs` where a session of one name was drawn differently
 */
export function mergeRatings(store: Store, copy: RatingsCopy): MergeResult {
  return store.transaction(() => {
    let sessions = 0
    for (const session of copy.sessions) {
      const ours = store.ratings.session(session.name)
      if (ours === null) {
        store.ratings.putSession(session)
        sessions++
      } else if (ours.hash !== session.hash || ours.rubric !== session.rubric)
        throw new DataError(
          'session-differs',
          `expected the session ${session.name} to be the same in both copies, found two that were drawn differently; draw a session once, copy gloss.db after that, and rate in the copies`,
        )
    }
    const events = store.ratings.append(copy.events)
    return { sessions, events, known: copy.events.length - events }
  })
}
