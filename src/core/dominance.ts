/**
 * How two samples compare pair by pair. Pairs are counted once, in one pass over the sorted values, so that the same
 * samples can be weighed again and again.
 */
export class Dominance {
  /** Places of the pooled values in ascending order: below `#firstCount` of the first sample, else of the second. */
  readonly #order: Uint32Array
  /** 1 where a value is larger than the one before it. */
  readonly #rises: Uint8Array
  readonly #firstCount: number

  constructor(first: readonly number[], second: readonly number[]) {
    const pooled = Float64Array.from([...first, ...second])
    this.#firstCount = first.length
    this.#order = Uint32Array.from(pooled.keys()).toSorted((a, b) => pooled[a]! - pooled[b]!)
    this.#rises = new Uint8Array(pooled.length)
    for (let i = 1; i < pooled.length; i++)
      this.#rises[i] = Number(pooled[this.#order[i]!]! > pooled[this.#order[i - 1]!]!)
  }

  /**
   * Σ v_i w_j sign(x_i − y_j) over all pairs, and the sums of the weights.
   * @param weights of the first sample's values, then of the second's; all 1 when left out
   */
  count(weights: ArrayLike<number> | null = null): DominanceCount {
    let [firstBelow, secondBelow, firstHere, secondHere, balance] = [0, 0, 0, 0, 0]
    const closeTies = (): void => {
      balance += firstHere * secondBelow - secondHere * firstBelow
      firstBelow += firstHere
      secondBelow += secondHere
      firstHere = 0
      secondHere = 0
    }
    for (let i = 0; i < this.#order.length; i++) {
      if (this.#rises[i] === 1) closeTies()
      const place = this.#order[i]!
      const weight = weights === null ? 1 : weights[place]!
      if (place < this.#firstCount) firstHere += weight
      else secondHere += weight
    }
    closeTies()
    return { balance, first: firstBelow, second: secondBelow }
  }

  /** Sizes of the groups of equal values. */
  ties(): number[] {
    const sizes: number[] = []
    for (const rises of this.#rises) {
      if (rises === 1 || sizes.length === 0) sizes.push(1)
      else sizes[sizes.length - 1]!++
    }
    return sizes
  }
}

/** Weighted pairs in which the first sample is larger minus those in which the second is. */
export interface DominanceCount {
  readonly balance: number
  /** Total weight of each sample. */
  readonly first: number
  readonly second: number
}

/**
 * Cliff's δ (1993): the share of pairs in which x is larger minus the share in which y is, −1 to 1. Null where a
 * sample is empty.
 * @example
 * cliffsDelta([3, 4], [1, 3]) // 0.75
 */
export function cliffsDelta(x: readonly number[], y: readonly number[]): number | null {
  const { balance, first, second } = new Dominance(x, y).count()
  return first > 0 && second > 0 ? balance / (first * second) : null
}
