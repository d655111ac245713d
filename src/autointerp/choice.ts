import { isConstant, spearman } from './correlation.ts'

/** How well an explanation predicts the examples on which one is chosen. `value` is null where `undefined` says why. */
export interface ChoiceValue {
  readonly value: number | null
  readonly undefined: 'callsFailed' | 'lowCoverage' | 'constantTruth' | null
  /** Tokens that count. */
  readonly n: number
}

/**
 * Spearman's correlation of predictions, rounded, and positive activations over all tokens of the answered examples;
 * 0 where the prediction is constant. No value where less than half of the examples are answered.
 *
 * @param predicted by example; null where no answer could be read
 */
export function choiceValue(
  examples: readonly { readonly activations: readonly number[] }[],
  predicted: readonly (readonly number[] | null)[],
  anyReply: boolean,
): ChoiceValue {
  const truth: number[] = []
  const prediction: number[] = []
  let answered = 0
  for (const [index, { activations }] of examples.entries()) {
    const levels = predicted[index]
    if (!levels) continue
    answered++
    truth.push(...activations.map((activation) => Math.max(0, activation)))
    prediction.push(...levels.map(Math.round))
  }
  const n = truth.length
  if (!anyReply) return { value: null, undefined: 'callsFailed', n }
  if (answered === 0 || 2 * answered < examples.length) return { value: null, undefined: 'lowCoverage', n }
  if (isConstant(truth)) return { value: null, undefined: 'constantTruth', n }
  return { value: spearman(truth, prediction) ?? 0, undefined: null, n }
}

/** The place of the largest value, the first of several; 0 where nothing has a value. */
export function bestPlace(values: readonly (number | null)[]): number {
  let best: number | null = null
  for (const [place, value] of values.entries())
    if (value !== null && (best === null || value > values[best]!)) best = place
  return best ?? 0
}
