import { hash32 } from '../core/random.ts'

/** The side of a document: its examples serve one use and no other. */
export const EXPLAIN_SIDE = 0
/** The other side. */
export const SCORE_SIDE = 1
const UNDECIDED = 2

/** A document with the number of firing windows that it holds. */
export interface FiringDocument {
  readonly document: number
  readonly firingWindows: number
}

/**
 * Assigns the documents of one feature to the two uses, so that no document serves both.
 *
 * Documents with firing windows go, by descending number of those (ties by hash of seed, feature and document), each
 * to the side with the smaller share of what it wants; a tie goes to explain. All other documents go by the lowest
 * bit of their hash.
 */
export class DocumentSplit {
  readonly #sides: Uint8Array
  readonly #seed: number
  readonly #feature: number

  /**
   * @param documents number of documents in the corpus
   * @param wanted firing windows that each side wants
   */
  constructor(
    documents: number,
    firing: readonly FiringDocument[],
    wanted: { readonly explain: number; readonly score: number },
    seed: number,
    feature: number,
  ) {
    this.#sides = new Uint8Array(documents).fill(UNDECIDED)
    this.#seed = seed
    this.#feature = feature
    const ordered = firing
      .map((one) => ({ ...one, hash: this.#hash(one.document) }))
      .toSorted((a, b) => b.firingWindows - a.firingWindows || a.hash - b.hash || a.document - b.document)
    const assigned = [0, 0]
    for (const { document, firingWindows } of ordered) {
      const explainShare = assigned[EXPLAIN_SIDE]! / wanted.explain
      const scoreShare = assigned[SCORE_SIDE]! / wanted.score
      const side = explainShare <= scoreShare ? EXPLAIN_SIDE : SCORE_SIDE
      assigned[side]! += firingWindows
      this.#sides[document] = side
    }
  }

  /** {@link EXPLAIN_SIDE} or {@link SCORE_SIDE}. */
  sideOf(document: number): number {
    if (this.#sides[document] === UNDECIDED) this.#sides[document] = this.#hash(document) & 1
    return this.#sides[document]!
  }

  #hash(document: number): number {
    return hash32(this.#seed, this.#feature, document)
  }
}
