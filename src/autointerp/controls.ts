/**
 * Judges that read no explanation, and what they predict. Their scores stand beside every score: what an explanation
 * is worth is what it adds to them.
 */

/** Predictions of the judge that answers 1 at the middle of every window and 0 elsewhere, and reads nothing. */
export function positionPredictions(
  examples: readonly { readonly activations: readonly number[] }[],
): number[][] {
  return examples.map(({ activations }) =>
    activations.map((_, index) => (index === activations.length >> 1 ? 1 : 0)),
  )
}

/** Predictions of the judge that answers 0 everywhere. */
export function constantPredictions(
  examples: readonly { readonly activations: readonly number[] }[],
): number[][] {
  return examples.map(({ activations }) => activations.map(() => 0))
}

/** How often a token must stand in a call before its number says anything. */
const LEAST_SEEN = 2

/**
 * Predictions of the judge that reads a call's examples and no explanation: examples of one feature have the
 * feature's tokens in common. Where a token is seen c ≥ 2 times among the call's examples and expected e times by
 * its frequency in the corpus, it predicts log((c + ½)/(e + ½)), elsewhere 0.
 *
 * @param calls indices into `examples`, call by call, as the simulator dealt them
 * @param frequency share of the corpus' eligible tokens that are this token
 */
export function compositionPredictions(
  examples: readonly { readonly tokens: readonly number[] }[],
  calls: readonly (readonly number[])[],
  frequency: (token: number) => number,
): number[][] {
  const predicted = examples.map(({ tokens }) => tokens.map(() => 0))
  for (const call of calls) {
    const seen = new Map<number, number>()
    let total = 0
    for (const index of call)
      for (const token of examples[index]!.tokens) {
        seen.set(token, (seen.get(token) ?? 0) + 1)
        total++
      }
    const levels = new Map<number, number>()
    for (const [token, count] of seen)
      if (count >= LEAST_SEEN) levels.set(token, Math.log((count + 0.5) / (total * frequency(token) + 0.5)))
    for (const index of call)
      predicted[index] = examples[index]!.tokens.map((token) => levels.get(token) ?? 0)
  }
  return predicted
}
