import type { ExplanationRecord, FeatureRecord, FeatureSetRecord, Store } from '../core/store.ts'
import type { Row } from '../export/table.ts'
import { HumanScores } from './human-scores.ts'

/**
 * What people scored on scorers' own questions, as rows: in the order of features, sessions, raters.
 * @param describe the columns of feature and explanation
 */
export function* humanScoreRows(
  store: Store,
  set: FeatureSetRecord,
  wants: (
    feature: FeatureRecord,
    score: { readonly scorer: string; readonly value: number | null },
  ) => boolean,
  describe: (feature: FeatureRecord, explanation: ExplanationRecord) => Row,
): Generator<Row> {
  const people = new HumanScores(store)
  for (const id of people.featuresOf(set.id)) {
    const feature = store.features.get(set.id, id)
    if (!feature) continue
    const explanations = new Map(
      store.explanations.of(set.id, id).map((explanation) => [explanation.id, explanation]),
    )
    for (const score of people.of(set.id, id)) {
      if (!wants(feature, score)) continue
      const { session, rater, item, scorer, protocol, value, low, high, n, flag, coverage, chance } = score
      yield {
        ...describe(feature, explanations.get(score.explanationId)!),
        session,
        rater,
        item,
        scorer,
        protocol,
        value,
        low,
        high,
        n,
        undefined: score.undefined,
        flag,
        coverage,
        control_constant: chance?.value ?? null,
        gain_constant: chance?.gain ?? null,
        gain_constant_low: chance?.gainLow ?? null,
        gain_constant_high: chance?.gainHigh ?? null,
      }
    }
  }
}
