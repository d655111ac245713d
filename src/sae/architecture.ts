import type { FloatMatrix } from '../core/tensor.ts'

/**
 * Sparse autoencoders: f = act((x − b_dec) W_enc + b_enc), x̂ = f W_dec + b_dec.
 * `relu`: act = ReLU, sparse through an L1 penalty (Bricken et al. 2023). `topk`: ReLU of the k largest
 * pre-activations (Gao et al. 2024).
 */
export type Architecture = { readonly kind: 'relu' } | { readonly kind: 'topk'; readonly k: number }

/** Parameters, named and laid out as SAELens does: `wEnc` [dIn, features], `wDec` [features, dIn]. */
export interface SaeWeights {
  readonly wEnc: FloatMatrix
  readonly bEnc: Float32Array
  readonly wDec: FloatMatrix
  readonly bDec: Float32Array
}

/** Names of the parameters in the order in which they are updated and stored. */
export const PARAMETERS = ['W_enc', 'b_enc', 'W_dec', 'b_dec'] as const
/** The name of a parameter. */
export type ParameterName = (typeof PARAMETERS)[number]

/** The shape of a parameter. */
export function parameterShape(name: ParameterName, dIn: number, features: number): number[] {
  switch (name) {
    case 'W_enc':
      return [dIn, features]
    case 'b_enc':
      return [features]
    case 'W_dec':
      return [features, dIn]
    case 'b_dec':
      return [dIn]
    default:
      name satisfies never
      throw new TypeError(`unknown parameter ${String(name)}`)
  }
}
