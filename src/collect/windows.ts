import type { ContextPlan } from '../core/contexts.ts'
import type { TokenCorpus } from '../core/token-corpus.ts'

/** Stands for every token that is all digits when windows are compared. */
const DIGITS = 0xffff_ffff

/**
 * All windows of a corpus: runs of `size` consecutive eligible tokens of one context. A window is named by its
 * nominal token, the one it is drawn for; a token is a nominal token if the window centred on it is legal.
 */
export class WindowIndex {
  readonly size: number
  readonly ids: Uint16Array | Uint32Array
  /** The first corpus token of each document, and the end of the last. */
  readonly documentStarts: Float64Array
  /** The document of each corpus token. */
  readonly documentOf: Uint32Array
  /** Every nominal token, ascending. */
  readonly nominalTokens: Uint32Array
  /** Nominal tokens by vocabulary entry: those of entry v are `byEntry[entryStarts[v] … entryStarts[v + 1] − 1]`. */
  readonly entryStarts: Uint32Array
  readonly byEntry: Uint32Array
  /** For each corpus token, how many tokens on from it a run of eligible tokens of one context goes, itself included. */
  readonly #runAhead: Uint32Array
  readonly #folded: Uint32Array
  /** By nominal token, a hash of its centred window, digits folded; 0 for all other tokens. */
  readonly hashes: Uint32Array

  /**
   * @param eligible 1 for tokens that may stand in a window
   * @param allDigits whether a vocabulary entry matches `^ ?[0-9]+$`; such tokens are alike when windows are compared
   */
  constructor(
    corpus: TokenCorpus,
    plan: ContextPlan,
    eligible: Uint8Array,
    size: number,
    vocabularySize: number,
    allDigits: (id: number) => boolean,
  ) {
    this.size = size
    this.ids = corpus.ids
    this.documentStarts = corpus.documentStarts
    const tokens = corpus.ids.length
    this.documentOf = new Uint32Array(tokens)
    this.#runAhead = new Uint32Array(tokens)
    for (let context = 0; context < plan.documents.length; context++) {
      const start = plan.starts[context]!
      const end = plan.starts[context + 1]!
      this.documentOf.fill(plan.documents[context]!, start, end)
      for (let token = end - 1, run = 0; token >= start; token--) {
        run = eligible[token] ? run + 1 : 0
        this.#runAhead[token] = run
      }
    }
    const folds = Uint32Array.from({ length: vocabularySize }, (_, id) => (allDigits(id) ? DIGITS : id))
    this.#folded = Uint32Array.from(corpus.ids, (id) => folds[id]!)
    const half = size >> 1
    this.nominalTokens = Uint32Array.from(this.#runAhead.keys()).filter((token) =>
      this.legalFrom(token - half),
    )
    this.hashes = this.#hashWindows()
    ;[this.entryStarts, this.byEntry] = this.#groupByEntry(vocabularySize)
  }

  /** Whether a window of legal tokens starts at `first`. */
  legalFrom(first: number): boolean {
    return first >= 0 && first < this.#runAhead.length && this.#runAhead[first]! >= this.size
  }

  /** Whether the centred windows of two nominal tokens are equal, digits folded. */
  equal(a: number, b: number): boolean {
    const half = this.size >> 1
    for (let offset = -half; offset <= half; offset++)
      if (this.#folded[a + offset] !== this.#folded[b + offset]) return false
    return true
  }

  /** What the windows that start at two tokens have in common exactly when they read the same, digits folded. */
  keyFrom(first: number): string {
    return this.#folded.subarray(first, first + this.size).join()
  }

  #hashWindows(): Uint32Array {
    const hashes = new Uint32Array(this.#folded.length)
    const half = this.size >> 1
    for (const token of this.nominalTokens) {
      let hash = 0
      for (let at = token - half; at <= token + half; at++) {
        hash = Math.imul(hash ^ this.#folded[at]!, 0x9e3779b1)
        hash ^= hash >>> 15
      }
      // 0 is kept for tokens that are not nominal.
      hashes[token] = hash === 0 ? 1 : hash
    }
    return hashes
  }

  #groupByEntry(vocabularySize: number): [Uint32Array, Uint32Array] {
    const starts = new Uint32Array(vocabularySize + 1)
    for (const token of this.nominalTokens) starts[this.ids[token]! + 1]!++
    for (let id = 0; id < vocabularySize; id++) starts[id + 1]! += starts[id]!
    const next = starts.slice()
    const grouped = new Uint32Array(this.nominalTokens.length)
    for (const token of this.nominalTokens) grouped[next[this.ids[token]!]!++] = token
    return [starts, grouped]
  }
}
