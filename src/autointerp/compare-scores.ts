import { MatchedDelta } from '../core/matched-delta.ts'
import { Random } from '../core/random.ts'
import { type Interval, percentileInterval } from './bootstrap.ts'

/** A scored feature, as a comparison of sets sees it. */
export interface ComparedFeature {
  readonly score: number
  readonly density: number
  /** η². */
  readonly tokenShare: number
  /** Features of one set with the same number are drawn together. */
  readonly cluster: number
}

/** An effect size with its 95 % interval; null where too many resamples are undefined. */
export interface EffectSize {
  readonly value: number
  readonly interval: Interval | null
}

/** Two sets' scores compared. δ > 0 where the first set's are higher. */
export interface ScoreComparison {
  /** Cliff's δ over all features. */
  readonly delta: EffectSize
  /** Cliff's δ among features alike in density and token share; null where no two features are. */
  readonly matched: MatchedEffect | null
  /** Clusters of each set. */
  readonly clusters: readonly [number, number]
}

/** Cliff's δ within strata. */
export interface MatchedEffect extends EffectSize {
  /** Strata that hold features of both sets. */
  readonly strata: number
  /** Features of each set in them. */
  readonly features: readonly [number, number]
}

const RESAMPLES = 1000
const DENSITY_PARTS = 10
const TOKEN_SHARE_PARTS = 5
/** As for the intervals of scores: above this share of undefined resamples there is no interval. */
const UNDEFINED_SHARE = 0.05

/**
 * Compares the scores of two feature sets by Cliff's δ, with a percentile bootstrap over clusters: whole clusters are
 * drawn with replacement, as many as a set has, each set by itself. Features that point the same way have much the
 * same score, and resampling them one by one would make the interval too narrow.
 *
 * Matched: δ within strata of density (ten, cut at the deciles of both sets' densities, each set weighing half) by η²
 * (five of equal width), averaged with weights n m / (n + m), the weights of the stratified rank test of van Elteren
 * (1960). Strata with features of one set alone say nothing and are left out.
 *
 * @returns null where a set has no feature
 */
export function compareScores(
  first: readonly ComparedFeature[],
  second: readonly ComparedFeature[],
  seed: number,
  resamples = RESAMPLES,
): ScoreComparison | null {
  if (first.length === 0 || second.length === 0) return null
  const scores = [...first, ...second].map(({ score }) => score)
  const whole = new MatchedDelta(scores, first.length, new Uint32Array(scores.length))
  const matched = new MatchedDelta(scores, first.length, matchingStrata(first, second))
  const draws = [new ClusterDraw(first), new ClusterDraw(second)] as const
  return {
    delta: effectOf(whole, draws, new Random(seed, 'clusters', 'all'), resamples),
    matched:
      matched.strata === 0
        ? null
        : {
            ...effectOf(matched, draws, new Random(seed, 'clusters', 'matched'), resamples),
            strata: matched.strata,
            features: matched.sizes,
          },
    clusters: [draws[0].clusters, draws[1].clusters],
  }
}

/** A resample in which no stratum holds features of both sets is drawn again. */
function effectOf(
  statistic: MatchedDelta,
  [first, second]: readonly [ClusterDraw, ClusterDraw],
  random: Random,
  resamples: number,
): EffectSize {
  const value = statistic.value(null)!
  const weights = new Float64Array(first.features + second.features)
  const found = new Float64Array(resamples)
  for (let defined = 0, drawn = 0; defined < resamples; drawn++) {
    if (drawn - defined > UNDEFINED_SHARE * resamples) return { value, interval: null }
    first.draw(random, weights, 0)
    second.draw(random, weights, first.features)
    const resampled = statistic.value(weights)
    if (resampled !== null) found[defined++] = resampled
  }
  return { value, interval: percentileInterval(found) }
}

/** Draws a set's clusters with replacement, as many as there are. */
class ClusterDraw {
  readonly features: number
  readonly clusters: number
  /** The cluster of each feature, numbered from 0. */
  readonly #of: Uint32Array
  readonly #times: Uint32Array

  constructor(features: readonly ComparedFeature[]) {
    const numbers = new Map<number, number>()
    this.#of = Uint32Array.from(features, ({ cluster }) => {
      if (!numbers.has(cluster)) numbers.set(cluster, numbers.size)
      return numbers.get(cluster)!
    })
    this.features = features.length
    this.clusters = numbers.size
    this.#times = new Uint32Array(numbers.size)
  }

  /** Writes how often each feature is drawn, from a place on. */
  draw(random: Random, weights: Float64Array, start: number): void {
    this.#times.fill(0)
    for (let i = 0; i < this.clusters; i++) this.#times[random.below(this.clusters)]!++
    for (let feature = 0; feature < this.features; feature++)
      weights[start + feature] = this.#times[this.#of[feature]!]!
  }
}

/** The stratum of each feature: density part × token share part. */
function matchingStrata(first: readonly ComparedFeature[], second: readonly ComparedFeature[]): Uint32Array {
  const cuts = densityCuts(
    first.map(({ density }) => density),
    second.map(({ density }) => density),
  )
  return Uint32Array.from([...first, ...second], ({ density, tokenShare }) => {
    const densityPart = cuts.filter((cut) => density > cut).length
    const tokenPart = Math.min(TOKEN_SHARE_PARTS - 1, Math.floor(tokenShare * TOKEN_SHARE_PARTS))
    return densityPart * TOKEN_SHARE_PARTS + tokenPart
  })
}

/** Deciles of two samples of which each weighs half: where their mean distribution function passes tenths. */
function densityCuts(first: readonly number[], second: readonly number[]): number[] {
  const weighed = [
    ...first.map((density) => ({ density, weight: 0.5 / first.length })),
    ...second.map((density) => ({ density, weight: 0.5 / second.length })),
  ].toSorted((a, b) => a.density - b.density)
  const cuts: number[] = []
  let below = 0
  for (const { density, weight } of weighed) {
    below += weight
    // Sums of weights that should be a tenth may fall short of it by rounding.
    while (cuts.length < DENSITY_PARTS - 1 && below >= (cuts.length + 1) / DENSITY_PARTS - 1e-12)
      cuts.push(density)
  }
  return cuts
}
