/**
 * The share of the truth's power that predictions explain: R² = 1 − mean((t − p)²) / mean(t²), as Bills et al. (2023)
 * have it: not centred, so that predicting 0 everywhere gives 0. Null where the truth is 0 everywhere.
 */
export function powerExplained(truth: readonly number[], predicted: readonly number[]): number | null {
  return shareExplained(truth, predicted, (value) => value * value)
}

/** The same of absolute values: 1 − mean|t − p| / mean|t|. Null where the truth is 0 everywhere. */
export function absoluteDeviationExplained(
  truth: readonly number[],
  predicted: readonly number[],
): number | null {
  return shareExplained(truth, predicted, Math.abs)
}

function shareExplained(
  truth: readonly number[],
  predicted: readonly number[],
  cost: (value: number) => number,
): number | null {
  let error = 0
  let whole = 0
  for (const [i, value] of truth.entries()) {
    error += cost(value - predicted[i]!)
    whole += cost(value)
  }
  return whole > 0 ? 1 - error / whole : null
}
