import { z } from 'zod'
import type { Store } from '../core/store.ts'
import type { Connection } from './connection.ts'

/** The part of the store for what was last worked with. */
export function studyTable(connection: Connection): Store['study'] {
  const select = connection.prepare('SELECT value FROM study WHERE name = ?').pluck()
  const upsert = connection.prepare('INSERT OR REPLACE INTO study VALUES (?, ?)')
  return {
    get: (name) =>
      z
        .string()
        .nullable()
        .parse(select.get(name) ?? null),
    put: (name, value) => void upsert.run(name, value),
  }
}
