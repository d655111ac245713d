import { Calibration, type CalibrationRow } from '../autointerp/calibration.ts'
import { largestActivation, quantize } from '../autointerp/quantize.ts'
import type { Tier } from '../core/scores.ts'
import { featureRows } from './feature-rows.ts'
import { currentSet } from './feature-set.ts'
import { PastScores, type PastTools } from './past-scores.ts'
import { SimulationScorer } from './simulation-scorer.ts'
import type { Study } from './study.ts'

/** True activations by predicted level over the scored features of a study, tier by tier. */
export interface CalibrationTable {
  readonly tier: Tier
  readonly features: number
  readonly rows: readonly CalibrationRow[]
}

/**
 * Reads the predictions behind a study's scores off the stored replies again and compares them with the truth.
 * @param mixed whether scores of all tiers count, see `featureRows`
 */
export async function calibrate(study: Study, tools: PastTools, mixed: boolean): Promise<CalibrationTable[]> {
  const { store } = study
  const set = currentSet(study)
  const past = new PastScores(study, set, tools)
  const tables = new Map<Tier, { features: number; calibration: Calibration }>()
  for (const { explanation, score } of featureRows(store, set, mixed)) {
    if (explanation?.text == null || score?.value == null) continue
    const made = past.open(explanation, score)
    if (typeof made === 'string') continue
    const { protocol } = made.study
    if (!(made.scorer instanceof SimulationScorer)) continue
    const predictions = await made.scorer.predictions(made.item, 0)
    if (predictions === null) continue
    const { explain, score: examples, own } = predictions
    const max = largestActivation(explain)
    const table = tables.get(score.tier) ?? { features: 0, calibration: new Calibration() }
    tables.set(score.tier, table)
    table.features++
    for (const [index, { activations }] of examples.entries()) {
      const levels = activations.map((activation) =>
        quantize(activation, max, protocol.scale, protocol.rounding),
      )
      const expected = own.predicted[index]
      if (expected) table.calibration.add(expected, activations, max, levels)
    }
  }
  return [...tables].map(([tier, { features, calibration }]) => ({
    tier,
    features,
    rows: calibration.rows(),
  }))
}
