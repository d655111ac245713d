import { pearson, standardUnits } from './correlation.ts'
import { oneByOne, type Resample, type ResampledStatistic, type Resamples } from './resamples.ts'
import { joined } from './simulated-examples.ts'

/**
 * Share of Σ (x − x̄)² around the overall mean below which what is left of it around a resample's own mean has lost
 * too many digits: the resample misses the examples that differ most.
 */
const CANCELLED = 1e-5

/** Whether a resample's spread is left of sums of squares with enough digits. */
export function isResolved(spread: number, squares: number): boolean {
  return spread > CANCELLED * squares
}

/**
 * Pearson's correlations of one truth with several predictions, over examples that count several times or not at all:
 * equal to repeating their tokens. Each example is five sums of values centred on the overall means, and the range of
 * its values, by which constancy is told exactly. Where the sums cancel, tokens are repeated indeed.
 */
export class ResampledPearson implements ResampledStatistic {
  readonly #truth: readonly (readonly number[])[]
  readonly #predictions: readonly (readonly (readonly number[])[])[]
  readonly #tokens: Float64Array
  readonly #truthSums: Sums
  readonly #predictedSums: readonly Sums[]
  /** By prediction, the sum of products with the truth in each example. */
  readonly #products: readonly Float64Array[]

  /**
   * @param truth activations by example and token
   * @param predictions one or more sets of predictions for the same tokens
   */
  constructor(
    truth: readonly (readonly number[])[],
    predictions: readonly (readonly (readonly number[])[])[],
  ) {
    this.#truth = truth
    this.#predictions = predictions
    this.#tokens = Float64Array.from(truth, ({ length }) => length)
    this.#truthSums = new Sums(truth)
    this.#predictedSums = predictions.map((one) => new Sums(one))
    this.#products = this.#predictedSums.map((sums) =>
      Float64Array.from(this.#truthSums.centred, (example, index) => dot(example, sums.centred[index]!)),
    )
  }

  /**
   * The correlations on a resample. False where the truth is constant; predictions that are constant have
   * correlation 0.
   * @param into receives one number for each set of predictions
   */
  correlations({ counts }: Pick<Resample, 'counts'>, into: Float64Array): boolean {
    const total = dot(this.#tokens, counts)
    if (this.#truthSums.isConstant(counts)) return false
    const truth = this.#truthSums.moments(counts, total)
    for (const [place, sums] of this.#predictedSums.entries()) {
      if (sums.isConstant(counts)) {
        into[place] = 0
        continue
      }
      const predicted = sums.moments(counts, total)
      const together = dot(this.#products[place]!, counts) - truth.mean * predicted.mean * total
      into[place] =
        truth.resolved && predicted.resolved
          ? Math.min(1, Math.max(-1, together / Math.sqrt(truth.spread * predicted.spread)))
          : pearson(repeated(this.#truth, counts), repeated(this.#predictions[place]!, counts))!
    }
    return true
  }

  onResamples(resamples: Resamples, from: number, to: number): Float64Array[] {
    const correlations = (resample: Resample, into: Float64Array): boolean =>
      this.correlations(resample, into)
    return oneByOne(correlations, this.#predictions.length, resamples, from, to)
  }

  plain(): { readonly correlations: Float64Array; readonly constant: readonly boolean[] } | null {
    const once = new Float64Array(this.#tokens.length).fill(1)
    if (this.#truthSums.isConstant(once)) return null
    const truth = this.#truth.flat()
    return {
      correlations: Float64Array.from(this.#predictions, (one) => pearson(truth, one.flat()) ?? 0),
      constant: this.#predictedSums.map((sums) => sums.isConstant(once)),
    }
  }
}

/** Values in standard units, without the overall mean, so that sums of their squares and products do not cancel. */
export function centred(values: readonly (readonly number[])[]): Float64Array[] {
  const all = joined(values)
  const inUnits = standardUnits(all)
  let sum = 0
  for (const value of all) sum += inUnits(value)
  const mean = sum / all.length
  return values.map((example) => {
    const found = new Float64Array(example.length)
    for (let token = 0; token < found.length; token++) found[token] = inUnits(example[token]!) - mean
    return found
  })
}

/** The tokens of examples as often as each counts. */
function repeated(values: readonly (readonly number[])[], counts: Float64Array): number[] {
  return values.flatMap((example, index) => Array.from({ length: counts[index]! }, () => example).flat())
}

/** Sums over the tokens of each example, of values in standard units, minus their overall mean. */
class Sums {
  readonly centred: readonly Float64Array[]
  readonly #sums: Float64Array
  readonly #squares: Float64Array
  readonly #least: Float64Array
  readonly #largest: Float64Array

  constructor(values: readonly (readonly number[])[]) {
    this.centred = centred(values)
    this.#sums = Float64Array.from(this.centred, (example) => example.reduce((sum, value) => sum + value, 0))
    this.#squares = Float64Array.from(this.centred, (example) => dot(example, example))
    this.#least = Float64Array.from(values, (example) => Math.min(...example))
    this.#largest = Float64Array.from(values, (example) => Math.max(...example))
  }

  isConstant(counts: Float64Array): boolean {
    let least = Number.POSITIVE_INFINITY
    let largest = Number.NEGATIVE_INFINITY
    for (let example = 0; example < counts.length; example++) {
      if (counts[example] === 0) continue
      least = Math.min(least, this.#least[example]!)
      largest = Math.max(largest, this.#largest[example]!)
    }
    return !(largest > least)
  }

  /** The mean of the centred values on a resample, and the sum of their squared distances from it. */
  moments(
    counts: Float64Array,
    total: number,
  ): { readonly mean: number; readonly spread: number; readonly resolved: boolean } {
    const mean = dot(this.#sums, counts) / total
    const squares = dot(this.#squares, counts)
    const spread = squares - total * mean * mean
    return { mean, spread, resolved: isResolved(spread, squares) }
  }
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!
  return sum
}
