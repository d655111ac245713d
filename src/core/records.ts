import type { Slice, Use } from './protocol.ts'

/** A feature's standing in a study. `tooRare`: it fires, but not often enough for the protocol. */
export type FeatureState = 'alive' | 'dead' | 'tooRare'

/** One activation record drawn for a use: a window of tokens with the feature's activations, unquantized. */
export interface Example {
  readonly use: Use
  readonly slice: Slice
  readonly document: number
  readonly context: number
  /** The nominal token's position in its context. */
  readonly position: number
  /** The nominal token's index in the window. */
  readonly nominal: number
  /** Whether the feature is silent on the nominal token. */
  readonly silent: boolean
  readonly tokens: readonly number[]
  readonly activations: readonly number[]
}
