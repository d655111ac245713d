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
/** Bytes of a resample's weights of one example, and of one correlation. */
const WEIGHT = 2
const CORRELATION = 8

/**
 * The most tokens that a resample may have: doubled ranks' sums are at most N³ / 3, which has to stay below 2³¹.
 */
export const MOST_TOKENS = 1860

const exportsSchema = z.object({
  correlate: z.custom<(...numbers: readonly number[]) => void>((value) => typeof value === 'function'),
})

/**
 * The kernel of resampled ranks with its memory, which holds nothing that outlives a call but the resamples that were
 * used last: many features in a row have the same.
 */
class RankKernel {
  readonly #memory = new WebAssembly.Memory({ initial: 8 })
  readonly #correlate = exportsSchema.parse(
    new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(RESAMPLED_RANKS_CODE, 'base64')), {
      env: { memory: this.#memory, abort: () => {} },
    }).exports,
  ).correlate
  /** The resamples in memory, how many they were when copied, and their bytes. */
  #held: ResampleCounts | null = null
  #heldLength = 0
  #heldRoom = 0

  /** Correlations on resamples `from` to `to` (exclusive), set by set. */
  correlate(tokens: RankedTokens, resamples: ResampleCounts, from: number, to: number): Float64Array[] {
    const firstChunk = Math.floor(from / CHUNK)
    const chunks = Math.ceil(to / CHUNK) - firstChunk
    const { examples } = resamples
    // A single chunk would drive out the many resamples of the next call.
    const passing = resamples.length <= CHUNK
    if (!passing) this.#hold(resamples, to)
    const passingWeights = VECTOR + this.#heldRoom
    const weights = passing ? passingWeights : VECTOR + firstChunk * CHUNK * examples * WEIGHT
    const lengths = aligned(passingWeights + (passing ? resamples.chunks.byteLength : 0))
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
    this.#correlate(
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
    const skipped = from - firstChunk * CHUNK
    return Array.from({ length: sets }, (_, set) =>
      new Float64Array(this.#memory.buffer, out + set * setBytes + skipped * CORRELATION, to - from).slice(),
    )
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
