import type { ExplainedRow } from '../core/export-reader.ts'
import type { ControlName } from '../core/scores.ts'
import type { ControlRecord, ExplanationRecord, FeatureSetRecord, ScoreRecord, Store } from '../core/store.ts'

/** A score with all that it is about. */
export interface ScoredRow extends ExplainedRow<ExplanationRecord> {
  readonly score: ScoreRecord
  readonly controls: ReadonlyMap<ControlName, ControlRecord>
}

/**
 * Every score of a set, of all explainers, scorers, protocols and tiers: in the order of features, explanations, scorers.
 * Scores of one explanation are in memory at a time.
 *
 * @param wants features whose scores are read
 */
export function* scoredRows(
  store: Store,
  set: FeatureSetRecord,
  wants: (feature: number) => boolean,
): Generator<ScoredRow> {
  for (const explained of store.exports.explanations(set.id)) {
    if (!wants(explained.feature.id)) continue
    for (const { score, controls } of store.exports.scores(explained.explanation.id))
      yield { ...explained, score, controls: new Map(controls.map((control) => [control.name, control])) }
  }
}
