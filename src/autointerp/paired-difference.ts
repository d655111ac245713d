import { Random } from '../core/random.ts'
import { type Interval, percentileInterval } from './bootstrap.ts'
import { median } from './summary.ts'

/** What pairs of scores of the same features say: second minus first. */
export interface PairedDifference {
  readonly n: number
  readonly mean: number
  /** 95 %, percentile bootstrap over features. */
  readonly interval: Interval
  readonly median: number
  /** Share of pairs in which the second is higher, and in which both are equal. */
  readonly higher: number
  readonly equal: number
}

const RESAMPLES = 1000

/**
 * The mean of second − first over features, with the interval of a bootstrap that draws features with replacement: what
 * makes a feature easy or hard is in both scores and falls out of their difference.
 *
 * @returns null for no pairs
 */
export function pairedDifference(
  pairs: readonly (readonly [first: number, second: number])[],
  seed: number,
  resamples = RESAMPLES,
): PairedDifference | null {
  if (pairs.length === 0) return null
  const differences = pairs.map(([first, second]) => second - first)
  const random = new Random(seed, 'paired differences', differences.length)
  const means = new Float64Array(resamples)
  for (let resample = 0; resample < resamples; resample++) {
    let sum = 0
    for (let draw = 0; draw < differences.length; draw++)
      sum += differences[random.below(differences.length)]!
    means[resample] = sum / differences.length
  }
  const share = (holds: (difference: number) => boolean): number =>
    differences.filter(holds).length / differences.length
  return {
    n: differences.length,
    mean: differences.reduce((sum, difference) => sum + difference, 0) / differences.length,
    interval: percentileInterval(means),
    median: median(differences)!,
    higher: share((difference) => difference > 0),
    equal: share((difference) => difference === 0),
  }
}
