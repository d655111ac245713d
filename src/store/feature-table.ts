import { z } from 'zod'
import type { FeatureRecord, Store } from '../core/store.ts'
import { bit, booleanColumn, checkRow, jsonColumn } from './columns.ts'
import type { Connection } from './database.ts'

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

const COLUMNS = `id, density, max, firings, state, token_share AS tokenShare, single_token AS singleToken, histogram, logits`

/** The part of the store for features' statistics. */
export function featureTable(connection: Connection): Store['features'] {
  const selectAll = connection.prepare(`SELECT ${COLUMNS} FROM feature WHERE set_id = ? ORDER BY id`)
  const selectOne = connection.prepare(`SELECT ${COLUMNS} FROM feature WHERE set_id = ? AND id = ?`)
  const insert = connection.prepare(
    `INSERT INTO feature (set_id, id, density, max, firings, state, token_share, single_token, histogram, logits)
     VALUES (@setId, @id, @density, @max, @firings, @state, @tokenShare, @singleToken, @histogram, @logits)
     ON CONFLICT (set_id, id) DO UPDATE SET density = @density, max = @max, firings = @firings, state = @state,
       token_share = @tokenShare, single_token = @singleToken, histogram = @histogram, logits = @logits`,
  )
  return {
    all: (setId) => selectAll.all(setId).map((row): FeatureRecord => checkRow(rowSchema, row, 'feature')),
    get: (setId, id) => {
      const row = selectOne.get(setId, id)
      return row === undefined ? null : checkRow(rowSchema, row, 'feature')
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
