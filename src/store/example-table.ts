import { z } from 'zod'
import type { Slice } from '../core/protocol.ts'
import type { StoredExample, Store } from '../core/store.ts'
import { bit, booleanColumn, checkRow, jsonColumn } from './columns.ts'
import type { Connection } from './connection.ts'

const sliceSchema = z.custom<Slice>(
  (value) => typeof value === 'string' && /^(?:top|random|other|negative|interval [1-9]\d*)$/.test(value),
)

const rowSchema = z.object({
  id: z.number(),
  use: z.enum(['explain', 'score', 'choose']),
  slice: sliceSchema,
  document: z.number(),
  context: z.number(),
  position: z.number(),
  nominal: z.number(),
  silent: booleanColumn,
  tokens: jsonColumn(z.array(z.int())),
  activations: jsonColumn(z.array(z.number())),
})

const topSchema = z.object({ feature: z.number(), token: z.number(), document: z.number() })

/** The part of the store for examples, and which features were sampled. */
export function exampleTable(connection: Connection): Store['examples'] {
  const selectSampled = connection
    .prepare('SELECT feature_id FROM sample WHERE set_id = ? AND protocol = ?')
    .pluck()
  const selectHashes = connection
    .prepare(
      `SELECT DISTINCT protocol_hash FROM sample JOIN provenance ON provenance.id = provenance_id
       WHERE sample.set_id = ? AND sample.protocol = ? AND protocol_hash IS NOT NULL`,
    )
    .pluck()
  const selectWith = connection
    .prepare('SELECT DISTINCT feature_id FROM example WHERE set_id = ? AND protocol = ?')
    .pluck()
  const settle = connection.prepare(
    `UPDATE feature SET state = settled.state FROM (
       SELECT sample.feature_id AS id,
         CASE WHEN EXISTS (
           SELECT 1 FROM example WHERE example.set_id = sample.set_id
             AND example.feature_id = sample.feature_id AND example.protocol = sample.protocol
         ) THEN 'alive' ELSE 'tooRare' END AS state
       FROM sample WHERE sample.set_id = @setId AND sample.protocol = @protocol
     ) AS settled
     WHERE feature.set_id = @setId AND feature.id = settled.id AND firings > 0 AND feature.state <> settled.state`,
  )
  const insertSample = connection.prepare('INSERT OR REPLACE INTO sample VALUES (?, ?, ?, ?, ?)')
  const selectShare = connection
    .prepare('SELECT firing_share FROM sample WHERE set_id = ? AND feature_id = ? AND protocol = ?')
    .pluck()
  const updateFeature = connection.prepare(
    'UPDATE feature SET state = ?, single_token = ? WHERE set_id = ? AND id = ?',
  )
  const removeExamples = connection.prepare(
    'DELETE FROM example WHERE set_id = ? AND feature_id = ? AND protocol = ?',
  )
  const insertExample = connection.prepare(
    `INSERT INTO example (set_id, feature_id, protocol, use, slice, document, context, position, nominal, silent, tokens, activations)
     VALUES (@setId, @featureId, @protocol, @use, @slice, @document, @context, @position, @nominal, @silent, @tokens, @activations)`,
  )
  const selectTop = connection.prepare(
    `SELECT feature_id AS feature, tokens ->> nominal AS token, document FROM example
     WHERE set_id = ? AND protocol = ? AND use = 'explain' AND slice = 'top' ORDER BY feature_id, id`,
  )
  const select = connection.prepare(
    `SELECT id, use, slice, document, context, position, nominal, silent, tokens, activations FROM example
     WHERE set_id = ? AND feature_id = ? AND protocol = ? ORDER BY id`,
  )
  return {
    sampledFeatures: (setId, protocol) =>
      new Set(z.array(z.number()).parse(selectSampled.all(setId, protocol))),
    protocolHashes: (setId, protocol) => z.array(z.string()).parse(selectHashes.all(setId, protocol)),
    featuresWith: (setId, protocol) => new Set(z.array(z.number()).parse(selectWith.all(setId, protocol))),
    settleStates: (setId, protocol) => void settle.run({ setId, protocol }),
    putSample: (setId, protocol, provenanceId, sample) => {
      const { feature, state, singleToken, examples, firingShare } = sample
      removeExamples.run(setId, feature, protocol)
      insertSample.run(setId, feature, protocol, provenanceId, firingShare ?? null)
      updateFeature.run(state, bit(singleToken), setId, feature)
      for (const example of examples)
        insertExample.run({
          ...example,
          setId,
          featureId: feature,
          protocol,
          silent: bit(example.silent),
          tokens: JSON.stringify(example.tokens),
          activations: JSON.stringify(example.activations),
        })
    },
    firingShare: (setId, featureId, protocol) =>
      z
        .number()
        .nullable()
        .parse(selectShare.get(setId, featureId, protocol) ?? null),
    topTokens: (setId, protocol) =>
      selectTop.all(setId, protocol).map((row) => checkRow(topSchema, row, 'example')),
    of: (setId, featureId, protocol) =>
      select.all(setId, featureId, protocol).map((row): StoredExample => checkRow(rowSchema, row, 'example')),
  }
}
