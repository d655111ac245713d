/** What is true of the tokens on which one level was predicted. */
export interface CalibrationRow {
  /** The predicted level, rounded to an integer. */
  readonly predicted: number
  readonly tokens: number
  /** Share of them on which the feature fires. */
  readonly firing: number
  /** Mean activation a⁺ as a share of M, the largest activation of the feature's explain examples. */
  readonly activation: number
  /** Mean quantized level. */
  readonly level: number
}

interface Sums {
  tokens: number
  firing: number
  activation: number
  level: number
}

/** Adds up, level by level, what was true where it was predicted: on calibrated predictions, level ≈ predicted. */
export class Calibration {
  readonly #sums = new Map<number, Sums>()

  /**
   * @param predicted levels by token; @param activations of the same tokens
   * @param max M; @param levels the activations on the protocol's scale
   */
  add(
    predicted: readonly number[],
    activations: readonly number[],
    max: number,
    levels: readonly number[],
  ): void {
    for (const [index, expected] of predicted.entries()) {
      const rounded = Math.round(expected)
      const sums = this.#sums.get(rounded) ?? { tokens: 0, firing: 0, activation: 0, level: 0 }
      this.#sums.set(rounded, sums)
      const activation = Math.max(0, activations[index]!)
      sums.tokens++
      if (activation > 0) sums.firing++
      if (max > 0) sums.activation += activation / max
      sums.level += levels[index]!
    }
  }

  /** The table, in the order of levels. */
  rows(): CalibrationRow[] {
    return [...this.#sums]
      .toSorted(([a], [b]) => a - b)
      .map(([predicted, { tokens, firing, activation, level }]) => ({
        predicted,
        tokens,
        firing: firing / tokens,
        activation: activation / tokens,
        level: level / tokens,
      }))
  }
}
