/** One resample: the distinct examples that were drawn and how often each was. */
export interface Resample {
  readonly examples: Uint16Array
  readonly weights: Float64Array
}

/**
 * Spearman's correlations of one truth with several predictions, over examples that count several times or not at
 * all: equal to repeating their tokens. The truth's ranks are found once per resample for all predictions. Nearly
 * all tokens are silent in truth and prediction; such tokens are never visited, only counted, so that a resample
 * costs a few hundred operations.
 */
export class ResampledSpearman {
  readonly #tokens: Float64Array
  readonly #truth: Ranked
  readonly #predictions: readonly Predicted[]

  /**
   * @param truth activations by example and token
   * @param predictions one or more sets of predictions for the same tokens
   */
  constructor(
    truth: readonly (readonly number[])[],
    predictions: readonly (readonly (readonly number[])[])[],
  ) {
    this.#tokens = Float64Array.from(truth, ({ length }) => length)
    this.#truth = new Ranked(truth)
    this.#predictions = predictions.map(
      (predicted) => new Predicted(this.#truth, new Ranked(predicted), this.#tokens),
    )
  }

  /**
   * The correlations on a resample. False where the truth is constant; predictions that are constant have
   * correlation 0.
   * @param into receives one number for each set of predictions
   */
  correlations(resample: Resample, into: Float64Array): boolean {
    const { examples, weights } = resample
    let total = 0
    for (let drawn = 0; drawn < examples.length; drawn++)
      total += weights[drawn]! * this.#tokens[examples[drawn]!]!
    const truthSpread = this.#truth.rank(resample, total)
    if (truthSpread === 0) return false
    for (let place = 0; place < this.#predictions.length; place++)
      into[place] = this.#predictions[place]!.correlation(resample, total, truthSpread)
    return true
  }
}

/** Values by token as groups of equal ones. The commonest group is the base: its tokens are only counted. */
class Ranked {
  readonly groups: number
  readonly base: number
  /** The group of each token, example after example. */
  readonly groupOf: Uint16Array
  /** Average ranks minus the mean rank, by group, after {@link rank}. */
  readonly centredRanks: Float64Array
  readonly #cells: Cells

  constructor(values: readonly (readonly number[])[]) {
    const counts = new Map<number, number>()
    for (const example of values) for (const value of example) counts.set(value, (counts.get(value) ?? 0) + 1)
    const distinct = Float64Array.from(counts.keys()).toSorted()
    const rankOf = new Map(Array.from(distinct, (value, rank) => [value, rank]))
    let base = Number.NaN
    for (const [value, count] of counts) if (!(count <= (counts.get(base) ?? 0))) base = value
    this.groups = distinct.length
    this.base = rankOf.get(base) ?? 0
    this.centredRanks = new Float64Array(this.groups)
    this.groupOf = Uint16Array.from(values.flatMap((example) => example.map((value) => rankOf.get(value)!)))
    const cells = new CellList()
    let token = 0
    for (const example of values) {
      cells.nextExample()
      for (let i = 0; i < example.length; i++, token++)
        if (this.groupOf[token] !== this.base) cells.add(this.groupOf[token]!)
    }
    this.#cells = cells.finish()
  }

  /** Finds the centred ranks on a resample and returns Σ weight · rank², which is 0 if all values are equal. */
  rank({ examples, weights }: Resample, total: number): number {
    const { starts, keys, counts } = this.#cells
    const ranks = this.centredRanks
    ranks.fill(0)
    let rest = total
    for (let drawn = 0; drawn < examples.length; drawn++) {
      const weight = weights[drawn]!
      const example = examples[drawn]!
      const end = starts[example + 1]!
      for (let cell = starts[example]!; cell < end; cell++) {
        const counted = weight * counts[cell]!
        ranks[keys[cell]!]! += counted
        rest -= counted
      }
    }
    ranks[this.base] = rest
    let below = -total / 2
    let spread = 0
    for (let group = 0; group < ranks.length; group++) {
      const weight = ranks[group]!
      const rank = below + weight / 2
      spread += weight * rank * rank
      below += weight
      ranks[group] = rank
    }
    return spread
  }
}

/** A set of predictions against the truth: tokens by their pair of groups, but for pairs of both bases. */
class Predicted {
  readonly #truth: Ranked
  readonly #predicted: Ranked
  readonly #cells: Cells
  readonly #truthGroups: Uint32Array
  readonly #predictedGroups: Uint32Array

  constructor(truth: Ranked, predicted: Ranked, tokens: Float64Array) {
    this.#truth = truth
    this.#predicted = predicted
    const cells = new CellList()
    for (let example = 0, token = 0; example < tokens.length; example++) {
      cells.nextExample()
      for (let i = 0; i < tokens[example]!; i++, token++) {
        const a = truth.groupOf[token]!
        const b = predicted.groupOf[token]!
        if (a !== truth.base || b !== predicted.base) cells.add(a * predicted.groups + b)
      }
    }
    this.#cells = cells.finish()
    this.#truthGroups = this.#cells.keys.map((pair) => Math.floor(pair / predicted.groups))
    this.#predictedGroups = this.#cells.keys.map((pair) => pair % predicted.groups)
  }

  correlation(resample: Resample, total: number, truthSpread: number): number {
    if (this.#predicted.groups === 1) return 0
    const predictedSpread = this.#predicted.rank(resample, total)
    if (predictedSpread === 0) return 0
    const { examples, weights } = resample
    const { starts, counts } = this.#cells
    const truthGroups = this.#truthGroups
    const predictedGroups = this.#predictedGroups
    const truthRanks = this.#truth.centredRanks
    const predictedRanks = this.#predicted.centredRanks
    let together = 0
    let rest = total
    for (let drawn = 0; drawn < examples.length; drawn++) {
      const weight = weights[drawn]!
      const example = examples[drawn]!
      const end = starts[example + 1]!
      for (let cell = starts[example]!; cell < end; cell++) {
        const counted = weight * counts[cell]!
        together += counted * truthRanks[truthGroups[cell]!]! * predictedRanks[predictedGroups[cell]!]!
        rest -= counted
      }
    }
    together += rest * truthRanks[this.#truth.base]! * predictedRanks[this.#predicted.base]!
    return together / Math.sqrt(truthSpread * predictedSpread)
  }
}

/** How often keys occur: example i has the keys `keys[starts[i]] … keys[starts[i + 1] − 1]`. */
interface Cells {
  readonly starts: Uint32Array
  readonly keys: Uint32Array
  readonly counts: Float64Array
}

/** Collects, example by example, how often each key occurs. */
class CellList {
  readonly #starts: number[] = []
  readonly #keys: number[] = []
  readonly #counts: number[] = []

  nextExample(): void {
    this.#starts.push(this.#keys.length)
  }

  add(key: number): void {
    const found = this.#keys.indexOf(key, this.#starts.at(-1))
    if (found >= 0) this.#counts[found]!++
    else {
      this.#keys.push(key)
      this.#counts.push(1)
    }
  }

  finish(): Cells {
    return {
      starts: Uint32Array.from([...this.#starts, this.#keys.length]),
      keys: Uint32Array.from(this.#keys),
      counts: Float64Array.from(this.#counts),
    }
  }
}
