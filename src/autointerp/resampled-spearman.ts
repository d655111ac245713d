import { examplesOfTokens, flatTokens, type Grouped, groupValues } from './grouped-values.ts'
import { oneByOne, type Resample, type ResampledStatistic, type Resamples } from './resamples.ts'

/**
 * Spearman's correlations of one truth with several predictions, over examples that count several times or not at
 * all: equal to repeating their tokens.
 *
 * Nearly all tokens are silent in truth and prediction; such tokens are never visited, only counted. Tokens of the
 * truth are kept in the order of their values, so that one pass finds their ranks; with ranks centred, a prediction
 * then needs only its own levels' weights and the tokens on which both speak. All sums are of halves of integers,
 * hence exact, so equal predictions have equal correlations to the last bit.
 *
 * {@link spearmanOnResamples} gives the same numbers faster, where its integers are large enough.
 */
export class ResampledSpearman implements ResampledStatistic {
  readonly #tokens: Float64Array
  readonly #truth: TruthRanks
  readonly #predictions: readonly PredictedRanks[]

  /**
   * @param truth activations by example and token
   * @param predictions one or more sets of predictions for the same tokens
   */
  constructor(
    truth: readonly (readonly number[])[],
    predictions: readonly (readonly (readonly number[])[])[],
  ) {
    this.#tokens = Float64Array.from(truth, ({ length }) => length)
    const flat = flatTokens(truth)
    const exampleOf = examplesOfTokens(truth, flat.length)
    const grouped = groupValues(flat)
    this.#truth = new TruthRanks(grouped, exampleOf)
    this.#predictions = predictions.map(
      (one) => new PredictedRanks(groupValues(flatTokens(one)), exampleOf, grouped, this.#truth),
    )
  }

  /**
   * The correlations on a resample. False where the truth is constant; predictions that are constant have
   * correlation 0.
   * @param into receives one number for each set of predictions
   */
  correlations({ counts }: Pick<Resample, 'counts'>, into: Float64Array): boolean {
    const tokens = this.#tokens
    let total = 0
    for (let example = 0; example < tokens.length; example++) total += counts[example]! * tokens[example]!
    const truth = this.#truth
    const spread = truth.rank(counts, total)
    if (spread === 0) return false
    for (let place = 0; place < this.#predictions.length; place++)
      into[place] = this.#predictions[place]!.correlation(counts, total, spread)
    return true
  }

  onResamples(resamples: Resamples, from: number, to: number): Float64Array[] {
    const correlations = (resample: Resample, into: Float64Array): boolean =>
      this.correlations(resample, into)
    return oneByOne(correlations, this.#predictions.length, resamples, from, to)
  }

  plain(): { readonly correlations: Float64Array; readonly constant: readonly boolean[] } | null {
    const correlations = new Float64Array(this.#predictions.length)
    const counts = new Float64Array(this.#tokens.length).fill(1)
    if (!this.correlations({ counts }, correlations)) return null
    return { correlations, constant: this.#predictions.map(({ isConstant }) => isConstant) }
  }
}

/** The tokens of the truth outside its base, from either end towards the base, with their ranks on a resample. */
class TruthRanks {
  /** By place: tokens below the base from the smallest value, then those above it from the largest. */
  readonly placeOf: Int32Array
  /** After {@link rank}: weight · (rank − the base's rank), by place, and their sum. */
  readonly moments: Float64Array
  momentSum = 0
  readonly #examples: Int32Array
  /** Where a run of equal values ends, by its first place. */
  readonly #runEnds: Int32Array
  readonly #below: number
  readonly #ranks: Float64Array
  readonly #untied: boolean

  constructor({ groups, base, groupOf, sizes }: Grouped, exampleOf: Int32Array) {
    const starts = new Int32Array(groups)
    let place = 0
    for (let group = 0; group < base; group++) {
      starts[group] = place
      place += sizes[group]!
    }
    this.#below = place
    for (let group = groups - 1; group > base; group--) {
      starts[group] = place
      place += sizes[group]!
    }
    const runEnds: number[] = []
    for (let group = 0; group < base; group++) runEnds.push(starts[group]! + sizes[group]!)
    for (let group = groups - 1; group > base; group--) runEnds.push(starts[group]! + sizes[group]!)
    this.#runEnds = Int32Array.from(runEnds)
    this.#untied = this.#below === 0 && runEnds.length === place
    this.#examples = new Int32Array(place)
    this.placeOf = new Int32Array(groupOf.length).fill(-1)
    this.moments = new Float64Array(place)
    this.#ranks = new Float64Array(runEnds.length)
    for (let token = 0; token < groupOf.length; token++) {
      const group = groupOf[token]!
      if (group === base) continue
      const at = starts[group]!++
      this.#examples[at] = exampleOf[token]!
      this.placeOf[token] = at
    }
  }

  /** {@link rank} where no two tokens are tied and none is below the base: as usual with activations. */
  #rankUntied(counts: Float64Array, total: number): number {
    const examples = this.#examples
    const moments = this.moments
    const length = examples.length
    let above = 0
    for (let place = 0; place < length; place++) above += counts[examples[place]!]!
    // Centred, the base's rank is minus half of what is above it.
    const baseRank = -above / 2
    const top = total / 2
    let spread = (total - above) * baseRank * baseRank
    let sum = 0
    let passed = 0
    for (let place = 0; place < length; place++) {
      const weight = counts[examples[place]!]!
      const rank = top - passed - weight / 2
      const moment = weight * (rank - baseRank)
      passed += weight
      spread += weight * rank * rank
      moments[place] = moment
      sum += moment
    }
    this.momentSum = sum
    return spread
  }

  /** Finds {@link moments} and returns Σ weight · rank², centred, which is 0 if all values are equal. */
  rank(counts: Float64Array, total: number): number {
    if (this.#untied) return this.#rankUntied(counts, total)
    const examples = this.#examples
    const runEnds = this.#runEnds
    const ranks = this.#ranks
    const moments = this.moments
    const half = total / 2
    let spread = 0
    let below = 0
    let above = 0
    let place = 0
    for (let run = 0; run < runEnds.length; run++) {
      const end = runEnds[run]!
      let weight = 0
      const isBelow = place < this.#below
      for (; place < end; place++) {
        const one = counts[examples[place]!]!
        moments[place] = one
        weight += one
      }
      let rank: number
      if (isBelow) {
        rank = below + weight / 2 - half
        below += weight
      } else {
        rank = half - above - weight / 2
        above += weight
      }
      ranks[run] = rank
      spread += weight * rank * rank
    }
    const rest = total - below - above
    const baseRank = below + rest / 2 - half
    let sum = 0
    place = 0
    for (let run = 0; run < runEnds.length; run++) {
      const end = runEnds[run]!
      const difference = ranks[run]! - baseRank
      for (; place < end; place++) {
        const moment = moments[place]! * difference
        moments[place] = moment
        sum += moment
      }
    }
    this.momentSum = sum
    return spread + rest * baseRank * baseRank
  }
}

/** A set of predictions: how often each example has each level, and the tokens on which truth and prediction speak. */
class PredictedRanks {
  readonly isConstant: boolean
  readonly #truth: TruthRanks
  readonly #base: number
  /** Cells of (level, example), level by level; those of level g end at `ends[g]`. */
  readonly #ends: Int32Array
  readonly #cellExamples: Int32Array
  readonly #cellCounts: Float64Array
  /** Places in the truth of the tokens that are outside both bases, level by level; those of level g end here. */
  readonly #overlapEnds: Int32Array
  readonly #overlaps: Int32Array
  readonly #ranks: Float64Array

  constructor(
    { groups, base, groupOf }: Grouped,
    exampleOf: Int32Array,
    truthGroups: Grouped,
    truth: TruthRanks,
  ) {
    this.isConstant = groups <= 1
    this.#truth = truth
    this.#base = base
    this.#ranks = new Float64Array(groups)
    const tokensOf: number[][] = Array.from({ length: groups }, () => [])
    for (let token = 0; token < groupOf.length; token++)
      if (groupOf[token] !== base) tokensOf[groupOf[token]!]!.push(token)
    const examples: number[] = []
    const counts: number[] = []
    const overlaps: number[] = []
    this.#ends = new Int32Array(groups)
    this.#overlapEnds = new Int32Array(groups)
    for (let group = 0; group < groups; group++) {
      let last = -1
      for (const token of tokensOf[group]!) {
        const example = exampleOf[token]!
        if (example === last) counts[counts.length - 1]!++
        else {
          examples.push(example)
          counts.push(1)
          last = example
        }
        if (truthGroups.groupOf[token] !== truthGroups.base) overlaps.push(truth.placeOf[token]!)
      }
      this.#ends[group] = examples.length
      this.#overlapEnds[group] = overlaps.length
    }
    this.#cellExamples = Int32Array.from(examples)
    this.#cellCounts = Float64Array.from(counts)
    this.#overlaps = Int32Array.from(overlaps)
  }

  correlation(counts: Float64Array, total: number, truthSpread: number): number {
    if (this.isConstant) return 0
    const ends = this.#ends
    const cellExamples = this.#cellExamples
    const cellCounts = this.#cellCounts
    const ranks = this.#ranks
    const groups = ranks.length
    const base = this.#base
    let rest = total
    for (let group = 0, cell = 0; group < groups; group++) {
      const end = ends[group]!
      let weight = 0
      for (; cell < end; cell++) weight += cellCounts[cell]! * counts[cellExamples[cell]!]!
      ranks[group] = weight
      rest -= weight
    }
    ranks[base] = rest
    let below = -total / 2
    let spread = 0
    for (let group = 0; group < groups; group++) {
      const weight = ranks[group]!
      const rank = below + weight / 2
      spread += weight * rank * rank
      below += weight
      ranks[group] = rank
    }
    if (spread === 0) return 0
    const { moments, momentSum } = this.#truth
    const overlapEnds = this.#overlapEnds
    const overlaps = this.#overlaps
    const baseRank = ranks[base]
    let together = baseRank * momentSum
    for (let group = 0, place = 0; group < groups; group++) {
      const end = overlapEnds[group]!
      let moment = 0
      for (; place < end; place++) moment += moments[overlaps[place]!]!
      together += moment * (ranks[group]! - baseRank)
    }
    // Rounding can carry a perfect correlation past 1.
    return Math.min(1, Math.max(-1, together / Math.sqrt(truthSpread * spread)))
  }
}
