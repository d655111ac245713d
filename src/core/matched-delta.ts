import { Dominance } from './dominance.ts'

/** A stratum's values of both samples: places among all of them, the first sample's first. */
interface Stratum {
  readonly places: Uint32Array
  readonly firstCount: number
  readonly dominance: Dominance
  /** Room for its values' weights. */
  readonly weights: Float64Array
}

/**
 * Cliff's δ within strata, averaged with weights n m / (n + m), the weights of the stratified rank test of van Elteren
 * (1960). Strata with values of one sample alone say nothing and are left out. Prepared once, so that the same values can
 * be weighed again and again.
 */
export class MatchedDelta {
  readonly #strata: Stratum[] = []

  /**
   * @param values of the first sample, then of the second
   * @param firstCount size of the first sample
   * @param strata the stratum of each value
   */
  constructor(values: readonly number[], firstCount: number, strata: ArrayLike<number | string>) {
    const members = new Map<number | string, number[]>()
    for (let place = 0; place < values.length; place++) {
      const places = members.get(strata[place]!) ?? []
      places.push(place)
      members.set(strata[place]!, places)
    }
    for (const places of members.values()) {
      const own = places.filter((place) => place < firstCount).length
      if (own === 0 || own === places.length) continue
      const ofStratum = places.map((place) => values[place]!)
      const dominance = new Dominance(ofStratum.slice(0, own), ofStratum.slice(own))
      const weights = new Float64Array(places.length)
      this.#strata.push({ places: Uint32Array.from(places), firstCount: own, dominance, weights })
    }
  }

  /** Strata that hold values of both samples. */
  get strata(): number {
    return this.#strata.length
  }

  /** Values of each sample in them. */
  get sizes(): [number, number] {
    return this.#strata.reduce<[number, number]>(
      ([own, other], { places, firstCount }) => [own + firstCount, other + places.length - firstCount],
      [0, 0],
    )
  }

  /** @param weights of all values; all 1 for null. Null where no stratum holds weight of both samples. */
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

/** A value with the stratum it is compared within. */
export interface StratifiedValue {
  readonly stratum: string
  readonly value: number
}

/**
 * {@link MatchedDelta} of two samples, above 0 where the first is larger; with one stratum it is the plain δ.
 *
 * @returns null where no stratum holds values of both samples
 */
export function matchedDelta(a: readonly StratifiedValue[], b: readonly StratifiedValue[]): number | null {
  const all = [...a, ...b]
  const strata = all.map(({ stratum }) => stratum)
  return new MatchedDelta(
    all.map(({ value }) => value),
    a.length,
    strata,
  ).value(null)
}
