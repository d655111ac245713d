import type { ControlName } from '../core/scores.ts'
import type {
  ControlRecord,
  ExplanationRecord,
  FeatureRecord,
  FeatureSetRecord,
  ScoreRecord,
  Store,
} from '../core/store.ts'

/** A score with all that it is about. */
export interface ScoredRow {
  readonly set: FeatureSetRecord
  readonly feature: FeatureRecord
  readonly explanation: ExplanationRecord
  readonly score: ScoreRecord
  readonly controls: ReadonlyMap<ControlName, ControlRecord>
}

/** An explanation with the feature that it is about. */
export interface ExplainedFeature {
  readonly feature: FeatureRecord
  readonly explanation: ExplanationRecord
}

/** Every explanation of a set, whatever made it: in the order of features, then ids. One feature is in memory at a time. */
export function* explainedFeatures(store: Store, set: FeatureSetRecord): Generator<ExplainedFeature> {
  let feature: FeatureRecord | null = null
  for (const explanation of store.exports.explanations(set.id)) {
    if (feature?.id !== explanation.featureId) feature = store.features.get(set.id, explanation.featureId)
    if (feature) yield { feature, explanation }
  }
}

/** Every score of a set, of all explainers, scorers, protocols and tiers: in the order of features, explanations, scorers. */
export function* scoredRows(store: Store, set: FeatureSetRecord): Generator<ScoredRow> {
  for (const { feature, explanation } of explainedFeatures(store, set))
    for (const score of store.scores.of(explanation.id)) {
      const controls = new Map(store.scores.controlsOf(score.id).map((control) => [control.name, control]))
      yield { set, feature, explanation, score, controls }
    }
}
