import type { AdamMoments } from './adam.ts'
import type { ParameterName } from './architecture.ts'

/** The parameters in SAELens' layout: W_enc [dIn, features], b_enc, W_dec [features, dIn], b_dec. */
export type Parameters = Readonly<Record<ParameterName, Float32Array>>

/** Parameters with Adam's moments, in the same layout. */
export interface OptimizerState {
  readonly parameters: Parameters
  readonly moments: Readonly<Record<ParameterName, AdamMoments>>
}

/** What one step found, before its update. */
export interface StepOutcome {
  /** Mean over rows of ‖x̂ − x‖². */
  readonly squaredError: number
  /** What sparsity costs, with its weight; 0 where nothing does. */
  readonly penalty: number
  /** How many rows each feature fired on. */
  readonly fired: ArrayLike<number>
}

/** Computes gradients and updates parameters; one for each way to do so. */
export interface TrainingEngine {
  /**
   * One step of Adam on `rows` rows of `x`, the gradient's total norm clipped to 1.
   * @param step number of this step, from 1
   */
  step(x: Float32Array, rows: number, learningRate: number, step: number): Promise<StepOutcome>
  /** Copies of everything that the next step depends on. */
  state(): OptimizerState
  close(): Promise<void>
}

/** The total norm that gradients are clipped to. */
export const CLIP_NORM = 1

/** What gradients are multiplied by so that their total norm is at most {@link CLIP_NORM}. */
export function clipFactor(norm: number): number {
  return Math.min(1, CLIP_NORM / (norm + 1e-6))
}
