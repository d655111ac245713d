import { z } from 'zod'
import { capabilitiesSchema, endpointLimitsSchema } from '../core/capabilities.ts'
import type { Store } from '../core/store.ts'
import { checkRow, jsonColumn } from './columns.ts'
import type { Connection } from './connection.ts'

const rowSchema = z.object({
  baseUrl: z.string(),
  model: z.string(),
  server: z.string().nullable(),
  capabilities: jsonColumn(capabilitiesSchema).nullable(),
  limits: jsonColumn(endpointLimitsSchema).nullable(),
})

/** The part of the store for what is known of endpoints. */
export function endpointTable(connection: Connection): Store['endpoints'] {
  const select = connection.prepare(
    `SELECT base_url AS baseUrl, model, server, capabilities, limits FROM endpoint
     WHERE base_url = ? AND model = ?`,
  )
  const upsert = connection.prepare(
    `INSERT INTO endpoint (base_url, model, server, capabilities, limits, updated)
     VALUES (@baseUrl, @model, @server, @capabilities, @limits, @updated)
     ON CONFLICT (base_url, model) DO UPDATE SET server = coalesce(@server, server),
       capabilities = coalesce(@capabilities, capabilities), limits = coalesce(@limits, limits), updated = @updated`,
  )
  return {
    get: (baseUrl, model) => {
      const row = select.get(baseUrl, model)
      return row === undefined ? null : checkRow(rowSchema, row, 'endpoint')
    },
    put: (record, updated) =>
      void upsert.run({
        ...record,
        capabilities: record.capabilities && JSON.stringify(record.capabilities),
        limits: record.limits && JSON.stringify(record.limits),
        updated: updated.toISOString(),
      }),
  }
}
