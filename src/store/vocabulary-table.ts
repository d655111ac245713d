import { z } from 'zod'
import type { Store } from '../core/store.ts'
import { checkRow } from './columns.ts'
import type { Connection } from './connection.ts'

const rowSchema = z.object({ id: z.number(), bytes: z.instanceof(Uint8Array) })

/** The part of the store for the bytes of token ids. */
export function vocabularyTable(connection: Connection): Store['vocabulary'] {
  const select = connection.prepare('SELECT id, bytes FROM vocabulary WHERE tokenizer_hash = ? ORDER BY id')
  const insert = connection.prepare('INSERT OR REPLACE INTO vocabulary VALUES (?, ?, ?)')
  return {
    get: (tokenizerHash) =>
      select.all(tokenizerHash).map((row) => checkRow(rowSchema, row, 'vocabulary').bytes),
    put: (tokenizerHash, bytes) => {
      for (const [id, spelled] of bytes.entries()) insert.run(tokenizerHash, id, spelled)
    },
  }
}
