/** How a disagreement between two values counts. */
export type Metric = 'nominal' | 'ordinal' | 'interval'

/**
 * How often each pair of values was given to one unit by two raters: Krippendorff's coincidence matrix. Units add up,
 * so that a bootstrap adds matrices instead of counting anew.
 */
export class Coincidences {
  readonly values: readonly number[]
  readonly #counts: Float64Array
  readonly #index: ReadonlyMap<number, number>

  /** @param values all values that can occur */
  constructor(values: Iterable<number>) {
    this.values = [...new Set(values)].toSorted((a, b) => a - b)
    this.#index = new Map(this.values.map((value, index) => [value, index]))
    this.#counts = new Float64Array(this.values.length ** 2)
  }

  /** Adds the ratings of one unit, `times` over. A unit with fewer than two ratings says nothing. */
  add(ratings: readonly number[], times = 1): void {
    if (ratings.length < 2) return
    const weight = times / (ratings.length - 1)
    for (const [i, a] of ratings.entries())
      for (const [j, b] of ratings.entries())
        if (i !== j) this.#counts[this.#index.get(a)! * this.values.length + this.#index.get(b)!]! += weight
  }

  /** Forgets what was added. */
  clear(): void {
    this.#counts.fill(0)
  }

  /** The alpha of what was added; null where no two ratings can be paired or no value varies. */
  alpha(metric: Metric): number | null {
    const size = this.values.length
    const marginals = this.values.map((_, c) => {
      let sum = 0
      for (let k = 0; k < size; k++) sum += this.#counts[c * size + k]!
      return sum
    })
    const total = marginals.reduce((sum, n) => sum + n, 0)
    let observed = 0
    let expected = 0
    for (let c = 0; c < size; c++)
      for (let k = c + 1; k < size; k++) {
        const distance = this.#distance(metric, c, k, marginals)
        observed += this.#counts[c * size + k]! * distance
        expected += marginals[c]! * marginals[k]! * distance
      }
    return expected > 0 ? 1 - ((total - 1) * observed) / expected : null
  }

  #distance(metric: Metric, c: number, k: number, marginals: readonly number[]): number {
    if (metric === 'nominal') return 1
    if (metric === 'interval') return (this.values[c]! - this.values[k]!) ** 2
    let between = -(marginals[c]! + marginals[k]!) / 2
    for (let g = c; g <= k; g++) between += marginals[g]!
    return between ** 2
  }
}

/**
 * Krippendorff's alpha = 1 − observed / expected disagreement, for any number of raters and with missing ratings
 * (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"). 1 is agreement, 0 what chance gives.
 *
 * @param units the ratings of each unit, by whoever rated it
 * @returns null where there is nothing to pair or no variance
 *
 * @example
 * krippendorffAlpha([[1, 1], [2, 2], [3, 1]], 'ordinal')
 */
export function krippendorffAlpha(units: readonly (readonly number[])[], metric: Metric): number | null {
  const coincidences = new Coincidences(units.flat())
  for (const unit of units) coincidences.add(unit)
  return coincidences.alpha(metric)
}
