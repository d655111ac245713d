import { z } from 'zod'
import type { BrowseChoice, BrowseRow, BrowseStore } from '../core/ratings.ts'
import type { FeatureState } from '../core/records.ts'
import { checkRow } from './columns.ts'
import type { Connection } from './connection.ts'

type RawRow = readonly [
  feature: number,
  density: number,
  max: number,
  state: FeatureState,
  tokenShare: number | null,
  score: number | null,
  gain: number | null,
]

const textSchema = z.object({ feature: z.number(), text: z.string() })
const tokenSchema = z.object({ feature: z.number(), token: z.number() })

/** The part of the store for a list of all features. STRICT tables keep the types, so that rows need no check. */
export function browseTable(connection: Connection): BrowseStore {
  const selectRows = connection
    .prepare(
      `SELECT feature.id, density, max, state, token_share, score.value, control.gain
       FROM feature
       LEFT JOIN explanation ON explanation.set_id = feature.set_id AND feature_id = feature.id
         AND explainer = @explainer AND llm IS @llm
       LEFT JOIN score ON score.explanation_id = explanation.id AND scorer = 'simulation' AND protocol = @scoring
         AND (@tier IS NULL OR tier = @tier)
       LEFT JOIN control ON score_id = score.id AND control.name = 'shuffled'
       WHERE feature.set_id = @setId ORDER BY feature.id`,
    )
    .raw()
  const selectTexts = connection.prepare(
    `SELECT feature_id AS feature, text FROM explanation
     WHERE set_id = @setId AND feature_id >= @first AND feature_id < @end AND explainer = @explainer AND llm IS @llm
       AND text IS NOT NULL`,
  )
  const selectTokens = connection.prepare(
    `SELECT feature_id AS feature, tokens ->> nominal AS token FROM example
     WHERE set_id = @setId AND feature_id >= @first AND feature_id < @end AND protocol = @protocol
       AND use = 'explain' AND slice = 'top' ORDER BY feature_id, id`,
  )
  return {
    rows: (choice) => {
      const rows: BrowseRow[] = []
      for (const raw of selectRows.iterate(choice) as IterableIterator<RawRow>) {
        const [feature, density, max, state, tokenShare, score, gain] = raw
        // Of several scores of a feature, where tiers are mixed, the first counts.
        if (rows.at(-1)?.feature === feature) continue
        rows.push({ feature, density, max, state, tokenShare, score, gain })
      }
      return rows
    },
    explanations: (choice, first, count) =>
      new Map(
        selectTexts
          .all(rangeOf(choice, first, count))
          .map((row) => checkRow(textSchema, row, 'explanation'))
          .map(({ feature, text }) => [feature, text]),
      ),
    topTokens: (choice, first, count) => {
      const tokens = new Map<number, number[]>()
      for (const row of selectTokens.all(rangeOf(choice, first, count))) {
        const { feature, token } = checkRow(tokenSchema, row, 'example')
        const ofFeature = tokens.get(feature) ?? []
        tokens.set(feature, ofFeature)
        if (!ofFeature.includes(token)) ofFeature.push(token)
      }
      return tokens
    },
  }
}

function rangeOf(choice: BrowseChoice, first: number, count: number): object {
  return { ...choice, first, end: first + count }
}
