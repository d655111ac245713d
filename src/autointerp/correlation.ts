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
  return clamp(sampleCorrelation(x.map(standardUnits(x)), y.map(standardUnits(y))))
}

/**
 * A map that changes no correlation, after which sums keep their digits: differences from the first value, so that
 * values far from 0 do not hide them, with the largest brought near 1, so that squares of tiny ones are not 0.
 */
export function standardUnits(values: readonly number[]): (value: number) => number {
  const [first = 0] = values
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value - first)), 0)
  const unit = largest === 0 ? 1 : 2 ** Math.min(1000, -Math.floor(Math.log2(largest)))
  return (value) => (value - first) * unit
}

/** Rounding can carry a perfect correlation past 1. */
function clamp(correlation: number): number {
  return Math.min(1, Math.max(-1, correlation))
}
