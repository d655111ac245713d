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

/** Values that differ by less than this share of the largest are compared by their differences alone. */
const CLOSE = 1e-3

/**
 * A map that changes no correlation, after which sums keep their digits: values that lie close together become
 * differences from the first, and the largest is brought near 1, so that squares of tiny ones are not 0. It is brought
 * there by a power of two, so that correlations of other values are the same to the last bit.
 */
export function standardUnits(values: readonly number[]): (value: number) => number {
  const [first = 0] = values
  const largestFrom = (origin: number): number =>
    values.reduce((most, value) => Math.max(most, Math.abs(value - origin)), 0)
  const [size, range] = [largestFrom(0), largestFrom(first)]
  const [origin, largest] = range < CLOSE * size ? [first, range] : [0, size]
  const unit = largest === 0 ? 1 : 2 ** Math.min(1000, -Math.floor(Math.log2(largest)))
  return (value) => (value - origin) * unit
}

/** Rounding can carry a perfect correlation past 1. */
function clamp(correlation: number): number {
  return Math.min(1, Math.max(-1, correlation))
}
