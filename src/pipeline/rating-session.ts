import { DataError, UsageError } from '../core/errors.ts'
import { parseJson } from '../core/parse.ts'
import type { Store } from '../core/store.ts'
import { planSession } from '../review/plan-session.ts'
import { hasReveal, parseRubric, type Rubric } from '../review/rubric.ts'
import { manifestHash, manifestSchema, type SessionManifest } from '../review/session.ts'
import { candidatesOf, manifestHead, type SessionRequest, UnitView } from './session-units.ts'

/** A session with its rubric, read and checked. */
export interface RatingSession {
  readonly manifest: SessionManifest
  readonly rubric: Rubric
}

/** A stored session, or null. @throws {DataError | ConfigError} where its texts do not fit */
export function openRatingSession(store: Store, name: string): RatingSession | null {
  const record = store.ratings.session(name)
  if (record === null) return null
  const manifest = parseJson(record.manifest, manifestSchema, `the session ${name}`)
  if (manifestHash(manifest) !== record.hash)
    throw new DataError(
      'session-edited',
      `the session ${name} is not what was drawn (its hash differs); restore a copy of the database`,
    )
  return { manifest, rubric: parseRubric(record.rubric, `the rubric of session ${name}`) }
}

/**
 * Draws a session, freezes what raters see, and stores it; sessions of a task are drawn by `drawTaskSession`.
 * @throws {UsageError} `session-empty`
 */
export function createRatingSession(store: Store, request: SessionRequest, now: Date): RatingSession {
  const { name, rubricText, draw, protocol, sets } = request
  const rubric = parseRubric(rubricText, `the rubric of session ${name}`)
  const views = new Map(sets.map((set) => [set.id, new UnitView(store, set, protocol)]))
  const candidates = sets.flatMap((set) => candidatesOf(store, set, views.get(set.id)!, request))
  const planned = planSession(candidates, draw, hasReveal(rubric))
  const manifest: SessionManifest = {
    ...manifestHead(request, rubric),
    items: planned.map((item) => views.get(item.setId)!.freeze(item, rubric, draw.seed)),
  }
  storeSession(store, rubricText, manifest, now)
  return { manifest, rubric }
}

/** Stores a session that was drawn. */
export function storeSession(store: Store, rubricText: string, manifest: SessionManifest, now: Date): void {
  store.ratings.putSession({
    name: manifest.name,
    rubric: rubricText,
    manifest: JSON.stringify(manifest),
    hash: manifestHash(manifest),
    created: now.toISOString(),
  })
}

/** Refuses a session's name that a terminal, a file or a person would trip over. @throws {UsageError} */
export function checkName(what: string, name: string): void {
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,39}$/u.test(name))
    throw new UsageError(
      `${what}-malformed`,
      `expected a ${what} of letters, digits, dots, dashes and blanks, at most 40, found ${JSON.stringify(name)}`,
    )
}
