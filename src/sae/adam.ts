/** Adam (Kingma and Ba 2015) with bias correction; ε is added outside the root, as PyTorch does. */

/** Decay rates of the two moments, and ε. */
export interface AdamOptions {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

/** The values of the paper. */
export const ADAM_DEFAULTS: AdamOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }

/** First and second moments of one parameter's gradients. */
export interface AdamMoments {
  readonly first: Float32Array
  readonly second: Float32Array
}

/** Moments before the first step. */
export function zeroMoments(size: number): AdamMoments {
  return { first: new Float32Array(size), second: new Float32Array(size) }
}

/**
 * One step, in place.
 * @param step number of this step, from 1
 * @param scale what gradients are multiplied by first (gradient clipping)
 */
export function adamStep(
  parameter: Float32Array,
  gradient: Float32Array,
  moments: AdamMoments,
  learningRate: number,
  step: number,
  scale: number,
  { beta1, beta2, epsilon }: AdamOptions = ADAM_DEFAULTS,
): void {
  const { first, second } = moments
  const stepSize = learningRate / (1 - beta1 ** step)
  const inverseRoot = 1 / Math.sqrt(1 - beta2 ** step)
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]! * scale
    const m = (first[i] = beta1 * first[i]! + (1 - beta1) * g)
    const v = (second[i] = beta2 * second[i]! + (1 - beta2) * g * g)
    parameter[i]! -= (stepSize * m) / (Math.sqrt(v) * inverseRoot + epsilon)
  }
}
