import type { Slice } from '../core/protocol.ts'
import { isConstant } from './correlation.ts'
import { flatTokens, groupValues } from './grouped-values.ts'

/**
 * The share of a feature's firing tokens in each of `intervals` equal parts of (0, max], from a histogram over the
 * same range. A bin across a border counts in proportion; where the number of bins is a multiple of the number of
 * parts, shares are exact.
 */
export function intervalShares(histogram: readonly number[], intervals: number): number[] {
  const total = histogram.reduce((sum, count) => sum + count, 0)
  const shares = Array.from({ length: intervals }, () => 0)
  if (total === 0) return shares
  // In units of (number of bins · number of parts)⁻¹ of the range all borders are whole numbers.
  const bins = histogram.length
  for (const [bin, count] of histogram.entries())
    for (let part = Math.floor((bin * intervals) / bins); part * bins < (bin + 1) * intervals; part++) {
      const inside =
        Math.min((bin + 1) * intervals, (part + 1) * bins) - Math.max(bin * intervals, part * bins)
      shares[part]! += (count * inside) / intervals / total
    }
  return shares
}

/** What importance weights of a feature's tokens are made of. */
export interface Importance {
  readonly density: number
  /** The largest activation in the collection. */
  readonly max: number
  /** Share of its firing tokens in each part of (0, max], see {@link intervalShares}. */
  readonly shares: readonly number[]
}

/**
 * The weight of an example's tokens: 1 for `random` ones; density · p_k for `top` and interval ones, k the part of
 * (0, max] that the nominal token's activation lies in; 0 for all others, which stand for no share of the corpus.
 */
export function importanceWeight(
  {
    slice,
    nominal,
    activations,
  }: {
    readonly slice: Slice
    readonly nominal: number
    readonly activations: readonly number[]
  },
  { density, max, shares }: Importance,
): number {
  if (slice === 'random') return 1
  if (slice !== 'top' && !slice.startsWith('interval')) return 0
  const part = Math.ceil((shares.length * activations[nominal]!) / max) - 1
  return density * (shares[Math.min(Math.max(part, 0), shares.length - 1)] ?? 0)
}

/**
 * Spearman's correlation of weighted values: Pearson's weighted correlation of weighted ranks
 * R_i = Σ_{x_j < x_i} w_j + ½ Σ_{x_j = x_i} w_j. Whole weights are the same as repeating a value that often.
 * Null where either side is constant over what has weight, or nothing has.
 */
export function weightedSpearman(
  x: readonly number[],
  y: readonly number[],
  weights: readonly number[],
): number | null {
  const [left, right, mass]: [number[], number[], number[]] = [[], [], []]
  for (let index = 0; index < weights.length; index++) {
    if (!(weights[index]! > 0)) continue
    left.push(x[index]!)
    right.push(y[index]!)
    mass.push(weights[index]!)
  }
  if (isConstant(left) || isConstant(right)) return null
  return weightedPearson(weightedRanks(left, mass), weightedRanks(right, mass), mass)
}

function weightedRanks(values: readonly number[], weights: readonly number[]): Float64Array {
  const { groups, groupOf } = groupValues(flatTokens([values]))
  const tied = new Float64Array(groups)
  for (let index = 0; index < values.length; index++) tied[groupOf[index]!]! += weights[index]!
  const rankOf = new Float64Array(groups)
  let below = 0
  for (let group = 0; group < groups; group++) {
    rankOf[group] = below + tied[group]! / 2
    below += tied[group]!
  }
  return Float64Array.from(groupOf, (group) => rankOf[group]!)
}

function weightedPearson(x: Float64Array, y: Float64Array, weights: readonly number[]): number {
  let [total, sumX, sumY] = [0, 0, 0]
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index]!
    total += weight
    sumX += weight * x[index]!
    sumY += weight * y[index]!
  }
  const [meanX, meanY] = [sumX / total, sumY / total]
  let [together, spreadX, spreadY] = [0, 0, 0]
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index]!
    const [a, b] = [x[index]! - meanX, y[index]! - meanY]
    together += weight * a * b
    spreadX += weight * a * a
    spreadY += weight * b * b
  }
  return Math.min(1, Math.max(-1, together / Math.sqrt(spreadX * spreadY)))
}
