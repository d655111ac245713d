import { addUpOnResamples } from './rank-kernel.ts'
import type { ResampledStatistic } from './resamples.ts'
import { joined } from './simulated-examples.ts'

/** What intervals need of a statistic. */
export type OnResamples = Pick<ResampledStatistic, 'onResamples'>

type Six = [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array]

/** Share of Σ (x − x̄)² below which what is left of it around a resample's mean is rounding. */
const ROUNDING = 1e-12

/**
 * Pearson's correlation on resamples, as an interval needs it: five sums of each example. Close to what
 * {@link ResampledPearson} gives, which tells constancy exactly and takes longer.
 *
 * @param truth activations by example and token
 * @param predicted predictions for the same tokens
 */
export function pearsonOnResamples(
  truth: readonly (readonly number[])[],
  predicted: readonly (readonly number[])[],
): OnResamples {
  const over = (of: (token: number, example: number) => number): Float64Array =>
    Float64Array.from(truth, ({ length }, example) => {
      let sum = 0
      for (let token = 0; token < length; token++) sum += of(token, example)
      return sum
    })
  const tokens = over(() => 1)
  // Around the overall means, so that nothing cancels.
  const [meanX, meanY] = [meanOf(truth), meanOf(predicted)]
  const dx = (token: number, example: number): number => truth[example]![token]! - meanX
  const dy = (token: number, example: number): number => predicted[example]![token]! - meanY
  const x = over(dx)
  const xx = over((token, example) => dx(token, example) ** 2)
  const y = over(dy)
  const yy = over((token, example) => dy(token, example) ** 2)
  const xy = over((token, example) => dx(token, example) * dy(token, example))
  return {
    onResamples: (resamples, from, to) => {
      const columns = [tokens, x, xx, y, yy, xy]
      const [n, sx, sxx, sy, syy, sxy] = addUpOnResamples(columns, resamples, from, to) as Six
      const found = new Float64Array(to - from)
      for (let i = 0; i < found.length; i++) {
        const spreadX = sxx[i]! - sx[i]! ** 2 / n[i]!
        const spreadY = syy[i]! - sy[i]! ** 2 / n[i]!
        const together = sxy[i]! - (sx[i]! * sy[i]!) / n[i]!
        found[i] = !(spreadX > ROUNDING * sxx[i]!)
          ? Number.NaN
          : !(spreadY > ROUNDING * syy[i]!)
            ? 0
            : Math.min(1, Math.max(-1, together / Math.sqrt(spreadX * spreadY)))
      }
      return [found]
    },
  }
}

function meanOf(values: readonly (readonly number[])[]): number {
  const all = joined(values)
  return all.length === 0 ? 0 : all.reduce((sum, value) => sum + value, 0) / all.length
}

/**
 * 1 − Σ cost(truth − prediction) / Σ cost(truth) on resamples; NaN where the truth costs nothing.
 * @param cost of a difference
 */
export function shareOnResamples(
  truth: readonly (readonly number[])[],
  predicted: readonly (readonly number[])[],
  cost: (difference: number) => number,
): OnResamples {
  const over = (of: (value: number, token: number, example: number) => number): Float64Array =>
    Float64Array.from(truth, (values, example) =>
      values.reduce((sum, value, token) => sum + of(value, token, example), 0),
    )
  const whole = over((value) => cost(value))
  const errors = over((value, token, example) => cost(value - predicted[example]![token]!))
  return {
    onResamples: (resamples, from, to) => {
      const [wholes, missed] = addUpOnResamples([whole, errors], resamples, from, to)
      return [Float64Array.from(wholes!, (one, i) => (one > 0 ? 1 - missed![i]! / one : Number.NaN))]
    },
  }
}
