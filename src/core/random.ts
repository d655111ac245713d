/** Seeded randomness. Nothing in gloss draws from any other source. */

const UINT32 = 0x1_0000_0000

/**
 * A well-mixed 32-bit hash of integers (MurmurHash3 x86_32 over their 32-bit words).
 * Used where an order must not depend on the order in which things are visited.
 */
export function hash32(...words: readonly number[]): number {
  let hash = 0
  for (const word of words) {
    let mixed = Math.imul(word, 0xcc9e2d51)
    mixed = (mixed << 15) | (mixed >>> 17)
    hash ^= Math.imul(mixed, 0x1b873593)
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  hash ^= words.length * 4
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** A 32-bit word for a label (FNV-1a over UTF-16 code units), so that streams can be named. */
function labelWord(label: string): number {
  let word = 0x811c9dc5
  for (let i = 0; i < label.length; i++) word = Math.imul(word ^ label.charCodeAt(i), 0x01000193)
  return word >>> 0
}

/**
 * A stream of pseudo-random numbers: xoshiro128** (Blackman and Vigna 2021), seeded by hashing.
 *
 * @example
 * const random = new Random(0, 'sample', 2937) // the stream of feature 2937's sample under seed 0
 * random.below(6)
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number, ...stream: readonly (number | string)[]) {
    const words = [seed, ...stream.map((part) => (typeof part === 'string' ? labelWord(part) : part))]
    this.#a = hash32(...words, 1)
    this.#b = hash32(...words, 2)
    this.#c = hash32(...words, 3)
    // One odd word keeps the state from being all zero, the one state that xoshiro never leaves.
    this.#d = hash32(...words, 4) | 1
  }

  /** A uniform integer in [0, 2³²). */
  next(): number {
    const scrambled = Math.imul(this.#b, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = (this.#d << 11) | (this.#d >>> 21)
    return result
  }

  /** A uniform number in [0, 1) with 32 bits. */
  uniform(): number {
    return this.next() / UINT32
  }

  /** A uniform integer in [0, bound), without modulo bias. `bound` is from 1 to 2³². */
  below(bound: number): number {
    const limit = UINT32 - (UINT32 % bound)
    let drawn = this.next()
    while (drawn >= limit) drawn = this.next()
    return drawn % bound
  }

  /** A standard normal number (Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()))
    return radius * Math.cos(2 * Math.PI * this.uniform())
  }

  /** One element, uniformly. The list must not be empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  /** Reorders a list in place, uniformly over all orders (Fisher and Yates), and returns it. */
  shuffle<L extends { [index: number]: unknown; readonly length: number }>(list: L): L {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const swapped = list[i]
      list[i] = list[j]
      list[j] = swapped
    }
    return list
  }
}
