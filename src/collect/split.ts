import { hash32 } from '../core/random.ts'

/** The side of a document: its examples serve one use and no other. */
export const EXPLAIN_SIDE = 0
/** The other side. */
export const SCORE_SIDE = 1
const UNDECIDED = 2

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
   * @param firingWindows documents that hold firing windows, with their number
   * @param wanted firing windows that each side wants
   */
  constructor(
    documents: number,
    firingWindows: ReadonlyMap<number, number>,
    wanted: { readonly explain: number; readonly score: number },
    seed: number,
    feature: number,
  ) {
    this.#sides = new Uint8Array(documents).fill(UNDECIDED)
    this.#seed = seed
    this.#feature = feature
    const ordered = [...firingWindows].map(([document, count]) => ({
      document,
      count,
      hash: this.#hash(document),
    }))
    ordered.sort((a, b) => b.count - a.count || a.hash - b.hash || a.document - b.document)
    const assigned = [0, 0]
    for (const { document, count } of ordered) {
      const explainShare = assigned[EXPLAIN_SIDE]! / wanted.explain
      const scoreShare = assigned[SCORE_SIDE]! / wanted.score
      const side = explainShare <= scoreShare ? EXPLAIN_SIDE : SCORE_SIDE
      assigned[side]! += count
      this.#sides[document] = side
    }
  }

  sideOf(document: number): number {
    if (this.#sides[document] === UNDECIDED) this.#sides[document] = this.#hash(document) & 1
    return this.#sides[document]!
  }

  #hash(document: number): number {
    return hash32(this.#seed, this.#feature, document)
  }
}
