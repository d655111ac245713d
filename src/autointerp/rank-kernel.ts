import { z } from 'zod'
import type { RankedTokens } from './ranked-tokens.ts'
import { RESAMPLED_RANKS_CODE } from './resampled-ranks-code.ts'
import { CHUNK, type ResampleCounts } from './resamples.ts'

/** The part of the global that is used; the types of Node 20 lack it. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { initial: number }) => {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
  readonly Module: new (code: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: object }
}

const PAGE = 65_536
const VECTOR = 16
/** What an example or token takes: eight 32-bit integers. */
const STRIDE = 32
/** Bytes of a resample's weights of one example, of one correlation, and of one sum. */
const WEIGHT = 2
const CORRELATION = 8
const SUM = 8

/**
 * The most tokens that a resample may have: doubled ranks' sums are at most N³ / 3, which has to stay below 2³¹.
 */
export const MOST_TOKENS = 1860

const functionSchema = z.custom<(...numbers: readonly number[]) => void>(
  (value) => typeof value === 'function',
)
const exportsSchema = z.object({ correlate: functionSchema, addUp: functionSchema })

/**
 * The kernel of resampled ranks with its memory, which holds nothing that outlives a call but the resamples that were
 * used last: many features in a row have the same.
 */
class RankKernel {
  readonly #memory = new WebAssembly.Memory({ initial: 8 })
  readonly #exports = exportsSchema.parse(
    new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(RESAMPLED_RANKS_CODE, 'base64')), {
      env: { memory: this.#memory, abort: () => {} },
    }).exports,
  )
  /** The resamples in memory, how many they were when copied, and their bytes. */
  #held: ResampleCounts | null = null
  #heldLength = 0
  #heldRoom = 0

  /** Correlations on resamples `from` to `to` (exclusive), set by set. */
  correlate(tokens: RankedTokens, resamples: ResampleCounts, from: number, to: number): Float64Array[] {
    const { chunks, weights, skipped, passing, room } = this.#place(resamples, from, to)
    const { examples } = resamples
    const lengths = room
    const truth = aligned(lengths + tokens.lengths.byteLength)
    const predictions = aligned(truth + tokens.truth.byteLength)
    const wide = aligned(predictions + tokens.predictions.byteLength)
    const moments = wide + examples * STRIDE
    const out = moments + tokens.places * STRIDE
    const setBytes = chunks * CHUNK * CORRELATION
    this.#reserve(out + tokens.sets * setBytes)
    if (passing) new Uint16Array(this.#memory.buffer).set(resamples.chunks, weights / WEIGHT)
    const integers = new Int32Array(this.#memory.buffer)
    integers.set(tokens.lengths, lengths / 4)
    integers.set(tokens.truth, truth / 4)
    integers.set(tokens.predictions, predictions / 4)
    const { sets } = tokens
    this.#exports.correlate(
      chunks,
      examples,
      lengths,
      weights,
      truth,
      predictions,
      sets,
      wide,
      moments,
      out,
      setBytes,
    )
    return Array.from({ length: sets }, (_, set) =>
      new Float64Array(this.#memory.buffer, out + set * setBytes + skipped * CORRELATION, to - from).slice(),
    )
  }

  /** Sums of columns, which hold a number for each example, on resamples `from` to `to` (exclusive), column by column. */
  addUp(
    columns: readonly Float64Array[],
    resamples: ResampleCounts,
    from: number,
    to: number,
  ): Float64Array[] {
    const { chunks, weights, skipped, passing, room } = this.#place(resamples, from, to)
    const { examples } = resamples
    const wide = aligned(room + columns.length * examples * SUM)
    const out = wide + examples * CHUNK * SUM
    const columnBytes = chunks * CHUNK * SUM
    this.#reserve(out + columns.length * columnBytes)
    if (passing) new Uint16Array(this.#memory.buffer).set(resamples.chunks, weights / WEIGHT)
    const numbers = new Float64Array(this.#memory.buffer)
    for (const [place, column] of columns.entries()) numbers.set(column, room / SUM + place * examples)
    this.#exports.addUp(chunks, examples, weights, room, columns.length, wide, out, columnBytes)
    return columns.map((_, place) =>
      new Float64Array(this.#memory.buffer, out + place * columnBytes + skipped * SUM, to - from).slice(),
    )
  }

  /** Where resamples lie in memory, held or in passing, and where what else a call needs may begin. */
  #place(resamples: ResampleCounts, from: number, to: number) {
    const firstChunk = Math.floor(from / CHUNK)
    // A single chunk would drive out the many resamples of the next call.
    const passing = resamples.length <= CHUNK
    if (!passing) this.#hold(resamples, to)
    const passingWeights = VECTOR + this.#heldRoom
    return {
      chunks: Math.ceil(to / CHUNK) - firstChunk,
      weights: passing ? passingWeights : VECTOR + firstChunk * CHUNK * resamples.examples * WEIGHT,
      skipped: from - firstChunk * CHUNK,
      passing,
      room: aligned(passingWeights + (passing ? resamples.chunks.byteLength : 0)),
    }
  }

  #hold(resamples: ResampleCounts, length: number): void {
    if (this.#held === resamples && length <= this.#heldLength) return
    const { chunks } = resamples
    this.#reserve(VECTOR + chunks.byteLength)
    new Uint16Array(this.#memory.buffer).set(chunks, VECTOR / WEIGHT)
    this.#held = resamples
    this.#heldRoom = aligned(chunks.byteLength)
    this.#heldLength = resamples.length
  }

  #reserve(bytes: number): void {
    const lacking = bytes - this.#memory.buffer.byteLength
    if (lacking > 0) this.#memory.grow(Math.ceil(lacking / PAGE))
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / VECTOR) * VECTOR
}

let kernel: RankKernel | null = null

/**
 * Spearman's correlations on resamples `from` to `to` (exclusive), set by set; NaN where the truth is constant. What
 * the kernel keeps from call to call saves copying and decides nothing.
 * @param tokens no more than {@link MOST_TOKENS} in any resample
 */
export function correlateRanks(
  tokens: RankedTokens,
  resamples: ResampleCounts,
  from: number,
  to: number,
): Float64Array[] {
  kernel ??= new RankKernel()
  return kernel.correlate(tokens, resamples, from, to)
}

/** Sums over examples on resamples `from` to `to` (exclusive): of each column, what an example adds whenever it is drawn. */
export function addUpOnResamples(
  columns: readonly Float64Array[],
  resamples: ResampleCounts,
  from: number,
  to: number,
): Float64Array[] {
  kernel ??= new RankKernel()
  return kernel.addUp(columns, resamples, from, to)
}
