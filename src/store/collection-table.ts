import { z } from 'zod'
import type { Store } from '../core/store.ts'
import { checkRow } from './columns.ts'
import type { Connection } from './connection.ts'

const rowSchema = z.object({
  setId: z.string(),
  corpusHash: z.string(),
  tokenizerHash: z.string(),
  tokens: z.number(),
  eligible: z.number(),
  documents: z.number(),
  contexts: z.number(),
  contextLength: z.number(),
  entries: z.number(),
  bytes: z.number(),
  provenanceId: z.string(),
})

/** The part of the store for collections, one per feature set. */
export function collectionTable(connection: Connection): Store['collections'] {
  const select = connection.prepare(
    `SELECT set_id AS setId, corpus_hash AS corpusHash, tokenizer_hash AS tokenizerHash, tokens, eligible, documents,
       contexts, context_length AS contextLength, entries, bytes, provenance_id AS provenanceId
     FROM collection WHERE set_id = ?`,
  )
  const insert = connection.prepare(
    `INSERT OR REPLACE INTO collection
     VALUES (@setId, @corpusHash, @tokenizerHash, @tokens, @eligible, @documents, @contexts, @contextLength, @entries,
       @bytes, @provenanceId)`,
  )
  return {
    get: (setId) => {
      const row = select.get(setId)
      return row === undefined ? null : checkRow(rowSchema, row, 'collection')
    },
    put: (record) => void insert.run(record),
  }
}
