import { z } from 'zod'
import { CONTROLS, TIERS, UNDEFINED_REASONS } from '../core/scores.ts'
import type { ControlRecord, ScoreRecord, Store } from '../core/store.ts'
import { checkRow, repeatedJsonColumn } from './columns.ts'
import type { Connection } from './connection.ts'

const scoreSchema = z.object({
  id: z.string(),
  explanationId: z.string(),
  scorer: z.string(),
  protocol: z.string(),
  tier: z.enum(TIERS),
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: z.number(),
  undefined: z.enum(UNDEFINED_REASONS).nullable(),
  flag: z.enum(['constantPrediction']).nullable(),
  ceiling: z.number().nullable(),
  digitMass: z.number().nullable(),
  coverage: repeatedJsonColumn(z.record(z.string(), z.tuple([z.int(), z.int()]))),
  failedCalls: z.number(),
  failedControlCalls: z.number(),
  unreadableCalls: z.number(),
  provenanceId: z.string(),
})

const controlSchema = z.object({
  scoreId: z.string(),
  name: z.enum(CONTROLS),
  value: z.number().nullable(),
  gain: z.number().nullable(),
  gainLow: z.number().nullable(),
  gainHigh: z.number().nullable(),
  p: z.number().nullable(),
  partner: z.number().nullable(),
})

/** The columns of a score, by the names of its record. */
export const SCORE_COLUMNS = `score.id, explanation_id AS explanationId, scorer, protocol, tier, value, low, high, n, undefined,
  flag, ceiling, digit_mass AS digitMass, coverage, failed_calls AS failedCalls, failed_control_calls AS failedControlCalls,
  unreadable_calls AS unreadableCalls, score.provenance_id AS provenanceId`
/** The columns of a control, by the names of its record. */
export const CONTROL_COLUMNS = `score_id AS scoreId, control.name, control.value, gain, gain_low AS gainLow, gain_high AS gainHigh,
  p, partner`

/** Checks a row of {@link SCORE_COLUMNS}. @throws {StoreError} `row-malformed` */
export function readScoreRow(row: unknown): ScoreRecord {
  return checkRow(scoreSchema, row, 'score')
}

/** Checks a row of {@link CONTROL_COLUMNS}. @throws {StoreError} `row-malformed` */
export function readControlRow(row: unknown): ControlRecord {
  return checkRow(controlSchema, row, 'control')
}

/** The part of the store for scores and their controls. */
export function scoreTable(connection: Connection): Store['scores'] {
  const selectAll = connection.prepare(
    `SELECT ${SCORE_COLUMNS} FROM score JOIN explanation ON explanation.id = explanation_id
     WHERE set_id = ? AND (scorer = ? OR scorer GLOB ?) ORDER BY feature_id, score.id`,
  )
  const selectOf = connection.prepare(
    `SELECT ${SCORE_COLUMNS} FROM score WHERE explanation_id = ? ORDER BY scorer, id`,
  )
  const selectControls = connection.prepare(
    `SELECT ${CONTROL_COLUMNS} FROM control JOIN score ON score.id = score_id
       JOIN explanation ON explanation.id = explanation_id
     WHERE set_id = ? AND scorer = ? ORDER BY feature_id, score_id, control.name`,
  )
  const selectControlsOf = connection.prepare(
    `SELECT ${CONTROL_COLUMNS} FROM control WHERE score_id = ? ORDER BY name`,
  )
  const removeControls = connection.prepare('DELETE FROM control WHERE score_id = ?')
  const upsert = connection.prepare(
    `INSERT INTO score VALUES (@id, @explanationId, @scorer, @protocol, @tier, @value, @low, @high, @n, @undefined, @flag,
       @ceiling, @coverage, @failedCalls, @failedControlCalls, @unreadableCalls, @provenanceId, @digitMass)
     ON CONFLICT (id) DO UPDATE SET value = @value, low = @low, high = @high, n = @n, undefined = @undefined,
       flag = @flag, ceiling = @ceiling, coverage = @coverage, failed_calls = @failedCalls,
       failed_control_calls = @failedControlCalls, unreadable_calls = @unreadableCalls, provenance_id = @provenanceId,
       digit_mass = @digitMass`,
  )
  const insertControl = connection.prepare(
    `INSERT INTO control (score_id, name, value, gain, gain_low, gain_high, p, partner)
     VALUES (@scoreId, @name, @value, @gain, @gainLow, @gainHigh, @p, @partner)`,
  )
  return {
    all: (setId, scorer) => selectAll.all(setId, scorer, `${scorer}.*`).map(readScoreRow),
    of: (explanationId) => selectOf.all(explanationId).map(readScoreRow),
    controls: (setId, scorer) => selectControls.all(setId, scorer).map(readControlRow),
    controlsOf: (scoreId) => selectControlsOf.all(scoreId).map(readControlRow),
    put: (scores, controls) => {
      for (const score of scores) {
        removeControls.run(score.id)
        upsert.run({ ...score, coverage: JSON.stringify(score.coverage) })
      }
      for (const control of controls) insertControl.run(control)
    },
  }
}
