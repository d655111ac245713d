import { Random } from '../core/random.ts'
import { type Resample, ResampledSpearman } from './resampled-spearman.ts'

/**
 * The stratified bootstrap of examples: each stratum is drawn from with replacement, as many times as it has
 * examples.
 *
 * Resamples depend on the seed and the strata's sizes alone, so that scores over equally many examples share them,
 * and a score and its controls are compared on the same resamples.
 */
export class Bootstrap {
  readonly resamples: number
  readonly #seed: number
  readonly #cached = new Map<string, { random: Random; resamples: Resample[] }>()

  /** @param resamples number of resamples that an interval is taken from */
  constructor(seed: number, resamples = 1000) {
    this.#seed = seed
    this.resamples = resamples
  }

  /** Resample number `index` for strata of these sizes; the first stratum's examples come first. */
  resample(sizes: readonly number[], index: number): Resample {
    const key = sizes.join()
    let cached = this.#cached.get(key)
    if (!cached) {
      // Coverage varies between features; a bound keeps rare combinations from filling the memory.
      if (this.#cached.size === 256) this.#cached.clear()
      cached = { random: new Random(this.#seed, 'bootstrap', ...sizes), resamples: [] }
      this.#cached.set(key, cached)
    }
    while (cached.resamples.length <= index) cached.resamples.push(drawResample(sizes, cached.random))
    return cached.resamples[index]!
  }
}

function drawResample(sizes: readonly number[], random: Random): Resample {
  const weights = new Uint16Array(sizes.reduce((sum, size) => sum + size, 0))
  let first = 0
  for (const size of sizes) {
    for (let draw = 0; draw < size; draw++) weights[first + random.below(size)]!++
    first += size
  }
  const examples = Uint16Array.from(weights.keys()).filter((example) => weights[example]! > 0)
  return { examples, weights: Float64Array.from(examples, (example) => weights[example]!) }
}

/** The two ends of a percentile interval, or null where too many resamples are undefined. */
export interface Interval {
  readonly low: number
  readonly high: number
}

const CONFIDENCE = 0.95
const UNDEFINED_SHARE = 0.05

/**
 * Percentile intervals of a score and of its gains over controls, all on the same resamples. A resample in which
 * the truth is constant is drawn again; where that befalls more than 5 % of them, there are no intervals.
 *
 * @param sizes examples per stratum; truth and predictions are in the order of the strata
 * @param truth activations by example and token
 * @param score predictions by example and token; @param controls others for the same tokens
 */
export function bootstrapIntervals(
  bootstrap: Bootstrap,
  sizes: readonly number[],
  truth: readonly (readonly number[])[],
  score: readonly (readonly number[])[],
  controls: readonly (readonly (readonly number[])[])[],
): { score: Interval; gains: Interval[] } | null {
  const { resamples } = bootstrap
  const statistic = new ResampledSpearman(truth, [score, ...controls])
  const found = new Float64Array(1 + controls.length)
  const scores = new Float64Array(resamples)
  const gains = controls.map(() => new Float64Array(resamples))
  const mostUndefined = UNDEFINED_SHARE * resamples
  for (let index = 0, defined = 0; defined < resamples; index++) {
    if (!statistic.correlations(bootstrap.resample(sizes, index), found)) {
      if (index - defined + 1 > mostUndefined) return null
      continue
    }
    scores[defined] = found[0]!
    for (let place = 0; place < gains.length; place++) gains[place]![defined] = found[0]! - found[place + 1]!
    defined++
  }
  return { score: percentileInterval(scores), gains: gains.map(percentileInterval) }
}

/** The central 95 % of values, with linear interpolation between order statistics. Sorts in place. */
export function percentileInterval(values: Float64Array): Interval {
  values.sort()
  return { low: quantile(values, (1 - CONFIDENCE) / 2), high: quantile(values, (1 + CONFIDENCE) / 2) }
}

/**
 * A quantile of ascending values, interpolated linearly (the default of numpy and R, type 7).
 * @example
 * quantile([1, 2, 3, 4], 0.5) // 2.5
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!)
}
