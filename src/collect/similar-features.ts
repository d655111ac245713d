import { hash32 } from '../core/random.ts'
import type { FeatureFirings } from './firings.ts'
import { Smallest } from './smallest.ts'

/** Contexts that co-occurrence is judged by, at most. */
const SKETCH_CONTEXTS = 4096
const WORD = 32

/** The features with the largest similarity to a feature, itself never; ties by id. */
export function mostSimilar(
  feature: number,
  features: number,
  similarity: (other: number) => number,
  count: number,
): number[] {
  const best = new Smallest(count)
  for (let id = 0; id < features; id++) {
    const value = id === feature ? 0 : similarity(id)
    if (value > 0) best.offer(id, -value)
  }
  return best.items
}

/**
 * In which contexts features fire, as one bit for each of up to 4,096 contexts drawn by hash. Two features co-occur by
 * the Jaccard index of their contexts.
 */
export class ContextSketch {
  readonly #bitOf: Int32Array
  readonly #words: number
  readonly #bits: Uint32Array
  readonly #counts: Uint32Array
  readonly #contextOf: (token: number) => number

  /** @param contextOf the context of a corpus token */
  constructor(features: number, contexts: number, contextOf: (token: number) => number, seed: number) {
    const drawn = Uint32Array.from({ length: contexts }, (_, context) => context)
      .toSorted((a, b) => hash32(seed, a) - hash32(seed, b) || a - b)
      .subarray(0, SKETCH_CONTEXTS)
    this.#bitOf = new Int32Array(contexts).fill(-1)
    for (const [bit, context] of drawn.entries()) this.#bitOf[context] = bit
    this.#words = Math.ceil(drawn.length / WORD)
    this.#bits = new Uint32Array(features * this.#words)
    this.#counts = new Uint32Array(features)
    this.#contextOf = contextOf
  }

  /** Notes where a feature fires. */
  add({ feature, tokens }: FeatureFirings): void {
    for (let place = 0; place < tokens.length; place++) {
      const bit = this.#bitOf[this.#contextOf(tokens[place]!)]!
      if (bit < 0) continue
      const word = feature * this.#words + Math.floor(bit / WORD)
      const mask = (1 << (bit % WORD)) >>> 0
      if ((this.#bits[word]! & mask) === 0) {
        this.#bits[word] = (this.#bits[word]! | mask) >>> 0
        this.#counts[feature]!++
      }
    }
  }

  /** Contexts in which both fire over contexts in which either does. */
  similarity(a: number, b: number): number {
    let both = 0
    for (let word = 0; word < this.#words; word++)
      both += popCount(this.#bits[a * this.#words + word]! & this.#bits[b * this.#words + word]!)
    const either = this.#counts[a]! + this.#counts[b]! - both
    return either === 0 ? 0 : both / either
  }
}

function popCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Some places where a feature fires: those with the smallest hashes, so that the order of shards changes nothing. */
export function drawFirings({ feature, tokens }: FeatureFirings, count: number, seed: number): Uint32Array {
  const best = new Smallest(count)
  for (const token of tokens) best.offer(token, hash32(seed, feature, token))
  return Uint32Array.from(best.items)
}
