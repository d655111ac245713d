import { z } from 'zod'
import type { Store } from '../core/store.ts'
import { checkRow } from './columns.ts'
import type { Connection } from './connection.ts'

const rowSchema = z.object({
  name: z.string(),
  state: z.enum(['running', 'stopped', 'done']),
  done: z.number(),
  total: z.number(),
  seconds: z.number(),
})

/** The part of the store for how far verbs have come. */
export function stageTable(connection: Connection): Store['stages'] {
  const select = connection.prepare('SELECT name, state, done, total, seconds FROM stage ORDER BY rowid')
  const upsert = connection.prepare(
    `INSERT INTO stage VALUES (@name, @state, @done, @total, @seconds)
     ON CONFLICT (name) DO UPDATE SET state = @state, done = @done, total = @total, seconds = @seconds`,
  )
  return {
    all: () => select.all().map((row) => checkRow(rowSchema, row, 'stage')),
    put: (stage) => void upsert.run(stage),
  }
}
