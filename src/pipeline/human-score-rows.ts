import type { ExplainedRow } from '../core/export-reader.ts'
import type { ExplanationRecord, FeatureSetRecord, Store } from '../core/store.ts'
import { type HumanScore, HumanScores } from './human-scores.ts'
import { type Cells, OF_EXPLANATION, OF_FEATURE, OF_SCORE, OF_SET } from './table-cells.ts'

/** A row of the table human_scores. */
export interface HumanScoreSource extends ExplainedRow<ExplanationRecord> {
  readonly set: FeatureSetRecord
  readonly score: HumanScore
}

/** The table human_scores. */
export const HUMAN_SCORE_CELLS: Cells<HumanScoreSource> = {
  ...OF_SET,
  ...OF_FEATURE,
  ...OF_EXPLANATION,
  ...OF_SCORE,
  session: ({ score }) => score.session,
  rater: ({ score }) => score.rater,
  item: ({ score }) => score.item,
  control_constant: ({ score }) => score.chance?.value ?? null,
  gain_constant: ({ score }) => score.chance?.gain ?? null,
  gain_constant_low: ({ score }) => score.chance?.gainLow ?? null,
  gain_constant_high: ({ score }) => score.chance?.gainHigh ?? null,
}

/** What people scored on scorers' own questions, in the order of features, explanations, sessions, raters. */
export function* humanScoreSources(
  store: Store,
  set: FeatureSetRecord,
  wants: (feature: number) => boolean,
): Generator<HumanScoreSource> {
  const people = new HumanScores(store)
  const features = new Set(people.featuresOf(set.id).filter(wants))
  if (features.size === 0) return
  for (const row of store.exports.explanations(set.id)) {
    if (!features.has(row.feature.id)) continue
    for (const score of people.of(set.id, row.feature.id))
      if (score.explanationId === row.explanation.id) yield { ...row, set, score }
  }
}
