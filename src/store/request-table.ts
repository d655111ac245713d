import { z } from 'zod'
import type { Store } from '../core/store.ts'
import { checkRow, gzip, gzipColumn, jsonColumn } from './columns.ts'
import type { Connection } from './connection.ts'

const usageSchema = z.object({
  promptTokens: z.number().nullable(),
  cachedTokens: z.number().nullable(),
  cacheWriteTokens: z.number().nullable().default(null),
  completionTokens: z.number().nullable(),
  reasoningTokens: z.number().nullable(),
})

const rowSchema = z.object({
  hash: z.string(),
  endpoint: z.string(),
  model: z.string(),
  body: gzipColumn,
  response: gzipColumn.nullable(),
  status: z.number().nullable(),
  error: z.string().nullable(),
  usage: jsonColumn(usageSchema).nullable(),
  latencyMs: z.number().nullable(),
  attempts: z.number(),
  stage: z
    .string()
    .nullable()
    .transform((stage) => stage ?? ''),
  requestId: z.string().nullable(),
  attempt: z.number(),
})

const countSchema = z.object({ count: z.number() })
const sampleSchema = z.object({ body: gzipColumn, response: gzipColumn, usage: jsonColumn(usageSchema) })

/** The part of the store for requests to LLMs with their replies. */
export function requestTable(connection: Connection): Store['requests'] {
  const select = connection.prepare(
    `SELECT hash, endpoint, model, body, response, status, error, usage, latency_ms AS latencyMs, attempts,
       stage, request_id AS requestId, attempt
     FROM request WHERE hash = ?`,
  )
  const upsert = connection.prepare(
    `INSERT INTO request (hash, endpoint, model, body, response, status, error, usage, latency_ms, attempts, created,
       stage, request_id, attempt)
     VALUES (@hash, @endpoint, @model, @body, @response, @status, @error, @usage, @latencyMs, @attempts, @created,
       @stage, @requestId, @attempt)
     ON CONFLICT (hash) DO UPDATE SET body = @body, response = @response, status = @status, error = @error, usage = @usage,
       latency_ms = @latencyMs, attempts = @attempts, created = @created, endpoint = @endpoint, request_id = @requestId`,
  )
  const unanswered = connection.prepare('SELECT count(*) AS count FROM request WHERE response IS NULL')
  const samples = connection.prepare(
    `SELECT body, response, usage FROM request WHERE model = ? AND response IS NOT NULL
       AND usage ->> 'promptTokens' IS NOT NULL AND usage ->> 'completionTokens' IS NOT NULL
     ORDER BY hash LIMIT ?`,
  )
  return {
    get: (hash) => {
      const row = select.get(hash)
      return row === undefined ? null : checkRow(rowSchema, row, 'request')
    },
    put: (record, created) =>
      void upsert.run({
        ...record,
        body: gzip(record.body),
        response: record.response === null ? null : gzip(record.response),
        usage: record.usage && JSON.stringify(record.usage),
        created: created.toISOString(),
      }),
    unanswered: () => checkRow(countSchema, unanswered.get(), 'request').count,
    samples: (model, count) => samples.all(model, count).map((row) => checkRow(sampleSchema, row, 'request')),
  }
}
