import { Random } from '../core/random.ts'
import { type Interval, percentileInterval } from './bootstrap.ts'
import { Dominance } from './dominance.ts'

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
  const features = [...first, ...second]
  const whole = new StratifiedDelta(features, first.length, new Uint32Array(features.length))
  const matched = new StratifiedDelta(features, first.length, matchingStrata(first, second))
  const draws = [new ClusterDraw(first), new ClusterDraw(second)] as const
  return {
    delta: effectOf(whole, draws, new Random(seed, 'clusters', 'all'), resamples),
    matched:
      matched.strata === 0
        ? null
        : {
            ...effectOf(matched, draws, new Random(seed, 'clusters', 'matched'), resamples),
            strata: matched.strata,
            features: matched.features,
          },
    clusters: [draws[0].clusters, draws[1].clusters],
  }
}

/** A resample in which no stratum holds features of both sets is drawn again. */
function effectOf(
  statistic: StratifiedDelta,
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

/** A stratum's features of both sets: places among all of them, the first set's first. */
interface Stratum {
  readonly places: Uint32Array
  readonly firstCount: number
  readonly dominance: Dominance
  /** Room for its features' weights. */
  readonly weights: Float64Array
}

/** Cliff's δ within strata, averaged with weights n m / (n + m). */
class StratifiedDelta {
  readonly #strata: Stratum[] = []

  /** @param firstCount features of the first set, which come first; @param strata the stratum of each feature */
  constructor(features: readonly ComparedFeature[], firstCount: number, strata: Uint32Array) {
    const members = new Map<number, number[]>()
    for (const [place, stratum] of strata.entries())
      if (members.has(stratum)) members.get(stratum)!.push(place)
      else members.set(stratum, [place])
    for (const places of members.values()) {
      const own = places.filter((place) => place < firstCount).length
      if (own === 0 || own === places.length) continue
      const scores = places.map((place) => features[place]!.score)
      const dominance = new Dominance(scores.slice(0, own), scores.slice(own))
      const weights = new Float64Array(places.length)
      this.#strata.push({ places: Uint32Array.from(places), firstCount: own, dominance, weights })
    }
  }

  /** Strata that hold features of both sets. */
  get strata(): number {
    return this.#strata.length
  }

  /** Features of each set in them. */
  get features(): [number, number] {
    return this.#strata.reduce<[number, number]>(
      ([own, other], { places, firstCount }) => [own + firstCount, other + places.length - firstCount],
      [0, 0],
    )
  }

  /** @param weights of all features; all 1 for null. Null where no stratum holds weight of both sets. */
  value(weights: Float64Array | null): number | null {
    let total = 0
    let sum = 0
    for (const { places, dominance, weights: own } of this.#strata) {
      if (weights !== null) for (let i = 0; i < places.length; i++) own[i] = weights[places[i]!]!
      const { balance, first, second } = dominance.count(weights && own)
      if (!(first > 0 && second > 0)) continue
      total += (first * second) / (first + second)
      sum += balance / (first + second)
    }
    return total > 0 ? sum / total : null
  }
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
