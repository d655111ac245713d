import Database from 'better-sqlite3'
import { z } from 'zod'
import { StoreError } from '../core/errors.ts'
import type { RatingEventRecord, RatingsCopy, RatingSessionRecord, RatingStore } from '../core/ratings.ts'
import { checkRow } from './columns.ts'
import type { Connection } from './connection.ts'
import { databaseExists, guarded } from './database.ts'

const sessionSchema = z.object({
  name: z.string(),
  rubric: z.string(),
  manifest: z.string(),
  hash: z.string(),
  created: z.string(),
})

const eventSchema = z.object({
  id: z.string(),
  session: z.string(),
  rater: z.string(),
  item: z.string(),
  kind: z.string(),
  payload: z.string(),
  created: z.string(),
})

const readSession = (row: unknown): RatingSessionRecord => checkRow(sessionSchema, row, 'rating_session')

/** Reads a row of {@link EVENT_COLUMNS}. */
export function readEvent(row: unknown): RatingEventRecord {
  return checkRow(eventSchema, row, 'rating_event')
}

/** The columns of the log of ratings. */
export const EVENT_COLUMNS = 'id, session, rater, item, kind, payload, created'

/** The part of the store for ratings. */
export function ratingTable(connection: Connection): RatingStore {
  const selectNames = connection.prepare('SELECT name FROM rating_session ORDER BY name').pluck()
  const selectSession = connection.prepare('SELECT * FROM rating_session WHERE name = ?')
  const insertSession = connection.prepare(
    'INSERT INTO rating_session (name, rubric, manifest, hash, created) VALUES (@name, @rubric, @manifest, @hash, @created)',
  )
  const selectRaters = connection
    .prepare('SELECT DISTINCT rater FROM rating_event WHERE session = ? ORDER BY rater')
    .pluck()
  const selectEvents = connection.prepare(
    `SELECT ${EVENT_COLUMNS} FROM rating_event WHERE session = ? AND rater = ? ORDER BY rowid`,
  )
  const insertEvent = connection.prepare(
    `INSERT INTO rating_event (${EVENT_COLUMNS}) VALUES (@id, @session, @rater, @item, @kind, @payload, @created)
     ON CONFLICT (id) DO NOTHING`,
  )
  return {
    sessionNames: () => z.array(z.string()).parse(selectNames.all()),
    session: (name) => {
      const row = selectSession.get(name)
      return row === undefined ? null : readSession(row)
    },
    putSession: (record) => void insertSession.run(record),
    raters: (session) => z.array(z.string()).parse(selectRaters.all(session)),
    events: (session, rater) => selectEvents.all(session, rater).map(readEvent),
    append: (events) => events.reduce((added, event) => added + insertEvent.run(event).changes, 0),
  }
}

/**
 * The ratings in another copy of a study, which is only read.
 * @throws {StoreError} `copy-missing`, `copy-without-ratings`, `database-…`
 */
export function readRatingsCopy(path: string): RatingsCopy {
  if (!databaseExists(path))
    throw new StoreError('copy-missing', `expected a copy of the study's gloss.db at ${path}, found no file`)
  return guarded(path, () => {
    const connection = new Database(path, { readonly: true })
    try {
      const table = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'rating_event'").get()
      if (table === undefined)
        throw new StoreError(
          'copy-without-ratings',
          `expected ratings in ${path}, found none; name the gloss.db of a copy in which somebody rated`,
        )
      return {
        sessions: connection.prepare('SELECT * FROM rating_session ORDER BY name').all().map(readSession),
        events: connection
          .prepare(`SELECT ${EVENT_COLUMNS} FROM rating_event ORDER BY session, rater, rowid`)
          .all()
          .map(readEvent),
      }
    } finally {
      connection.close()
    }
  })
}
