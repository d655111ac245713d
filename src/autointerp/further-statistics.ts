import type { Protocol } from '../core/protocol.ts'
import type { ScoreResult, UndefinedReason } from '../core/scores.ts'
import { type Bootstrap, resampledIntervals } from './bootstrap.ts'
import { isConstant, pearson, spearman } from './correlation.ts'
import { type Importance, importanceWeight, weightedSpearman } from './importance-weights.ts'
import { absoluteDeviationExplained, powerExplained } from './prediction-errors.ts'
import { scoreResult, unscored } from './score-result.ts'
import { type IndexedExample, joined, type Paired, rounded } from './simulated-examples.ts'
import { spearmanOnResamples } from './spearman-on-resamples.ts'
import { type OnResamples, pearsonOnResamples, shareOnResamples } from './sums-on-resamples.ts'

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

/** Statistics of the same predictions beside the headline, each with an interval from the same resamples. */
export interface FurtherScores {
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
}

/**
 * Computes them of answered examples, which are in the order of the strata. The weighted one has no interval.
 */
export function furtherScores(
  answered: readonly IndexedExample[],
  paired: Paired,
  { importance, expectedValues, headline = 'spearman', levelSize }: FurtherStatistics,
  bootstrap: Bootstrap,
): FurtherScores {
  const truth = joined(paired.truth)
  const predicted = joined(paired.predicted)
  const result = (value: number | null, of: OnResamples): ScoreResult =>
    scoreResult(value, truth.length, resampledIntervals(bootstrap, paired.sizes, of)?.score)
  const ranked = rounded(paired.predicted)
  return {
    pearson:
      headline === 'pearson'
        ? null
        : result(pearson(truth, predicted), pearsonOnResamples(paired.truth, paired.predicted)),
    spearman:
      headline === 'spearman'
        ? null
        : result(spearman(truth, joined(ranked)), spearmanOnResamples(paired.truth, [ranked])),
    fireOnly: fireOnly(answered, paired.sizes, bootstrap),
    weighted: importance && weighted(answered, paired, importance),
    raw: expectedValues
      ? result(spearman(truth, predicted), spearmanOnResamples(paired.truth, [paired.predicted]))
      : null,
    r2: explained(powerExplained, (difference) => difference * difference),
    absoluteDeviation: explained(absoluteDeviationExplained, Math.abs),
  }

  function explained(
    share: (truth: readonly number[], predicted: readonly number[]) => number | null,
    cost: (difference: number) => number,
  ): ScoreResult | null {
    if (levelSize === undefined) return null
    const inActivations = paired.predicted.map((levels) => levels.map((level) => level * levelSize))
    const value = share(truth, joined(inActivations))
    if (value === null) return unscored('constantTruth', truth.length)
    return { ...result(value, shareOnResamples(paired.truth, inActivations, cost)), flag: null }
  }
}

/** The same without values. */
export function undefinedFurther(
  reason: UndefinedReason,
  n: number,
  { importance, expectedValues, headline = 'spearman', levelSize }: FurtherStatistics,
): FurtherScores {
  const result = unscored(reason, n)
  return {
    pearson: headline === 'pearson' ? null : result,
    spearman: headline === 'spearman' ? null : result,
    fireOnly: result,
    weighted: importance && result,
    raw: expectedValues ? result : null,
    r2: levelSize === undefined ? null : result,
    absoluteDeviation: levelSize === undefined ? null : result,
  }
}

/** Whole examples are resampled, of which those with a silent nominal token have nothing to rank. */
function fireOnly(
  answered: readonly IndexedExample[],
  sizes: readonly number[],
  bootstrap: Bootstrap,
): ScoreResult {
  const truth = answered.map(({ silent, activations, nominal }) => (silent ? [] : [activations[nominal]!]))
  const predicted = answered.map((example) =>
    example.silent ? [] : [Math.round(example.predicted![example.nominal]!)],
  )
  const values = joined(truth)
  if (isConstant(values)) return unscored('constantTruth', values.length)
  const intervals = resampledIntervals(bootstrap, sizes, spearmanOnResamples(truth, [predicted]))
  return scoreResult(spearman(values, joined(predicted)), values.length, intervals?.score)
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
  return scoreResult(weightedSpearman(truth, predicted, weights), truth.length)
}
