import { hash32 } from '../core/random.ts'

const UNDECIDED = 0xff

/** A document with the number of firing windows that it holds. */
export interface FiringDocument {
  readonly document: number
  readonly firingWindows: number
}

/**
 * Assigns the documents of one feature to the uses, each of which is a side, so that no document serves two.
 *
 * Documents with firing windows go, by descending number of those (ties by hash of seed, feature and document), each
 * to the side with the smallest share of what it wants; a tie goes to the first of them. All other documents go by
 * their hash: with two sides by its lowest bit.
 */
export class DocumentSplit {
  readonly #sides: Uint8Array
  readonly #count: number
  readonly #seed: number
  readonly #feature: number

  /**
   * @param documents number of documents in the corpus
   * @param wanted firing windows that each side wants
   */
  constructor(
    documents: number,
    firing: readonly FiringDocument[],
    wanted: readonly number[],
    seed: number,
    feature: number,
  ) {
    this.#sides = new Uint8Array(documents).fill(UNDECIDED)
    this.#count = wanted.length
    this.#seed = seed
    this.#feature = feature
    const ordered = firing
      .map((one) => ({ ...one, hash: this.#hash(one.document) }))
      .toSorted((a, b) => b.firingWindows - a.firingWindows || a.hash - b.hash || a.document - b.document)
    const assigned = wanted.map(() => 0)
    for (const { document, firingWindows } of ordered) {
      let side = 0
      for (let other = 1; other < wanted.length; other++)
        if (assigned[other]! / wanted[other]! < assigned[side]! / wanted[side]!) side = other
      assigned[side]! += firingWindows
      this.#sides[document] = side
    }
  }

  /** The side of a document: a place in `wanted`. */
  sideOf(document: number): number {
    if (this.#sides[document] === UNDECIDED) this.#sides[document] = this.#hash(document) % this.#count
    return this.#sides[document]!
  }

  #hash(document: number): number {
    return hash32(this.#seed, this.#feature, document)
  }
}
