import { z } from 'zod'
import type { ControlRecord, Store } from '../core/store.ts'
import { booleanColumn, checkRow } from './columns.ts'
import type { Connection } from './connection.ts'
import { EXPLANATION_COLUMNS, readExplanationRow } from './explanation-table.ts'
import { FEATURE_COLUMNS, readFeatureRow } from './feature-table.ts'
import { EVENT_COLUMNS, readEvent } from './rating-table.ts'
import { CONTROL_COLUMNS, readControlRow, readScoreRow, SCORE_COLUMNS } from './score-table.ts'

const explainedSchema = z.object({
  density: z.number(),
  max: z.number(),
  tokenShare: z.number().nullable(),
  singleToken: booleanColumn.nullable(),
  usd: z.number().nullable(),
  scores: z.number(),
})

const stateSchema = z.object({ state: z.string(), count: z.number() })

const countSchema = z.object({
  explainer: z.string(),
  llm: z.string().nullable(),
  scorer: z.string(),
  protocol: z.string(),
  tier: z.string(),
  undefined: z.string().nullable(),
  provenanceId: z.string(),
  count: z.number(),
})

/** What a request cost is summed once for the whole table: one line with an unknown price makes the sum unknown. */
const SELECT_EXPLAINED = `
  SELECT ${EXPLANATION_COLUMNS}, density, max, tokenShare, singleToken,
    CASE WHEN request_hash IS NULL THEN 0 ELSE cost END AS usd,
    (SELECT count(*) FROM score WHERE explanation_id = explanation.id) AS scores
  FROM explanation
  JOIN (
    SELECT set_id AS featureSet, id AS featureNumber, density, max, token_share AS tokenShare,
      single_token AS singleToken FROM feature
  ) ON featureSet = set_id AND featureNumber = feature_id
  LEFT JOIN (
    SELECT request_hash AS spentHash, CASE WHEN count(usd) = count(*) THEN sum(usd) END AS cost
    FROM spending WHERE stage = 'explain' GROUP BY request_hash
  ) ON spentHash = request_hash
  WHERE set_id = ? ORDER BY feature_id, id`

const SELECT_COUNTS = `
  SELECT explainer, llm, scorer, protocol, tier, undefined, score.provenance_id AS provenanceId, count(*) AS count
  FROM explanation JOIN score ON explanation_id = explanation.id
  WHERE set_id = ? GROUP BY explainer, llm, scorer, protocol, tier, undefined, score.provenance_id`

/** Whole tables, row by row. */
export function exportReader(connection: Connection): Store['exports'] {
  const selectScores = connection.prepare(
    `SELECT ${SCORE_COLUMNS} FROM score WHERE explanation_id = ? ORDER BY scorer, id`,
  )
  const selectControls = connection.prepare(
    `SELECT ${CONTROL_COLUMNS} FROM score JOIN control ON score_id = score.id WHERE explanation_id = ?`,
  )
  return {
    *features(setId) {
      const rows = connection.prepare(`SELECT ${FEATURE_COLUMNS} FROM feature WHERE set_id = ? ORDER BY id`)
      for (const row of rows.iterate(setId)) yield readFeatureRow(row)
    },
    states: (setId) => {
      const rows = connection.prepare(
        'SELECT state, count(*) AS count FROM feature WHERE set_id = ? GROUP BY state',
      )
      return new Map(
        rows.all(setId).map((row) => {
          const { state, count } = checkRow(stateSchema, row, 'feature')
          return [state, count]
        }),
      )
    },
    *explanations(setId) {
      for (const row of connection.prepare(SELECT_EXPLAINED).iterate(setId)) {
        const explanation = readExplanationRow(row)
        const { usd, scores, ...feature } = checkRow(explainedSchema, row, 'explanation')
        yield { feature: { id: explanation.featureId, ...feature }, explanation, usd, scores }
      }
    },
    scores: (explanationId) => {
      const controls = new Map<string, ControlRecord[]>()
      for (const row of selectControls.all(explanationId)) {
        const control = readControlRow(row)
        const others = controls.get(control.scoreId)
        if (others) others.push(control)
        else controls.set(control.scoreId, [control])
      }
      return selectScores.all(explanationId).map((row) => {
        const score = readScoreRow(row)
        return { score, controls: controls.get(score.id) ?? [] }
      })
    },
    scoreCounts: (setId) =>
      connection
        .prepare(SELECT_COUNTS)
        .all(setId)
        .map((row) => checkRow(countSchema, row, 'score')),
    explanationProvenances: (setId) =>
      z
        .array(z.string())
        .parse(
          connection
            .prepare('SELECT DISTINCT provenance_id FROM explanation WHERE set_id = ?')
            .pluck()
            .all(setId),
        ),
    featureNumbers: (setId) => {
      const numbersBy = (sql: string): number[] =>
        z.array(z.number()).parse(connection.prepare(sql).pluck().all(setId))
      return {
        all: numbersBy('SELECT id FROM feature WHERE set_id = ? ORDER BY id'),
        explained: new Set(numbersBy('SELECT DISTINCT feature_id FROM explanation WHERE set_id = ?')),
      }
    },
    exampleProtocols: (setId) =>
      z
        .array(z.string())
        .parse(
          connection
            .prepare('SELECT DISTINCT protocol FROM sample WHERE set_id = ? ORDER BY protocol')
            .pluck()
            .all(setId),
        ),
    *ratings() {
      const rows = connection.prepare(`SELECT ${EVENT_COLUMNS} FROM rating_event ORDER BY id`)
      for (const row of rows.iterate()) yield readEvent(row)
    },
    holdSnapshot: () => {
      connection.exec('BEGIN')
      return () => {
        if (connection.inTransaction) connection.exec('COMMIT')
      }
    },
  }
}
