import type { Protocol } from '../core/protocol.ts'
import { quantize } from './quantize.ts'
import { ResampledPearson } from './resampled-pearson.ts'
import { ResampledSpearman } from './resampled-spearman.ts'

/**
 * What the truth itself would score once it is quantized; null where it is constant, or all of it is on one level.
 *
 * @param max the largest activation of the explain examples
 */
export function ceilingOf(
  examples: readonly { readonly activations: readonly number[] }[],
  max: number,
  { scale, rounding, headline, truth: side }: Pick<Protocol, 'scale' | 'rounding' | 'headline' | 'truth'>,
): number | null {
  const truth = examples.map(({ activations }) =>
    activations.map((activation) => (side === 'raw' ? activation : Math.max(0, activation))),
  )
  const levels = truth.map((example) =>
    example.map((activation) => quantize(activation, max, scale, rounding)),
  )
  const Statistic = headline === 'pearson' ? ResampledPearson : ResampledSpearman
  const found = new Statistic(truth, [levels]).plain()
  return found === null || found.constant[0] ? null : found.correlations[0]!
}
