import { z } from 'zod'
import type { Store } from '../core/store.ts'
import { checkRow } from './columns.ts'
import type { Connection } from './connection.ts'

const rowSchema = z.object({ name: z.string(), register: z.string().nullable(), tokens: z.number() })

/** The part of the store for the corpus' documents. */
export function documentTable(connection: Connection): Store['documents'] {
  const select = connection.prepare(
    'SELECT name, register, tokens FROM document WHERE corpus_hash = ? ORDER BY id',
  )
  const insert = connection.prepare('INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?)')
  return {
    all: (corpusHash) => select.all(corpusHash).map((row) => checkRow(rowSchema, row, 'document')),
    put: (corpusHash, documents) => {
      for (const [id, { name, register, tokens }] of documents.entries())
        insert.run(corpusHash, id, name, register, tokens)
    },
  }
}
