import type { ActivationShard } from './activation-shards.ts'

/** Where one feature fires: corpus tokens in ascending order with the activations there. */
export interface FeatureFirings {
  readonly feature: number
  readonly tokens: Uint32Array
  readonly activations: Float32Array
  /** The label of each token, where labels were asked for. */
  readonly labels: Uint32Array
}

/** The feature's activation at a corpus token; 0 where it does not fire. */
export function activationAt({ tokens, activations }: FeatureFirings, token: number): number {
  let low = 0
  let high = tokens.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (tokens[middle]! < token) low = middle + 1
    else high = middle
  }
  return tokens[low] === token ? activations[low]! : 0
}

/** Bytes that one firing takes in memory. */
const BYTES_PER_FIRING = 12

/**
 * Turns shards, which go token by token, into firings feature by feature. Features come in ascending order; shards
 * are read as often as the memory limit demands.
 *
 * @param firings number of firings of each feature, as counted over the same shards; 0 for those to be left out
 * @param readShards yields the shards in the order of their tokens
 * @param tokenLabels a number for every corpus token that is to come with its firings: looking it up later, firing by
 *   firing, would wait for the memory each time
 */
export function* firingsByFeature(
  firings: Uint32Array | Float64Array,
  readShards: () => Iterable<ActivationShard>,
  memoryLimit: number,
  tokenLabels: Uint32Array | null = null,
): Generator<FeatureFirings> {
  const perPass = Math.max(1, Math.floor(memoryLimit / BYTES_PER_FIRING))
  for (let first = 0; first < firings.length;) {
    let end = first
    let total = 0
    while (end < firings.length && (end === first || total + firings[end]! <= perPass))
      total += firings[end++]!
    yield* gather(first, firings.subarray(first, end), total, readShards(), tokenLabels)
    first = end
  }
}

function* gather(
  first: number,
  firings: Uint32Array | Float64Array,
  total: number,
  shards: Iterable<ActivationShard>,
  tokenLabels: Uint32Array | null,
): Generator<FeatureFirings> {
  const tokens = new Uint32Array(total)
  const activations = new Float32Array(total)
  const labels = new Uint32Array(tokenLabels ? total : 0)
  const next = new Float64Array(firings.length)
  for (let i = 1; i < firings.length; i++) next[i] = next[i - 1]! + firings[i - 1]!
  const starts = next.slice()
  for (const shard of shards) {
    const { offsets, features, values } = shard
    for (let row = 0; row < offsets.length - 1; row++) {
      const token = shard.start + row
      const label = tokenLabels ? tokenLabels[token]! : 0
      for (let entry = offsets[row]!; entry < offsets[row + 1]!; entry++) {
        const index = features[entry]! - first
        if (index < 0 || index >= firings.length || firings[index] === 0) continue
        const place = next[index]!++
        tokens[place] = token
        activations[place] = values[entry]!
        if (tokenLabels) labels[place] = label
      }
    }
  }
  for (let i = 0; i < firings.length; i++)
    yield {
      feature: first + i,
      tokens: tokens.subarray(starts[i], next[i]),
      activations: activations.subarray(starts[i], next[i]),
      labels: labels.subarray(starts[i], next[i]),
    }
}
