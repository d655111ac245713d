import { Random } from '../core/random.ts'

/** A statistic with its interval; null where it is undefined. */
export interface Estimate {
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
}

const RESAMPLES = 1000
/** With more undefined resamples than this share there is no interval. */
const MOST_UNDEFINED = 0.05

/**
 * A statistic over rated units with its 95 % percentile interval, the features drawn with replacement: ratings of one
 * feature stay together, whoever gave them.
 *
 * @param groups what was rated, by feature
 * @param stream names the statistic, so that its draws are its own
 */
export function estimateByFeature<T>(
  groups: readonly (readonly T[])[],
  statistic: (items: readonly T[]) => number | null,
  seed: number,
  stream: string,
): Estimate {
  const value = statistic(groups.flat())
  if (value === null || groups.length < 2) return { value, low: null, high: null }
  const random = new Random(seed, 'ratings', stream)
  const found: number[] = []
  for (let resample = 0; resample < RESAMPLES; resample++) {
    const one = statistic(Array.from(groups, () => random.pick(groups)).flat())
    if (one !== null) found.push(one)
  }
  if (found.length < (1 - MOST_UNDEFINED) * RESAMPLES) return { value, low: null, high: null }
  found.sort((a, b) => a - b)
  return { value, low: quantileOf(found, 0.025), high: quantileOf(found, 0.975) }
}

function quantileOf(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1)
  const below = sorted[Math.floor(place)]!
  return below + (place % 1) * (sorted[Math.ceil(place)]! - below)
}
