import { z } from 'zod'
import type { ExplanationRecord, Store } from '../core/store.ts'
import { checkRow } from './columns.ts'
import type { Connection } from './connection.ts'

const rowSchema = z.object({
  id: z.string(),
  setId: z.string(),
  featureId: z.number(),
  explainer: z.string(),
  llm: z.string().nullable(),
  text: z.string().nullable(),
  problem: z.enum(['callFailed', 'unreadable']).nullable(),
  requestHash: z.string().nullable(),
  provenanceId: z.string(),
})

/** The columns of an explanation, by the names of its record. */
export const EXPLANATION_COLUMNS = `id, set_id AS setId, feature_id AS featureId, explainer, llm, text, problem, request_hash AS requestHash,
  provenance_id AS provenanceId`

/** Checks a row of {@link EXPLANATION_COLUMNS}. @throws {StoreError} `row-malformed` */
export function readExplanationRow(row: unknown): ExplanationRecord {
  return checkRow(rowSchema, row, 'explanation')
}

/** The part of the store for explanations. */
export function explanationTable(connection: Connection): Store['explanations'] {
  const selectAll = connection.prepare(
    `SELECT ${EXPLANATION_COLUMNS} FROM explanation WHERE set_id = ? ORDER BY feature_id, id`,
  )
  const selectOf = connection.prepare(
    `SELECT ${EXPLANATION_COLUMNS} FROM explanation WHERE set_id = ? AND feature_id = ? ORDER BY explainer, id`,
  )
  const upsert = connection.prepare(
    `INSERT INTO explanation (id, set_id, feature_id, explainer, llm, text, problem, request_hash, created, provenance_id)
     VALUES (@id, @setId, @featureId, @explainer, @llm, @text, @problem, @requestHash, @created, @provenanceId)
     ON CONFLICT (id) DO UPDATE SET text = @text, problem = @problem, request_hash = @requestHash, created = @created,
       provenance_id = @provenanceId`,
  )
  const selectText = connection.prepare('SELECT text FROM explanation WHERE id = ?').pluck()
  const removeControls = connection.prepare(
    'DELETE FROM control WHERE score_id IN (SELECT id FROM score WHERE explanation_id = ?)',
  )
  const removeScores = connection.prepare('DELETE FROM score WHERE explanation_id = ?')
  return {
    all: (setId) => selectAll.all(setId).map(readExplanationRow),
    of: (setId, featureId) => selectOf.all(setId, featureId).map(readExplanationRow),
    put: (record, created) => {
      const earlier = selectText.get(record.id)
      // A call has got its reply since, and changed the choice: the scores of the old text are not the new one's.
      if (typeof earlier === 'string' && earlier !== record.text) {
        removeControls.run(record.id)
        removeScores.run(record.id)
      }
      upsert.run({ ...record, created: created.toISOString() })
    },
  }
}
