import { z } from 'zod'
import type { Store } from '../core/store.ts'
import { checkRow } from './columns.ts'
import type { Connection } from './connection.ts'

const batchSchema = z.object({
  shard: z.string(),
  endpoint: z.string(),
  model: z.string(),
  state: z.enum(['planned', 'uploaded', 'submitted', 'done']),
  fileId: z.string().nullable(),
  batchId: z.string().nullable(),
  requests: z.number(),
})

const requestSchema = z.object({
  hash: z.string(),
  line: z.number().nullable(),
  worst: z.number().nullable(),
})

/** The part of the store for requests that wait at a provider. */
export function batchTable(connection: Connection): Store['batches'] {
  const select = `SELECT shard, endpoint, model, state, file_id AS fileId, batch_id AS batchId, requests FROM batch`
  const one = connection.prepare(`${select} WHERE shard = ?`)
  const unfinished = connection.prepare(
    `${select} WHERE endpoint = ? AND model = ? AND state <> 'done' ORDER BY created, shard`,
  )
  const upsert = connection.prepare(
    `INSERT INTO batch (shard, endpoint, model, state, file_id, batch_id, requests, created)
     VALUES (@shard, @endpoint, @model, @state, @fileId, @batchId, @requests, @created)
     ON CONFLICT (shard) DO UPDATE SET state = @state, file_id = @fileId, batch_id = @batchId`,
  )
  const waiting = connection.prepare(
    'SELECT hash, line, worst FROM batch_request WHERE shard = ? ORDER BY hash',
  )
  const insert = connection.prepare(
    'INSERT INTO batch_request (shard, hash, line, worst) VALUES (@shard, @hash, @line, @worst)',
  )
  const remove = connection.prepare('DELETE FROM batch_request WHERE shard = ? AND hash = ?')
  return {
    get: (shard) => {
      const row = one.get(shard)
      return row === undefined ? null : checkRow(batchSchema, row, 'batch')
    },
    unfinished: (endpoint, model) =>
      unfinished.all(endpoint, model).map((row) => checkRow(batchSchema, row, 'batch')),
    put: (record, created) => void upsert.run({ ...record, created: created.toISOString() }),
    waiting: (shard) => waiting.all(shard).map((row) => checkRow(requestSchema, row, 'batch_request')),
    add: (shard, request) => void insert.run({ ...request, shard }),
    remove: (shard, hash) => void remove.run(shard, hash),
  }
}
