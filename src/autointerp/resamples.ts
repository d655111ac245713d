import type { Random } from '../core/random.ts'

/** One resample: the distinct examples that were drawn and how often each was. */
export interface Resample {
  readonly examples: Uint16Array
  readonly weights: Float64Array
  /** How often each example was drawn, those that were not with 0. */
  readonly counts: Float64Array
}

/** Resamples are laid out in chunks of so many, as the kernel of resampled ranks reads them. */
export const CHUNK = 8

/** How often examples count in some resamples, as the kernel of resampled ranks reads it. */
export interface ResampleCounts {
  /** Number of examples. */
  readonly examples: number
  /** Number of resamples. */
  readonly length: number
  /** Chunk by chunk, example by example, how often each resample of the chunk has the example; 0 beyond the last. */
  readonly chunks: Uint16Array
}

/** The one resample that has every example once. */
export function everyOnce(examples: number): ResampleCounts {
  const chunks = new Uint16Array(CHUNK * examples)
  for (let at = 0; at < chunks.length; at += CHUNK) chunks[at] = 1
  return { examples, length: 1, chunks }
}

/** Resamples of one list of examples within strata: each stratum is drawn from as many times as it has examples. */
export class Resamples implements ResampleCounts {
  readonly examples: number
  readonly #sizes: readonly number[]
  readonly #random: Random
  readonly #single: Resample[] = []
  #counts = new Uint16Array(0)
  #drawn = 0

  /** @param random drawn from once for each draw, resample by resample */
  constructor(sizes: readonly number[], random: Random) {
    this.examples = sizes.reduce((sum, size) => sum + size, 0)
    this.#sizes = sizes
    this.#random = random
  }

  get length(): number {
    return this.#drawn
  }

  /** Draws until there are `length`; those that there are stay what they are. */
  extend(length: number): void {
    const chunks = Math.ceil(length / CHUNK)
    const room = chunks * CHUNK * this.examples
    if (room > this.#counts.length) {
      const longer = new Uint16Array(room)
      longer.set(this.#counts)
      this.#counts = longer
    }
    for (; this.#drawn < length; this.#drawn++) {
      const start = this.#startOf(this.#drawn)
      let first = 0
      for (const size of this.#sizes) {
        for (let draw = 0; draw < size; draw++)
          this.#counts[start + CHUNK * (first + this.#random.below(size))]!++
        first += size
      }
    }
  }

  get chunks(): Uint16Array {
    return this.#counts
  }

  /** Resample number `index`, which must have been drawn. */
  at(index: number): Resample {
    return (this.#single[index] ??= this.#read(index))
  }

  #startOf(index: number): number {
    const lane = index % CHUNK
    return (index - lane) * this.examples + lane
  }

  #read(index: number): Resample {
    const start = this.#startOf(index)
    const counts = Float64Array.from(
      { length: this.examples },
      (_, example) => this.#counts[start + CHUNK * example]!,
    )
    const examples = Uint16Array.from(counts.keys()).filter((example) => counts[example]! > 0)
    return { examples, weights: Float64Array.from(examples, (example) => counts[example]!), counts }
  }
}

/** Correlations of one truth with several predictions on resamples of the examples. */
export interface ResampledStatistic {
  /**
   * The correlations on resamples `from` to `to` (exclusive), set by set: 0 for predictions that are constant on a
   * resample, NaN throughout where the truth is.
   */
  onResamples(resamples: Resamples, from: number, to: number): readonly Float64Array[]
  /** The correlations with every example counted once; null where the truth is constant. */
  plain(): { readonly correlations: Float64Array; readonly constant: readonly boolean[] } | null
}

/**
 * {@link ResampledStatistic.onResamples}, one resample after the other.
 * @param correlations writes one number for each set; false where the truth is constant
 */
export function oneByOne(
  correlations: (resample: Resample, into: Float64Array) => boolean,
  sets: number,
  resamples: Resamples,
  from: number,
  to: number,
): Float64Array[] {
  const found = Array.from({ length: sets }, () => new Float64Array(to - from))
  const one = new Float64Array(sets)
  for (let index = from; index < to; index++) {
    if (!correlations(resamples.at(index), one)) one.fill(Number.NaN)
    for (let set = 0; set < sets; set++) found[set]![index - from] = one[set]!
  }
  return found
}
