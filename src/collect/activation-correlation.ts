import type { ActivationShard } from './activation-shards.ts'

/** Products that are summed at most, about: a second or two of work. */
const MOST_PRODUCTS = 1 << 30
/** Tokens beyond this add nothing to a correlation of .7. */
const MOST_TOKENS = 1 << 17
/** Sums of products held at once. */
const SUMS_PER_BLOCK = 1 << 23

/**
 * Every how many tokens one is looked at, so that correlating takes about the same time whatever the collection.
 * @param active features that fire on a token, on average
 */
export function correlationStride(tokens: number, active: number): number {
  const most = Math.min(MOST_TOKENS, MOST_PRODUCTS / Math.max(1, active * active))
  return Math.max(1, Math.ceil(tokens / most))
}

/**
 * Pairs a < b of features whose activations correlate above a limit (Pearson, over every `stride`-th token of the
 * shards): [a₀, b₀, a₁, b₁, …], ascending. Features that are silent on these tokens are in no pair.
 */
export function correlatedPairs(
  featureCount: number,
  shards: Iterable<ActivationShard>,
  stride: number,
  limit: number,
): Uint32Array {
  const sampled = sampleRows(shards, stride)
  const rows = sampled.length
  const sums = new Float64Array(featureCount)
  const squares = new Float64Array(featureCount)
  for (const { features, values } of sampled)
    for (let i = 0; i < features.length; i++) {
      sums[features[i]!]! += values[i]!
      squares[features[i]!]! += values[i]! * values[i]!
    }
  const deviations = squares.map((square, feature) =>
    Math.sqrt(square - (sums[feature]! * sums[feature]!) / rows),
  )
  const pairs: number[] = []
  const perBlock = Math.max(1, Math.floor(SUMS_PER_BLOCK / featureCount))
  for (let first = 0; first < featureCount; first += perBlock) {
    const count = Math.min(perBlock, featureCount - first)
    const products = productSums(sampled, first, count, featureCount)
    for (let a = first; a < first + count; a++)
      for (let b = a + 1; b < featureCount; b++) {
        const covariance = products[(a - first) * featureCount + b]! - (sums[a]! * sums[b]!) / rows
        if (covariance > limit * deviations[a]! * deviations[b]! && deviations[a]! * deviations[b]! > 0)
          pairs.push(a, b)
      }
  }
  return Uint32Array.from(pairs)
}

/** What fires on a token. */
interface Row {
  readonly features: Uint16Array | Uint32Array
  readonly values: Float32Array
}

function sampleRows(shards: Iterable<ActivationShard>, stride: number): Row[] {
  const sampled: Row[] = []
  for (const { start, offsets, features, values } of shards)
    for (let row = (stride - (start % stride)) % stride; row < offsets.length - 1; row += stride) {
      const [from, to] = [offsets[row]!, offsets[row + 1]!]
      // Copies, so that the shard itself is let go.
      sampled.push({ features: features.slice(from, to), values: values.slice(from, to) })
    }
  return sampled
}

/** Σ a_i a_j for features i of a block and all features j. */
function productSums(rows: readonly Row[], first: number, count: number, featureCount: number): Float64Array {
  const products = new Float64Array(count * featureCount)
  for (const { features, values } of rows)
    for (let i = 0; i < features.length; i++) {
      const own = features[i]! - first
      if (own < 0 || own >= count) continue
      const value = values[i]!
      for (let j = 0; j < features.length; j++)
        products[own * featureCount + features[j]!]! += value * values[j]!
    }
  return products
}
