import { z } from 'zod'
import type { Store } from '../core/store.ts'
import { checkRow } from './columns.ts'
import type { Connection } from './connection.ts'

const rowSchema = z.object({ token: z.number(), count: z.number() })

/** The part of the store for how often tokens occur in a collection. */
export function tokenCountTable(connection: Connection): Store['tokenCounts'] {
  const select = connection.prepare('SELECT token, count FROM token_count WHERE set_id = ? ORDER BY token')
  const remove = connection.prepare('DELETE FROM token_count WHERE set_id = ?')
  const insert = connection.prepare('INSERT INTO token_count VALUES (?, ?, ?)')
  return {
    get: (setId) => {
      const rows = select.all(setId).map((row) => checkRow(rowSchema, row, 'token_count'))
      return new Map(rows.map(({ token, count }) => [token, count]))
    },
    put: (setId, counts) => {
      remove.run(setId)
      for (const [token, count] of counts) insert.run(setId, token, count)
    },
  }
}
