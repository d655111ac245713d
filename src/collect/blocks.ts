import type { ContextPlan } from '../core/contexts.ts'
import type { TokenCorpus } from '../core/token-corpus.ts'

/** Stands for every token that is all digits when blocks are compared. */
const DIGITS = 0xffff_ffff
const NO_BLOCK = 0xffff_ffff

/**
 * A corpus cut into blocks of `size` consecutive eligible tokens of one context, one after the other; what is left
 * at the end of a run of eligible tokens is in none. Blocks are numbered in the order of the corpus.
 */
export class BlockIndex {
  readonly size: number
  readonly ids: Uint16Array | Uint32Array
  /** The first token of each block. */
  readonly starts: Uint32Array
  /** The document of each block. */
  readonly documents: Uint32Array
  /** The context of each block. */
  readonly contexts: Uint32Array
  readonly #blockOf: Uint32Array
  /** For each block the first that equals it, digits folded: two blocks are equal where these are. */
  readonly firstEqual: Uint32Array

  /**
   * @param eligible 1 for tokens that may stand in a block
   * @param allDigits whether a vocabulary entry is all digits; such tokens are alike when blocks are compared
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
    this.#blockOf = new Uint32Array(corpus.ids.length).fill(NO_BLOCK)
    const starts: number[] = []
    const contexts: number[] = []
    for (let context = 0; context < plan.documents.length; context++) {
      const end = plan.starts[context + 1]!
      for (let token = plan.starts[context]!, run = 0; token < end; token++) {
        run = eligible[token] ? run + 1 : 0
        if (run < size) continue
        const start = token + 1 - size
        this.#blockOf.fill(starts.length, start, token + 1)
        starts.push(start)
        contexts.push(context)
        run = 0
      }
    }
    this.starts = Uint32Array.from(starts)
    this.contexts = Uint32Array.from(contexts)
    this.documents = this.contexts.map((context) => plan.documents[context]!)
    const folds = Uint32Array.from({ length: vocabularySize }, (_, id) => (allDigits(id) ? DIGITS : id))
    const found = new Map<string, number>()
    this.firstEqual = this.starts.map((start, block) => {
      const key = Array.from(corpus.ids.subarray(start, start + size), (id) => folds[id]!).join()
      const first = found.get(key) ?? block
      found.set(key, first)
      return first
    })
  }

  /** The block of a corpus token, or null. */
  blockOf(token: number): number | null {
    const block = this.#blockOf[token]!
    return block === NO_BLOCK ? null : block
  }
}
