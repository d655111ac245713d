import type { Protocol } from '../core/protocol.ts'
import type { ScoreRecord } from '../core/store.ts'

const RANKED = 'average ranks over all tokens of the answered examples'
const CONSTANT = 'A constant prediction scores 0.'
const ERRORS =
  'of predicted levels times M / scale from activations, over all tokens of the answered examples.'

/** Predictions beside the truth, statistic by statistic. @param truth what activations count as */
function simulationFormulas(headline: Protocol['headline'], truth: string): Readonly<Record<string, string>> {
  const spearman = `Spearman: Pearson's correlation of ${RANKED}, of predictions rounded to integers (halves up) and of ${truth}. ${CONSTANT}`
  const pearson = `Pearson's correlation of predictions as they are and of ${truth}, over all tokens of the answered examples. ${CONSTANT}`
  return {
    simulation: headline === 'pearson' ? pearson : spearman,
    'simulation.pearson': pearson,
    'simulation.spearman': spearman,
    'simulation.fire_only': `Spearman's correlation, predictions rounded, over the nominal tokens that fire alone. ${CONSTANT}`,
    'simulation.weighted': `Spearman's correlation with weighted ranks R_i = sum of w_j below + half of w_j tied, w = 1 for random examples, density times the share of firings in the nominal token's interval for top and interval examples, 0 for other.`,
    'simulation.raw': `Spearman: Pearson's correlation of ${RANKED}, of predictions that are not rounded and of ${truth}. ${CONSTANT}`,
    'simulation.r2': `1 - (sum of squared differences) / (sum of squared activations), differences ${ERRORS}`,
    'simulation.absolute_deviation': `1 - (sum of absolute differences) / (sum of absolute activations), differences ${ERRORS}`,
  }
}

const BALANCED = `Balanced accuracy over the answered questions: half of (share answered yes where the truth is yes) plus half of (share answered no where the truth is no). Chance is 1/2.`
const PRECISION = (share: number | null): string =>
  `π TPR / (π TPR + (1 - π) FPR) over the answered questions: TPR the share answered yes where the truth is yes, FPR the share answered yes where it is no, π = ${share ?? 'unknown'} the share of windows in which the feature fires.`
const AUC = `Area under the ROC curve over the answered questions: the share of pairs, one question whose truth is yes and one whose truth is no, in which P(yes) of the first is larger, ties counted half. It needs three different values of P(yes).`
const INTRUDER = `Share of the answered questions whose answer is the truth. Chance is 1/5.`

const RESAMPLED = `Interval: the 2.5th and 97.5th percentile (linear between order statistics) of 1,000 resamples of`
const GAIN = (what: string): string =>
  `A gain is the score minus the control on ${what}, its interval from the same resamples, p = (1 + resamples with a gain of 0 or less) / (1 + resamples).`

/**
 * How a score's value follows from what its page shows, in words.
 *
 * @param firingShare π, for a precision
 */
export function scoreFormula(
  { scorer, low }: Pick<ScoreRecord, 'scorer' | 'low'>,
  { headline, truth }: Pick<Protocol, 'headline' | 'truth'>,
  firingShare: number | null = null,
): string {
  const simulated = scorer.startsWith('simulation')
  const value = simulated
    ? simulationFormulas(
        headline,
        truth === 'raw' ? 'activations as they are' : 'activations, negative ones taken as 0',
      )[scorer]
    : scorer.endsWith('.precision')
      ? PRECISION(firingShare)
      : scorer.endsWith('.auc')
        ? AUC
        : scorer === 'intruder'
          ? INTRUDER
          : BALANCED
  const interval = simulated
    ? `${RESAMPLED} examples within top, all intervals together, random and other. ${GAIN('the same examples')}`
    : `${RESAMPLED} the answered questions${scorer === 'intruder' ? '' : ', those of either truth by themselves'}. ${GAIN('the questions that both answered')}`
  return [value, low === null ? null : interval].filter(Boolean).join(' ')
}
