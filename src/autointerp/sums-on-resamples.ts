import { addUpOnResamples } from './rank-kernel.ts'
import { centred, isResolved, ResampledPearson } from './resampled-pearson.ts'
import type { ResampledStatistic } from './resamples.ts'

/** What intervals need of a statistic. */
export type OnResamples = Pick<ResampledStatistic, 'onResamples'>

type Six = [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array]

/**
 * Pearson's correlation on resamples, as an interval needs it: five sums of each example, in one pass of the kernel.
 * Resamples on which a side is constant, or nearly so, are left to {@link ResampledPearson}, which takes longer.
 *
 * @param truth activations by example and token
 * @param predicted predictions for the same tokens
 */
export function pearsonOnResamples(
  truth: readonly (readonly number[])[],
  predicted: readonly (readonly number[])[],
): OnResamples {
  const columns = Array.from({ length: 6 }, () => new Float64Array(truth.length)) as Six
  const [tokens, x, xx, y, yy, xy] = columns
  const [centredX, centredY] = [centred(truth), centred(predicted)]
  for (const [example, ofX] of centredX.entries()) {
    const ofY = centredY[example]!
    tokens[example] = ofX.length
    for (let token = 0; token < ofX.length; token++) {
      const [dx, dy] = [ofX[token]!, ofY[token]!]
      x[example]! += dx
      xx[example]! += dx * dx
      y[example]! += dy
      yy[example]! += dy * dy
      xy[example]! += dx * dy
    }
  }
  let exactly: ResampledPearson | undefined
  const correlation = new Float64Array(1)
  return {
    onResamples: (resamples, from, to) => {
      const [n, sx, sxx, sy, syy, sxy] = addUpOnResamples(columns, resamples, from, to) as Six
      const found = new Float64Array(to - from)
      for (let i = 0; i < found.length; i++) {
        const spreadX = sxx[i]! - sx[i]! ** 2 / n[i]!
        const spreadY = syy[i]! - sy[i]! ** 2 / n[i]!
        const together = sxy[i]! - (sx[i]! * sy[i]!) / n[i]!
        if (isResolved(spreadX, sxx[i]!) && isResolved(spreadY, syy[i]!)) {
          found[i] = Math.min(1, Math.max(-1, together / Math.sqrt(spreadX * spreadY)))
          continue
        }
        exactly ??= new ResampledPearson(truth, [predicted])
        found[i] = exactly.correlations(resamples.at(from + i), correlation) ? correlation[0]! : Number.NaN
      }
      return [found]
    },
  }
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
