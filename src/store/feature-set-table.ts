import { z } from 'zod'
import type { Store } from '../core/store.ts'
import { checkRow, jsonColumn } from './columns.ts'
import type { Connection } from './connection.ts'

const metricsSchema = z.object({
  l0: z.number(),
  fvu: z.number(),
  deadShare: z.number(),
  crossEntropy: z.number(),
  crossEntropyReconstructed: z.number(),
  crossEntropyZeroed: z.number(),
  crossEntropyRecovered: z.number(),
  tokens: z.number(),
})

const rowSchema = z.object({
  id: z.string(),
  kind: z.enum(['sae', 'neurons', 'random', 'imported']),
  hook: z.string(),
  architecture: z.string(),
  features: z.number(),
  dIn: z.number(),
  folder: z.string(),
  metrics: jsonColumn(metricsSchema.nullable()),
  provenanceId: z.string(),
  shuffledSeed: z.number().nullable(),
})

const COLUMNS = `id, kind, hook, architecture, features, d_in AS dIn, folder, metrics, provenance_id AS provenanceId,
  shuffled_seed AS shuffledSeed`

/** The part of the store for feature sets. */
export function featureSetTable(connection: Connection): Store['featureSets'] {
  const select = connection.prepare(`SELECT ${COLUMNS} FROM feature_set WHERE id = ?`)
  const selectAll = connection.prepare(`SELECT ${COLUMNS} FROM feature_set ORDER BY id`)
  const insert = connection.prepare(
    `INSERT OR REPLACE INTO feature_set
     VALUES (@id, @kind, @hook, @architecture, @features, @dIn, @folder, @metrics, @provenanceId, @shuffledSeed)`,
  )
  return {
    get: (id) => {
      const row = select.get(id)
      return row === undefined ? null : checkRow(rowSchema, row, 'feature_set')
    },
    all: () => selectAll.all().map((row) => checkRow(rowSchema, row, 'feature_set')),
    put: (record) => void insert.run({ ...record, metrics: JSON.stringify(record.metrics) }),
  }
}
