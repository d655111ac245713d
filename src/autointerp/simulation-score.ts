import type { Protocol } from '../core/protocol.ts'
import type { ControlName, ControlResult, ScoreResult, UndefinedReason } from '../core/scores.ts'
import { type Bootstrap, type ResampledGain, resampledIntervals } from './bootstrap.ts'
import {
  type FurtherScores,
  furtherScores,
  type FurtherStatistics,
  undefinedFurther,
} from './further-statistics.ts'
import { ResampledPearson } from './resampled-pearson.ts'
import type { ResampledStatistic } from './resamples.ts'
import { scoreResult, unscored } from './score-result.ts'
import {
  answeredInStrata,
  type Coverage,
  coverageBySlice,
  hasLowCoverage,
  type IndexedExample,
  type Paired,
  pairUp,
  rounded,
  type SimulatedExample,
  type SliceCoverage,
} from './simulated-examples.ts'
import { spearmanOnResamples } from './spearman-on-resamples.ts'

/** A control's predictions, example by example; null where it has none. */
export interface ControlPredictions {
  readonly name: ControlName
  readonly predicted: readonly (readonly number[] | null)[]
  /** Whether predictions are ranked as they are. Otherwise they are rounded, as the score's own. */
  readonly unrounded?: boolean
}

/** All that is known of one explanation from one simulation. */
export interface SimulationScores extends FurtherScores {
  /** The headline correlation of predictions and activations over all tokens of the answered examples. */
  readonly simulation: ScoreResult
  readonly controls: readonly ControlResult[]
  readonly coverage: SliceCoverage
}

/**
 * Scores predictions against raw activations. Predictions are rounded to integers for ranks, where noise among the
 * many silent tokens would otherwise decide the score, and taken as they are for Pearson's correlation.
 *
 * A score without a value names the first reason that holds: `callsFailed`, `lowCoverage`, `constantTruth`. A constant
 * prediction scores 0 and says so.
 *
 * @param anyReply whether at least one call got a reply
 */
export function scoreSimulation(
  examples: readonly SimulatedExample[],
  controls: readonly ControlPredictions[],
  limits: Coverage,
  bootstrap: Bootstrap,
  anyReply: boolean,
  further: FurtherStatistics = { importance: null, expectedValues: false },
): SimulationScores {
  const { headline = 'spearman', truth: side } = further
  const coverage = coverageBySlice(examples)
  if (!anyReply) return undefinedScores('callsFailed', examples, controls, coverage, further)
  if (hasLowCoverage(examples, coverage, limits))
    return undefinedScores('lowCoverage', examples, controls, coverage, further)

  const answered = answeredInStrata(examples)
  const paired = pairUp(answered, (example) => example.predicted, side)
  const complete = controls.filter((control) => answered.every(({ index }) => control.predicted[index]))
  const statistic = resampledStatistic(headline, paired, complete, answered)
  const plain = statistic.plain()
  if (plain === null) return undefinedScores('constantTruth', examples, controls, coverage, further)
  const intervals = resampledIntervals(bootstrap, paired.sizes, statistic)
  const n = paired.truth.reduce((sum, { length }) => sum + length, 0)
  const simulation = scoreResult(plain.constant[0]! ? null : plain.correlations[0]!, n, intervals?.score)
  return {
    simulation,
    ...furtherScores(answered, paired, further, bootstrap),
    controls: controls.map((control) => {
      const place = complete.indexOf(control)
      if (place < 0) return partialControl(control, answered, limits, bootstrap, headline, side)
      return controlResult(
        control.name,
        simulation.value!,
        plain.correlations[place + 1]!,
        intervals?.gains[place],
      )
    }),
    coverage,
  }
}

/** A control without a value. */
export function withoutValue(name: ControlName): ControlResult {
  return { name, value: null, gain: null, gainLow: null, gainHigh: null, p: null }
}

/** The headline's correlations of a score's predictions, then of each control's. Only ranks see rounded levels. */
function resampledStatistic(
  headline: Protocol['headline'],
  { truth, predicted }: Paired,
  controls: readonly ControlPredictions[],
  answered: readonly IndexedExample[],
): ResampledStatistic {
  if (headline === 'spearman')
    return spearmanOnResamples(truth, [
      rounded(predicted),
      ...controls.map((control) => ranked(control, answered)),
    ])
  const asTheyAre = controls.map((control) => answered.map(({ index }) => control.predicted[index]!))
  return new ResampledPearson(truth, [predicted, ...asTheyAre])
}

function ranked(
  { predicted, unrounded }: ControlPredictions,
  of: readonly IndexedExample[],
): readonly (readonly number[])[] {
  const own = of.map(({ index }) => predicted[index]!)
  return unrounded ? own : rounded(own)
}

/** A control that lacks some of the answered examples is compared on those that both have. */
function partialControl(
  control: ControlPredictions,
  answered: readonly IndexedExample[],
  limits: Coverage,
  bootstrap: Bootstrap,
  headline: Protocol['headline'],
  side: Protocol['truth'] | undefined,
): ControlResult {
  const asControl = answered.map((example) => ({
    ...example,
    predicted: control.predicted[example.index] ?? null,
  }))
  if (hasLowCoverage(asControl, coverageBySlice(asControl), limits)) return withoutValue(control.name)
  const common = answered.filter(({ index }) => control.predicted[index])
  const paired = pairUp(common, ({ predicted }) => predicted, side)
  const statistic = resampledStatistic(headline, paired, [control], common)
  const plain = statistic.plain()
  if (plain === null) return withoutValue(control.name)
  const intervals = resampledIntervals(bootstrap, paired.sizes, statistic)
  return controlResult(control.name, plain.correlations[0]!, plain.correlations[1]!, intervals?.gains[0])
}

function controlResult(
  name: ControlName,
  score: number,
  value: number,
  gain: ResampledGain | undefined,
): ControlResult {
  return {
    name,
    value,
    gain: score - value,
    gainLow: gain?.low ?? null,
    gainHigh: gain?.high ?? null,
    p: gain?.p ?? null,
  }
}

function undefinedScores(
  reason: UndefinedReason,
  examples: readonly SimulatedExample[],
  controls: readonly ControlPredictions[],
  coverage: SliceCoverage,
  further: FurtherStatistics,
): SimulationScores {
  const n = examples.reduce(
    (sum, { predicted, activations }) => sum + (predicted ? activations.length : 0),
    0,
  )
  return {
    simulation: unscored(reason, n),
    ...undefinedFurther(reason, n, further),
    controls: controls.map(({ name }) => withoutValue(name)),
    coverage,
  }
}
