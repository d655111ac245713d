import { z } from 'zod'
import type { Store } from '../core/store.ts'
import { checkRow } from './columns.ts'
import type { Connection } from './connection.ts'
import { EXPLANATION_COLUMNS, readExplanationRow } from './explanation-table.ts'
import { FEATURE_COLUMNS, readFeatureRow } from './feature-table.ts'

const ratingSchema = z.object({
  id: z.string(),
  session: z.string(),
  rater: z.string(),
  item: z.string(),
  kind: z.string(),
  payload: z.string().nullable(),
  created: z.string(),
})

const costSchema = z.object({ hash: z.string(), usd: z.number().nullable() })

/** Whole tables, row by row. */
export function exportReader(connection: Connection): Store['exports'] {
  const hasTable = (name: string): boolean =>
    connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !==
    undefined
  return {
    *features(setId) {
      const rows = connection.prepare(`SELECT ${FEATURE_COLUMNS} FROM feature WHERE set_id = ? ORDER BY id`)
      for (const row of rows.iterate(setId)) yield readFeatureRow(row)
    },
    *explanations(setId) {
      const rows = connection.prepare(
        `SELECT ${EXPLANATION_COLUMNS} FROM explanation WHERE set_id = ? ORDER BY feature_id, id`,
      )
      for (const row of rows.iterate(setId)) yield readExplanationRow(row)
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
    explainingCosts: () => {
      const rows = connection
        .prepare(
          `SELECT request_hash AS hash, CASE WHEN count(usd) = count(*) THEN sum(usd) END AS usd
           FROM spending WHERE stage = 'explain' GROUP BY request_hash`,
        )
        .all()
      return new Map(
        rows.map((row) => {
          const { hash, usd } = checkRow(costSchema, row, 'spending')
          return [hash, usd]
        }),
      )
    },
    *ratings() {
      if (!hasTable('rating_event')) return
      const rows = connection.prepare(
        `SELECT CAST(id AS TEXT) AS id, session, rater, item, kind, CAST(payload AS TEXT) AS payload, created
         FROM rating_event ORDER BY id`,
      )
      for (const row of rows.iterate()) yield checkRow(ratingSchema, row, 'rating_event')
    },
    holdSnapshot: () => {
      connection.exec('BEGIN')
      return () => {
        if (connection.inTransaction) connection.exec('COMMIT')
      }
    },
  }
}
