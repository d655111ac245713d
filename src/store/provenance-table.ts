import { z } from 'zod'
import { contentId } from '../core/hash.ts'
import type { Store } from '../core/store.ts'
import { checkRow } from './columns.ts'
import type { Connection } from './connection.ts'

const text = z.string().nullable()
const rowSchema = z.object({
  version: z.string(),
  seed: z.number().nullable(),
  model: text,
  weightsHash: text,
  tokenizerHash: text,
  corpusHash: text,
  setId: text,
  setHash: text,
  protocol: text,
  protocolHash: text,
  prompt: text,
  promptHash: text,
  llm: text,
  endpoint: text,
})

/** The part of the store for provenances. */
export function provenanceTable(connection: Connection): Store['provenance'] {
  const select = connection.prepare(
    `SELECT version, seed, model, weights_hash AS weightsHash, tokenizer_hash AS tokenizerHash, corpus_hash AS corpusHash,
       set_id AS setId, set_hash AS setHash, protocol, protocol_hash AS protocolHash, prompt, prompt_hash AS promptHash, llm,
       endpoint
     FROM provenance WHERE id = ?`,
  )
  const insert = connection.prepare(
    `INSERT OR IGNORE INTO provenance VALUES (
      @id, @version, @seed, @model, @weightsHash, @tokenizerHash, @corpusHash, @setId, @setHash,
      @protocol, @protocolHash, @prompt, @promptHash, @llm, @endpoint)`,
  )
  return {
    get: (id) => checkRow(rowSchema, select.get(id), 'provenance'),
    put: (provenance) => {
      // Rows without an endpoint keep the name that they had before there were any with one.
      const { endpoint, ...others } = provenance
      const id = contentId(endpoint == null ? others : { ...others, endpoint })
      insert.run({ id, ...others, endpoint: endpoint ?? null })
      return id
    },
  }
}
