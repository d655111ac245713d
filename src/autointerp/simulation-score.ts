import type { Slice } from '../core/protocol.ts'
import type { ControlName, ControlResult, ScoreResult, UndefinedReason } from '../core/scores.ts'
import { type Bootstrap, bootstrapIntervals, type Interval } from './bootstrap.ts'
import { isConstant, pearson, spearman } from './correlation.ts'

/** An example with what was predicted for its tokens; `predicted` is null where no answer could be read. */
export interface SimulatedExample {
  readonly slice: Slice
  readonly nominal: number
  readonly silent: boolean
  readonly activations: readonly number[]
  readonly predicted: readonly number[] | null
}

/** A control's predictions, example by example; null where it has none. */
export interface ControlPredictions {
  readonly name: ControlName
  readonly predicted: readonly (readonly number[] | null)[]
}

/** The thresholds below which too few examples were answered. */
export interface Coverage {
  readonly minimumExamples: number
  readonly minimumFiring: number
}

/** All that is known of one explanation from one simulation. */
export interface SimulationScores {
  /** Spearman's correlation of predictions and activations over all tokens of the answered examples. */
  readonly simulation: ScoreResult
  readonly pearson: ScoreResult
  /** Spearman's correlation over firing nominal tokens alone: the grading. */
  readonly fireOnly: ScoreResult
  readonly controls: readonly ControlResult[]
  /** Answered and drawn examples of each slice, in the order of the slices. */
  readonly coverage: Readonly<Record<string, readonly [answered: number, drawn: number]>>
}

/**
 * Scores predictions against raw activations. Predictions are rounded to integers for ranks, where noise among the
 * many silent tokens would otherwise decide the score, and taken as they are for Pearson's correlation.
 *
 * @param anyReply whether at least one call got a reply
 */
export function scoreSimulation(
  examples: readonly SimulatedExample[],
  controls: readonly ControlPredictions[],
  limits: Coverage,
  bootstrap: Bootstrap,
  anyReply: boolean,
): SimulationScores {
  const coverage = coverageBySlice(examples)
  if (!anyReply) return undefinedScores('callsFailed', examples, controls, coverage)
  if (hasLowCoverage(examples, coverage, limits))
    return undefinedScores('lowCoverage', examples, controls, coverage)

  const answered = inStrata(withIndex(examples).filter(({ predicted }) => predicted !== null))
  const paired = pairUp(answered, (example) => example.predicted)
  if (isConstant(paired.truth.flat())) return undefinedScores('constantTruth', examples, controls, coverage)

  const complete = controls.filter((control) => answered.every(({ index }) => control.predicted[index]))
  const completePairs = complete.map((control) => pairUp(answered, ({ index }) => control.predicted[index]!))
  const intervals = bootstrapIntervals(
    bootstrap,
    paired.sizes,
    paired.truth,
    rounded(paired.predicted),
    completePairs.map(({ predicted }) => rounded(predicted)),
  )
  const simulation = correlate(paired, intervals?.score ?? null)
  return {
    simulation,
    pearson: toResult(
      pearson(paired.truth.flat(), paired.predicted.flat()),
      paired.truth.flat().length,
      null,
    ),
    fireOnly: fireOnly(answered),
    controls: controls.map((control) => {
      const place = complete.indexOf(control)
      if (place < 0) return partialControl(control, answered, limits, bootstrap)
      const { value } = correlate(completePairs[place]!, null)
      return controlResult(control.name, simulation.value!, value!, intervals?.gains[place] ?? null)
    }),
    coverage,
  }
}

/** A score without a value. */
export function unscored(reason: UndefinedReason, n = 0): ScoreResult {
  return { value: null, low: null, high: null, n, undefined: reason, flag: null }
}

/** Predictions of the judge that answers 1 at the middle of every window and 0 elsewhere, and reads nothing. */
export function positionPredictions(
  examples: readonly { readonly activations: readonly number[] }[],
): number[][] {
  return examples.map(({ activations }) =>
    activations.map((_, index) => (index === activations.length >> 1 ? 1 : 0)),
  )
}

const STRATA = ['top', 'interval', 'random', 'other'] as const

type IndexedExample = SimulatedExample & { readonly index: number }

/** Activations and predictions of some examples, in the order of the strata, and how many each stratum has. */
interface Paired {
  readonly truth: readonly (readonly number[])[]
  readonly predicted: readonly (readonly number[])[]
  readonly sizes: readonly number[]
}

function stratumOf(slice: Slice): (typeof STRATA)[number] {
  return slice === 'top' || slice === 'random' || slice === 'other' ? slice : 'interval'
}

function withIndex(examples: readonly SimulatedExample[]): IndexedExample[] {
  return examples.map((example, index) => ({ ...example, index }))
}

function inStrata(examples: readonly IndexedExample[]): IndexedExample[] {
  return STRATA.flatMap((stratum) => examples.filter(({ slice }) => stratumOf(slice) === stratum))
}

function pairUp(
  examples: readonly IndexedExample[],
  predictedOf: (example: IndexedExample) => readonly number[] | null,
): Paired {
  return {
    truth: examples.map(({ activations }) => activations.map((activation) => Math.max(0, activation))),
    predicted: examples.map((example) => predictedOf(example)!),
    sizes: STRATA.map((stratum) => examples.filter(({ slice }) => stratumOf(slice) === stratum).length),
  }
}

function coverageBySlice(examples: readonly SimulatedExample[]): Record<string, readonly [number, number]> {
  const coverage: Record<string, [number, number]> = {}
  for (const { slice, predicted } of examples) {
    const counts = (coverage[slice] ??= [0, 0])
    if (predicted !== null) counts[0]++
    counts[1]++
  }
  return coverage
}

function hasLowCoverage(
  examples: readonly SimulatedExample[],
  coverage: SimulationScores['coverage'],
  { minimumExamples, minimumFiring }: Coverage,
): boolean {
  const answered = examples.filter(({ predicted }) => predicted !== null)
  const firing = answered.filter(({ activations }) => activations.some((activation) => activation > 0))
  return (
    answered.length < minimumExamples ||
    firing.length < minimumFiring ||
    answered.length < examples.length / 2 ||
    Object.values(coverage).some(([some]) => some === 0)
  )
}

/** A control that lacks some of the answered examples is compared on those that both have. */
function partialControl(
  control: ControlPredictions,
  answered: readonly IndexedExample[],
  limits: Coverage,
  bootstrap: Bootstrap,
): ControlResult {
  const none: ControlResult = { name: control.name, value: null, gain: null, gainLow: null, gainHigh: null }
  const asControl = answered.map((example) => ({
    ...example,
    predicted: control.predicted[example.index] ?? null,
  }))
  if (hasLowCoverage(asControl, coverageBySlice(asControl), limits)) return none
  const common = answered.filter(({ index }) => control.predicted[index])
  const ofScore = pairUp(common, ({ predicted }) => predicted)
  const ofControl = pairUp(common, ({ index }) => control.predicted[index]!)
  if (isConstant(ofScore.truth.flat())) return none
  const intervals = bootstrapIntervals(bootstrap, ofScore.sizes, ofScore.truth, rounded(ofScore.predicted), [
    rounded(ofControl.predicted),
  ])
  const score = correlate(ofScore, null).value!
  return controlResult(control.name, score, correlate(ofControl, null).value!, intervals?.gains[0] ?? null)
}

function controlResult(
  name: ControlName,
  score: number,
  value: number,
  gain: Interval | null,
): ControlResult {
  return { name, value, gain: score - value, gainLow: gain?.low ?? null, gainHigh: gain?.high ?? null }
}

function rounded(predicted: readonly (readonly number[])[]): number[][] {
  return predicted.map((example) => example.map(Math.round))
}

function correlate({ truth, predicted }: Paired, interval: Interval | null): ScoreResult {
  const flat = truth.flat()
  return toResult(spearman(flat, rounded(predicted).flat()), flat.length, interval)
}

/** A correlation that is null only because predictions are constant counts as 0. */
function toResult(correlation: number | null, n: number, interval: Interval | null): ScoreResult {
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
    : toResult(spearman(truth, predicted), truth.length, null)
}

function undefinedScores(
  reason: UndefinedReason,
  examples: readonly SimulatedExample[],
  controls: readonly ControlPredictions[],
  coverage: SimulationScores['coverage'],
): SimulationScores {
  const n = examples.reduce(
    (sum, { predicted, activations }) => sum + (predicted ? activations.length : 0),
    0,
  )
  const result = unscored(reason, n)
  return {
    simulation: result,
    pearson: result,
    fireOnly: result,
    controls: controls.map(({ name }) => ({ name, value: null, gain: null, gainLow: null, gainHigh: null })),
    coverage,
  }
}
