import { Random } from '../core/random.ts'
import { tails } from './order-statistics.ts'
import { type Resample, type ResampledStatistic, Resamples } from './resamples.ts'
import { spearmanOnResamples } from './spearman-on-resamples.ts'

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
  readonly #drawn = new Map<string, Resamples>()

  /** @param resamples number of resamples that an interval is taken from */
  constructor(seed: number, resamples = 1000) {
    this.#seed = seed
    this.resamples = resamples
  }

  /** Resample number `index` for strata of these sizes; the first stratum's examples come first. */
  resample(sizes: readonly number[], index: number): Resample {
    return this.drawn(sizes, index + 1).at(index)
  }

  /** At least the first `count` resamples for strata of these sizes. */
  drawn(sizes: readonly number[], count: number): Resamples {
    const key = sizes.join()
    let drawn = this.#drawn.get(key)
    if (!drawn) {
      // Coverage varies between features; a bound keeps rare combinations from filling the memory.
      if (this.#drawn.size === 256) this.#drawn.clear()
      drawn = new Resamples(sizes, new Random(this.#seed, 'bootstrap', ...sizes))
      this.#drawn.set(key, drawn)
    }
    drawn.extend(count)
    return drawn
  }
}

/** The two ends of a percentile interval. */
export interface Interval {
  readonly low: number
  readonly high: number
}

const CONFIDENCE = 0.95
const UNDEFINED_SHARE = 0.05

/** The gain of a score over a control on resamples. */
export interface ResampledGain extends Interval {
  /** p = (1 + #{gain* ≤ 0}) / (1 + B): how easily chance alone would give such a gain. */
  readonly p: number
}

/** What the resamples say of a score and of its gains over controls. */
export interface BootstrapIntervals {
  readonly score: Interval
  readonly gains: readonly ResampledGain[]
}

/**
 * Percentile intervals of a score and of its gains over controls, all on the same resamples. A resample in which
 * the truth is constant is drawn again; where that befalls more than 5 % of them, there are no intervals.
 *
 * @param sizes examples per stratum; truth and predictions are in the order of the strata
 * @param statistic the correlations of the score's predictions, then of each control's, over the same examples
 */
export function resampledIntervals(
  bootstrap: Bootstrap,
  sizes: readonly number[],
  statistic: Pick<ResampledStatistic, 'onResamples'>,
): BootstrapIntervals | null {
  const { resamples } = bootstrap
  const mostUndefined = UNDEFINED_SHARE * resamples
  const [scores, ...gains] = statistic.onResamples(bootstrap.drawn(sizes, resamples), 0, resamples)
  let defined = keepDefined([scores!, ...gains])
  for (let drawn = resamples; defined < resamples;) {
    if (drawn - defined > mostUndefined) return null
    const to = drawn + resamples - defined
    const more = statistic.onResamples(bootstrap.drawn(sizes, to), drawn, to)
    const found = keepDefined(more)
    for (const [place, column] of [scores!, ...gains].entries())
      column.set(more[place]!.subarray(0, found), defined)
    defined += found
    drawn = to
  }
  const notAbove = gains.map((gain) => {
    let count = 0
    for (let index = 0; index < resamples; index++) {
      const difference = scores![index]! - gain[index]!
      gain[index] = difference
      if (difference <= 0) count++
    }
    return count
  })
  return {
    score: percentileInterval(scores!),
    gains: gains.map((values, place) => ({
      ...percentileInterval(values),
      p: (1 + notAbove[place]!) / (1 + resamples),
    })),
  }
}

/** Moves what is defined to the front of every column, in order, and says how much that is. */
function keepDefined(columns: readonly Float64Array[]): number {
  const first = columns[0]!
  let defined = 0
  while (defined < first.length && !Number.isNaN(first[defined])) defined++
  for (let index = defined + 1; index < first.length; index++) {
    if (Number.isNaN(first[index])) continue
    for (const column of columns) column[defined] = column[index]!
    defined++
  }
  return defined
}

/**
 * {@link resampledIntervals} of predictions as they are.
 * @param truth activations by example and token
 * @param score predictions by example and token; @param controls others for the same tokens
 */
export function bootstrapIntervals(
  bootstrap: Bootstrap,
  sizes: readonly number[],
  truth: readonly (readonly number[])[],
  score: readonly (readonly number[])[],
  controls: readonly (readonly (readonly number[])[])[],
): BootstrapIntervals | null {
  const statistic = spearmanOnResamples(truth, [score, ...controls])
  return resampledIntervals(bootstrap, sizes, statistic)
}

/** The central 95 % of values, with linear interpolation between order statistics. */
export function percentileInterval(values: ArrayLike<number>): Interval {
  const { length } = values
  const lowShare = (1 - CONFIDENCE) / 2
  const highShare = (1 + CONFIDENCE) / 2
  const fromLow = Math.floor(lowShare * (length - 1)) + 2
  const fromHigh = length - Math.floor(highShare * (length - 1))
  const { low, high } = tails(values, Math.min(length, Math.max(fromLow, fromHigh)))
  return {
    low: interpolated(length, lowShare, (place) => low[place]!),
    high: interpolated(length, highShare, (place) => high[place - length + high.length]!),
  }
}

/**
 * A quantile of ascending values, interpolated linearly (the default of numpy and R, type 7).
 * @example
 * quantile([1, 2, 3, 4], 0.5) // 2.5
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  return interpolated(sorted.length, share, (place) => sorted[place]!)
}

/** @param at the order statistics */
function interpolated(length: number, share: number, at: (place: number) => number): number {
  const place = share * (length - 1)
  const below = Math.floor(place)
  const above = Math.min(below + 1, length - 1)
  return at(below) + (place - below) * (at(above) - at(below))
}
