import { correlateRanks, MOST_TOKENS } from './rank-kernel.ts'
import { type RankedTokens, rankedTokens } from './ranked-tokens.ts'
import { ResampledSpearman } from './resampled-spearman.ts'
import { everyOnce, type ResampledStatistic, type Resamples } from './resamples.ts'

/**
 * Spearman's correlations of one truth with several predictions on resamples, by a kernel that takes eight resamples at
 * once in 32-bit integers; where resamples could have too many tokens for these, by {@link ResampledSpearman}. Both
 * give the same bits.
 *
 * @param truth activations by example and token
 * @param predictions one or more sets of predictions for the same tokens
 */
export function spearmanOnResamples(
  truth: readonly (readonly number[])[],
  predictions: readonly (readonly (readonly number[])[])[],
): ResampledStatistic {
  // No resample has more tokens than its longest example as often as there are examples.
  const longest = truth.reduce((most, { length }) => Math.max(most, length), 1)
  return longest * truth.length > MOST_TOKENS
    ? new ResampledSpearman(truth, predictions)
    : new KernelSpearman(truth, predictions)
}

class KernelSpearman implements ResampledStatistic {
  readonly #tokens: RankedTokens

  constructor(
    truth: readonly (readonly number[])[],
    predictions: readonly (readonly (readonly number[])[])[],
  ) {
    this.#tokens = rankedTokens(truth, predictions)
  }

  onResamples(resamples: Resamples, from: number, to: number): Float64Array[] {
    return correlateRanks(this.#tokens, resamples, from, to)
  }

  plain(): { readonly correlations: Float64Array; readonly constant: readonly boolean[] } | null {
    const found = correlateRanks(this.#tokens, everyOnce(this.#tokens.lengths.length), 0, 1)
    const correlations = Float64Array.from(found, ([only]) => only!)
    return correlations.some(Number.isNaN) ? null : { correlations, constant: this.#tokens.constant }
  }
}
