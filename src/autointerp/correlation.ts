import { sampleCorrelation, sampleRankCorrelation } from 'simple-statistics'

/** Whether all numbers are equal; true for an empty list. */
export function isConstant(values: readonly number[]): boolean {
  return values.every((value) => value === values[0])
}

/**
 * Spearman's rank correlation: Pearson's correlation of average ranks. Null where either side is constant.
 * @example
 * spearman([1, 2, 2, 3], [1, 3, 2, 4]) // 0.9486…, as scipy.stats.spearmanr
 */
export function spearman(x: readonly number[], y: readonly number[]): number | null {
  if (isConstant(x) || isConstant(y)) return null
  return clamp(sampleRankCorrelation([...x], [...y]))
}

/** Pearson's correlation. Null where either side is constant. */
export function pearson(x: readonly number[], y: readonly number[]): number | null {
  if (isConstant(x) || isConstant(y)) return null
  return clamp(sampleCorrelation([...x], [...y]))
}

/** Rounding can carry a perfect correlation past 1. */
function clamp(correlation: number): number {
  return Math.min(1, Math.max(-1, correlation))
}
