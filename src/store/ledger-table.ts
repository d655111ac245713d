import { z } from 'zod'
import type { SpendingRecord } from '../core/ledger.ts'
import type { Store } from '../core/store.ts'
import { checkRow, jsonColumn } from './columns.ts'
import type { Connection } from './connection.ts'

const lineSchema = z.object({
  stage: z.string(),
  model: z.string(),
  requests: z.number(),
  lost: z.number(),
  promptTokens: z.number(),
  cachedTokens: z.number(),
  completionTokens: z.number(),
  reasoningTokens: z.number(),
  unknownUsage: z.number(),
  usd: z.number().nullable(),
  priceIds: jsonColumn(z.array(z.string().nullable())),
})

const numberSchema = z.object({ value: z.number() })

/** The part of the store for what requests cost. */
export function ledgerTable(connection: Connection): Store['ledger'] {
  const insert = connection.prepare(
    `INSERT INTO spending (request_hash, stage, endpoint, model, state, usd, price_id, prompt_tokens, cached_tokens,
       completion_tokens, reasoning_tokens, created)
     VALUES (@requestHash, @stage, @endpoint, @model, @state, @usd, @priceId, @promptTokens, @cachedTokens,
       @completionTokens, @reasoningTokens, @created)`,
  )
  const update = connection.prepare(
    `UPDATE spending SET state = @state, usd = @usd, price_id = @priceId, prompt_tokens = @promptTokens,
       cached_tokens = @cachedTokens, completion_tokens = @completionTokens, reasoning_tokens = @reasoningTokens
     WHERE id = @id`,
  )
  const remove = connection.prepare('DELETE FROM spending WHERE id = ?')
  const close = connection.prepare(
    `UPDATE spending SET state = 'lost'
     WHERE state = 'reserved' AND id NOT IN (SELECT line FROM batch_request WHERE line IS NOT NULL)`,
  )
  const spent = connection.prepare('SELECT coalesce(sum(usd), 0.0) AS value FROM spending')
  // A sum with an unknown part is unknown; the ledger of a stage names every price that was used in it.
  const lines = connection.prepare(
    `SELECT stage, model, sum(state = 'spent') AS requests, sum(state <> 'spent') AS lost,
       coalesce(sum(prompt_tokens), 0) AS promptTokens, coalesce(sum(cached_tokens), 0) AS cachedTokens,
       coalesce(sum(completion_tokens), 0) AS completionTokens,
       coalesce(sum(reasoning_tokens), 0) AS reasoningTokens,
       sum(state = 'spent' AND (prompt_tokens IS NULL OR completion_tokens IS NULL)) AS unknownUsage,
       CASE WHEN count(usd) = count(*) THEN sum(usd) END AS usd,
       json_group_array(DISTINCT price_id) AS priceIds
     FROM spending GROUP BY stage, model ORDER BY min(id)`,
  )
  return {
    add: (line, created) =>
      Number(insert.run({ ...columnsOf(line), created: created.toISOString() }).lastInsertRowid),
    settle: (id, line) => void update.run({ ...columnsOf(line), id }),
    release: (id) => void remove.run(id),
    closeOpen: () => close.run().changes,
    spent: () => checkRow(numberSchema, spent.get(), 'spending').value,
    lines: () =>
      lines.all().map((row) => {
        const line = checkRow(lineSchema, row, 'spending')
        return { ...line, priceIds: line.priceIds.filter((id) => id !== null) }
      }),
  }
}

function columnsOf({ usage, ...line }: SpendingRecord) {
  return {
    ...line,
    promptTokens: usage?.promptTokens ?? null,
    cachedTokens: usage?.cachedTokens ?? null,
    completionTokens: usage?.completionTokens ?? null,
    reasoningTokens: usage?.reasoningTokens ?? null,
  }
}
