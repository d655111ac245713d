import { z } from 'zod'
import type { FeatureRecord, Store } from '../core/store.ts'
import { bit, booleanColumn, checkRow, jsonColumn } from './columns.ts'
import type { Connection } from './connection.ts'

const effectsSchema = z.array(z.tuple([z.int(), z.number()]))

const rowSchema = z.object({
  id: z.number(),
  density: z.number(),
  max: z.number(),
  firings: z.number(),
  state: z.enum(['alive', 'dead', 'tooRare']),
  tokenShare: z.number().nullable(),
  singleToken: booleanColumn.nullable(),
  histogram: jsonColumn(z.array(z.int())),
  logits: jsonColumn(z.object({ top: effectsSchema, bottom: effectsSchema })).nullable(),
})

/** The columns of a feature, by the names of its record. */
export const FEATURE_COLUMNS = `id, density, max, firings, state, token_share AS tokenShare, single_token AS singleToken, histogram, logits`

/** Checks a row of {@link FEATURE_COLUMNS}. @throws {StoreError} `row-malformed` */
export function readFeatureRow(row: unknown): FeatureRecord {
  return checkRow(rowSchema, row, 'feature')
}

/** The part of the store for features' statistics. */
export function featureTable(connection: Connection): Store['features'] {
  const selectAll = connection.prepare(`SELECT ${FEATURE_COLUMNS} FROM feature WHERE set_id = ? ORDER BY id`)
  const selectOne = connection.prepare(`SELECT ${FEATURE_COLUMNS} FROM feature WHERE set_id = ? AND id = ?`)
  const insert = connection.prepare(
    `INSERT INTO feature (set_id, id, density, max, firings, state, token_share, single_token, histogram, logits)
     VALUES (@setId, @id, @density, @max, @firings, @state, @tokenShare, @singleToken, @histogram, @logits)
     ON CONFLICT (set_id, id) DO UPDATE SET density = @density, max = @max, firings = @firings, state = @state,
       token_share = @tokenShare, single_token = @singleToken, histogram = @histogram, logits = @logits`,
  )
  return {
    all: (setId) => selectAll.all(setId).map(readFeatureRow),
    get: (setId, id) => {
      const row = selectOne.get(setId, id)
      return row === undefined ? null : readFeatureRow(row)
    },
    put: (setId, features) => {
      for (const feature of features)
        insert.run({
          ...feature,
          setId,
          singleToken: bit(feature.singleToken),
          histogram: JSON.stringify(feature.histogram),
          logits: feature.logits && JSON.stringify(feature.logits),
        })
    },
  }
}
