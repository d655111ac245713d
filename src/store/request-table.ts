import { z } from 'zod'
import type { Store } from '../core/store.ts'
import { checkRow, gzip, gzipColumn, jsonColumn } from './columns.ts'
import type { Connection } from './database.ts'

const usageSchema = z.object({
  promptTokens: z.number().nullable(),
  cachedTokens: z.number().nullable(),
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
})

const totalsSchema = z.object({
  requests: z.number(),
  withoutReply: z.number(),
  promptTokens: z.number(),
  cachedTokens: z.number(),
  completionTokens: z.number(),
})

/** The part of the store for requests to LLMs with their replies. */
export function requestTable(connection: Connection): Store['requests'] {
  const select = connection.prepare(
    `SELECT hash, endpoint, model, body, response, status, error, usage, latency_ms AS latencyMs, attempts
     FROM request WHERE hash = ?`,
  )
  const upsert = connection.prepare(
    `INSERT INTO request (hash, endpoint, model, body, response, status, error, usage, latency_ms, attempts, created)
     VALUES (@hash, @endpoint, @model, @body, @response, @status, @error, @usage, @latencyMs, @attempts, @created)
     ON CONFLICT (hash) DO UPDATE SET response = @response, status = @status, error = @error, usage = @usage,
       latency_ms = @latencyMs, attempts = @attempts, created = @created`,
  )
  const totals = connection.prepare(
    `SELECT count(response) AS requests, count(*) - count(response) AS withoutReply,
       coalesce(sum(usage ->> 'promptTokens'), 0) AS promptTokens,
       coalesce(sum(usage ->> 'cachedTokens'), 0) AS cachedTokens,
       coalesce(sum(usage ->> 'completionTokens'), 0) AS completionTokens
     FROM request`,
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
    totals: () => checkRow(totalsSchema, totals.get(), 'request'),
  }
}
