import type { ActivationShard } from './activation-shards.ts'
import type { FeatureFirings } from './firings.ts'

/** Firings and largest activation of every feature. Totals over disjoint runs of tokens merge in any order. */
export class FiringTotals {
  readonly firings: Float64Array
  readonly maxima: Float32Array

  constructor(features: number) {
    this.firings = new Float64Array(features)
    this.maxima = new Float32Array(features)
  }

  add({ features, values }: Pick<ActivationShard, 'features' | 'values'>): void {
    for (let entry = 0; entry < values.length; entry++) {
      const feature = features[entry]!
      this.firings[feature]!++
      if (values[entry]! > this.maxima[feature]!) this.maxima[feature] = values[entry]!
    }
  }
}

/** Counts in bins of equal width over (0, max]; the last bin includes its upper end. */
export function activationHistogram(activations: Float32Array, max: number, bins: number): number[] {
  const counts = Array.from({ length: bins }, () => 0)
  for (const activation of activations) counts[Math.min(bins - 1, Math.floor((activation / max) * bins))]!++
  return counts
}

/** How often each token of the vocabulary occurs among the eligible tokens of a corpus. */
export function tokenCounts(
  ids: Uint16Array | Uint32Array,
  eligible: Uint8Array,
  vocabularySize: number,
): Float64Array {
  const counts = new Float64Array(vocabularySize)
  for (let i = 0; i < ids.length; i++) if (eligible[i]) counts[ids[i]!]!++
  return counts
}

/**
 * Token share η²: how much of the variance of a feature's activations over all eligible tokens lies between
 * tokens of the vocabulary, 0 to 1 (a feature that is a function of the token alone has 1).
 *
 *     η² = (Σ_v S_v²/N_v − S²/N) / (Σ a² − S²/N)
 *
 * with S_v the sum of activations at token v, N_v its occurrences, S and N the totals. Null for a feature that
 * never fires or fires everywhere alike.
 *
 * @param scratch zeros, one per token of the vocabulary; zeros again on return
 */
export function tokenShare(
  firings: FeatureFirings,
  ids: Uint16Array | Uint32Array,
  counts: Float64Array,
  eligible: number,
  scratch: Float64Array,
): number | null {
  let sum = 0
  let squares = 0
  for (let i = 0; i < firings.tokens.length; i++) {
    const activation = firings.activations[i]!
    scratch[ids[firings.tokens[i]!]!]! += activation
    sum += activation
    squares += activation * activation
  }
  let between = 0
  for (let i = 0; i < firings.tokens.length; i++) {
    const token = ids[firings.tokens[i]!]!
    between += (scratch[token]! * scratch[token]!) / counts[token]!
    scratch[token] = 0
  }
  const correction = (sum * sum) / eligible
  const total = squares - correction
  return total > 0 ? Math.min(1, Math.max(0, (between - correction) / total)) : null
}
