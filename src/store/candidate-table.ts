import { z } from 'zod'
import type { CandidateRecord, CandidateTable } from '../core/candidates.ts'
import { bit, booleanColumn, checkRow, jsonColumn } from './columns.ts'
import type { Connection } from './connection.ts'

const rowSchema = z.object({
  explanationId: z.string(),
  place: z.number(),
  revises: z.number().nullable(),
  text: z.string().nullable(),
  problem: z.enum(['callFailed', 'unreadable']).nullable(),
  requestHash: z.string(),
  chosen: booleanColumn,
  value: z.number().nullable(),
  undefined: z.string().nullable(),
  n: z.number(),
  failedCalls: z.number(),
  unreadableCalls: z.number(),
  simulations: jsonColumn(z.array(z.string())),
  provenanceId: z.string().nullable(),
})

const COLUMNS = `explanation_id AS explanationId, place, revises, candidate.text, candidate.problem,
  candidate.request_hash AS requestHash, chosen, value, undefined, n, failed_calls AS failedCalls,
  unreadable_calls AS unreadableCalls, simulations, candidate.provenance_id AS provenanceId`

/** The part of the store for explanations among which one was chosen. */
export function candidateTable(connection: Connection): CandidateTable {
  const selectAll = connection.prepare(
    `SELECT ${COLUMNS} FROM candidate JOIN explanation ON explanation.id = explanation_id
     WHERE set_id = ? ORDER BY feature_id, explanation_id, place`,
  )
  const selectOf = connection.prepare(
    `SELECT ${COLUMNS} FROM candidate WHERE explanation_id = ? ORDER BY place`,
  )
  const remove = connection.prepare('DELETE FROM candidate WHERE explanation_id = ?')
  const insert = connection.prepare(
    `INSERT INTO candidate VALUES (@explanationId, @place, @revises, @text, @problem, @requestHash, @chosen, @value,
       @undefined, @n, @failedCalls, @unreadableCalls, @simulations, @provenanceId)`,
  )
  const read = (row: unknown): CandidateRecord => checkRow(rowSchema, row, 'candidate')
  return {
    all: (setId) => selectAll.all(setId).map(read),
    of: (explanationId) => selectOf.all(explanationId).map(read),
    put: (explanationId, candidates) => {
      remove.run(explanationId)
      for (const candidate of candidates)
        insert.run({
          ...candidate,
          explanationId,
          chosen: bit(candidate.chosen),
          simulations: JSON.stringify(candidate.simulations),
        })
    },
  }
}
