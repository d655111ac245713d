import type { Protocol } from '../core/protocol.ts'
import type { ControlName, ControlResult, ScoreResult, UndefinedReason } from '../core/scores.ts'
import { type Bootstrap, type Interval, type ResampledGain, resampledIntervals } from './bootstrap.ts'
import { isConstant, pearson, spearman } from './correlation.ts'
import { type Importance, importanceWeight, weightedSpearman } from './importance-weights.ts'
import { absoluteDeviationExplained, powerExplained } from './prediction-errors.ts'
import { ResampledPearson } from './resampled-pearson.ts'
import type { ResampledStatistic } from './resamples.ts'
import {
  answeredInStrata,
  type Coverage,
  coverageBySlice,
  hasLowCoverage,
  type IndexedExample,
  type Paired,
  joined,
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

/** Statistics that not every simulation has. */
export interface FurtherStatistics {
  /** What importance weights are made of; null where it is not known. */
  readonly importance: Importance | null
  /** Whether predictions are expected values, which differ from the integers that ranks see. */
  readonly expectedValues: boolean
  /** The statistic that is the score, and that of controls and gains; Spearman's by default. */
  readonly headline?: Protocol['headline']
  /** What predictions are compared with; the positive side of activations by default. */
  readonly truth?: Protocol['truth']
  /** The activation that one level stands for; with it, errors are measured. */
  readonly levelSize?: number
}

/** All that is known of one explanation from one simulation. */
export interface SimulationScores {
  /** The headline correlation of predictions and activations over all tokens of the answered examples. */
  readonly simulation: ScoreResult
  /** Pearson's correlation beside a Spearman's headline; null where it is the headline. */
  readonly pearson: ScoreResult | null
  /** Spearman's correlation beside a Pearson's headline; null where it is the headline. */
  readonly spearman: ScoreResult | null
  /** Spearman's correlation over firing nominal tokens alone: the grading. */
  readonly fireOnly: ScoreResult
  /** Spearman's correlation with importance weights; null where what they are made of is not known. */
  readonly weighted: ScoreResult | null
  /** Spearman's correlation with expected values as they are; null where predictions are integers. */
  readonly raw: ScoreResult | null
  /** The share of the truth's power that is explained; null where errors are not measured. */
  readonly r2: ScoreResult | null
  /** The same of absolute deviations. */
  readonly absoluteDeviation: ScoreResult | null
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
  const { importance, expectedValues, headline = 'spearman', truth: side, levelSize } = further
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
  const truth = joined(paired.truth)
  const predicted = joined(paired.predicted)
  const n = truth.length
  const simulation = toResult(plain.constant[0]! ? null : plain.correlations[0]!, n, intervals?.score)
  return {
    simulation,
    pearson: headline === 'pearson' ? null : toResult(pearson(truth, predicted), n),
    spearman: headline === 'spearman' ? null : toResult(spearman(truth, predicted.map(Math.round)), n),
    fireOnly: fireOnly(answered),
    weighted: importance && weighted(answered, paired, importance),
    raw: expectedValues ? toResult(spearman(truth, predicted), n) : null,
    r2: explained(powerExplained, truth, predicted, levelSize),
    absoluteDeviation: explained(absoluteDeviationExplained, truth, predicted, levelSize),
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

/** A score without a value. */
export function unscored(reason: UndefinedReason, n = 0): ScoreResult {
  return { value: null, low: null, high: null, n, undefined: reason, flag: null }
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

function explained(
  share: (truth: readonly number[], predicted: readonly number[]) => number | null,
  truth: readonly number[],
  predicted: readonly number[],
  levelSize: number | undefined,
): ScoreResult | null {
  if (levelSize === undefined) return null
  const value = share(
    truth,
    predicted.map((level) => level * levelSize),
  )
  return value === null
    ? unscored('constantTruth', truth.length)
    : { ...toResult(value, truth.length), flag: null }
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

/** A correlation that is null only because predictions are constant counts as 0. */
function toResult(correlation: number | null, n: number, interval?: Interval): ScoreResult {
  return {
    value: correlation ?? 0,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
    n,
    undefined: null,
    flag: correlation === null ? 'constantPrediction' : null,
  }
}

function fireOnly(answered: readonly IndexedExample[]): ScoreResult {
  const firing = answered.filter(({ silent }) => !silent)
  const truth = firing.map(({ activations, nominal }) => activations[nominal]!)
  const predicted = firing.map((example) => Math.round(example.predicted![example.nominal]!))
  return isConstant(truth)
    ? unscored('constantTruth', truth.length)
    : toResult(spearman(truth, predicted), truth.length)
}

function weighted(answered: readonly IndexedExample[], paired: Paired, importance: Importance): ScoreResult {
  const truth: number[] = []
  const predicted: number[] = []
  const weights: number[] = []
  for (const [place, example] of answered.entries()) {
    const weight = importanceWeight(example, importance)
    if (weight <= 0) continue
    for (const [token, activation] of paired.truth[place]!.entries()) {
      truth.push(activation)
      predicted.push(Math.round(paired.predicted[place]![token]!))
      weights.push(weight)
    }
  }
  if (isConstant(truth)) return unscored('constantTruth', truth.length)
  return toResult(weightedSpearman(truth, predicted, weights), truth.length)
}

function undefinedScores(
  reason: UndefinedReason,
  examples: readonly SimulatedExample[],
  controls: readonly ControlPredictions[],
  coverage: SliceCoverage,
  { importance, expectedValues, headline = 'spearman', levelSize }: FurtherStatistics,
): SimulationScores {
  const n = examples.reduce(
    (sum, { predicted, activations }) => sum + (predicted ? activations.length : 0),
    0,
  )
  const result = unscored(reason, n)
  return {
    simulation: result,
    pearson: headline === 'pearson' ? null : result,
    spearman: headline === 'spearman' ? null : result,
    fireOnly: result,
    weighted: importance && result,
    raw: expectedValues ? result : null,
    r2: levelSize === undefined ? null : result,
    absoluteDeviation: levelSize === undefined ? null : result,
    controls: controls.map(({ name }) => withoutValue(name)),
    coverage,
  }
}
