import type { Protocol } from '../core/protocol.ts'

/**
 * The integer level of an activation on a scale from 0 to `scale`: 0 if it is not positive, else
 * min(scale, ⌈scale · a / max⌉), so that 0 means silent and every firing token has at least 1. With `floor`,
 * min(scale, ⌊scale · a / max⌋).
 * (Bills et al. 2023 round down; a judge that answers their levels exactly reaches a median Spearman of 0.93 on
 * neurons, with this rule 0.999.)
 *
 * @param max the largest activation over the tokens of the explain examples
 *
 * @example
 * quantize(0.5, 4, 9) // 2
 * quantize(-1, 4, 9) // 0
 * quantize(2.83, 4.24, 10, 'floor') // 6
 */
export function quantize(
  activation: number,
  max: number,
  scale: number,
  rounding: Protocol['rounding'] = 'ceil',
): number {
  if (!(activation > 0) || !(max > 0)) return 0
  const share = (scale * activation) / max
  return Math.min(scale, rounding === 'ceil' ? Math.ceil(share) : Math.floor(share))
}

/** The largest positive activation over the tokens of examples; 0 where none fires. */
export function largestActivation(examples: readonly { readonly activations: readonly number[] }[]): number {
  let largest = 0
  for (const { activations } of examples)
    for (const activation of activations) if (activation > largest) largest = activation
  return largest
}
