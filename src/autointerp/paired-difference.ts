import { Random } from '../core/random.ts'
import { type Interval, percentileInterval } from './bootstrap.ts'
import { median } from './summary.ts'

/** What pairs of scores of the same features say: second minus first. */
export interface PairedDifference {
  readonly n: number
  /** Of features that are drawn together; as many as pairs where each is drawn alone. */
  readonly clusters: number
  readonly mean: number
  /** 95 %, percentile bootstrap over clusters. */
  readonly interval: Interval
  readonly median: number
  /** Share of pairs in which the second is higher, and in which both are equal. */
  readonly higher: number
  readonly equal: number
}

const RESAMPLES = 1000

/**
 * The mean of second − first over features, with the interval of a bootstrap that draws clusters of features with
 * replacement: what makes a feature easy or hard is in both scores and falls out of their difference, and features that
 * are nearly the same one say the same thing twice. A resample's mean is over all features that it drew.
 *
 * @param clusterOf the cluster of each pair's feature; by its place where each feature is one of its own
 * @returns null for no pairs
 */
export function pairedDifference(
  pairs: readonly (readonly [first: number, second: number])[],
  seed: number,
  clusterOf: (place: number) => number = (place) => place,
  resamples = RESAMPLES,
): PairedDifference | null {
  if (pairs.length === 0) return null
  const differences = pairs.map(([first, second]) => second - first)
  const clusters = clusterSums(differences, clusterOf)
  const random = new Random(seed, 'paired differences', clusters.length)
  const means = new Float64Array(resamples)
  for (let resample = 0; resample < resamples; resample++) {
    let sum = 0
    let drawn = 0
    for (let draw = 0; draw < clusters.length; draw++) {
      const cluster = clusters[random.below(clusters.length)]!
      sum += cluster.sum
      drawn += cluster.features
    }
    means[resample] = sum / drawn
  }
  const share = (holds: (difference: number) => boolean): number =>
    differences.filter(holds).length / differences.length
  return {
    n: differences.length,
    clusters: clusters.length,
    mean: differences.reduce((sum, difference) => sum + difference, 0) / differences.length,
    interval: percentileInterval(means),
    median: median(differences)!,
    higher: share((difference) => difference > 0),
    equal: share((difference) => difference === 0),
  }
}

function clusterSums(
  differences: readonly number[],
  clusterOf: (place: number) => number,
): { sum: number; features: number }[] {
  const clusters = new Map<number, { sum: number; features: number }>()
  for (const [place, difference] of differences.entries()) {
    const name = clusterOf(place)
    const cluster = clusters.get(name)
    if (cluster) {
      cluster.sum += difference
      cluster.features++
    } else clusters.set(name, { sum: difference, features: 1 })
  }
  return [...clusters.values()]
}
