import { createHash } from 'node:crypto'

/** Four words of digest, then two counters of 16 bits in one word. */
const WORDS = 5
const COUNTER = 0xffff

/** The first 128 bits of a SHA-256, as words. */
export type Digest = readonly [number, number, number, number]

/** @example digestOf('a') // the same for equal content */
export function digestOf(content: Uint8Array | string): Digest {
  return wordsOf(createHash('sha256').update(content).digest())
}

/** The words of a SHA-256. */
export function wordsOf(bytes: Buffer): Digest {
  // No digest may look like an empty place of the table, so one bit is set in all.
  return [
    (bytes.readUInt32LE(0) | 1) >>> 0,
    bytes.readUInt32LE(4),
    bytes.readUInt32LE(8),
    bytes.readUInt32LE(12),
  ]
}

/**
 * How often each of many bodies came and was answered, in 20 bytes a body: 100,000 requests must not weigh on the
 * process whose memory a test watches. Open addressing with linear probing, at most half full.
 */
export class DigestTable {
  #cells = new Uint32Array(1024 * WORDS)
  #size = 0

  /** Distinct digests. */
  get size(): number {
    return this.#size
  }

  has(digest: Digest): boolean {
    return this.#cells[this.#find(digest)] !== 0
  }

  /** Adds a digest that is not there yet. */
  add(digest: Digest): void {
    this.#place(digest)
  }

  /** Counts that a body was taken on, and says how often by now. */
  countTaken(digest: Digest): number {
    return this.#count(digest, 0)
  }

  /** Counts that a body was answered, and says how often by now. */
  countAnswered(digest: Digest): number {
    return this.#count(digest, 16)
  }

  #count(digest: Digest, shift: 0 | 16): number {
    const cell = this.#place(digest) + 4
    const counters = this.#cells[cell]!
    const count = Math.min(COUNTER, ((counters >>> shift) & COUNTER) + 1)
    this.#cells[cell] = ((counters & ~(COUNTER << shift)) | (count << shift)) >>> 0
    return count
  }

  #place(digest: Digest): number {
    const found = this.#find(digest)
    if (this.#cells[found] !== 0) return found
    if (2 * (this.#size + 1) * WORDS > this.#cells.length) {
      this.#grow()
      return this.#place(digest)
    }
    this.#size++
    this.#cells.set(digest, found)
    return found
  }

  /** Where a digest is or would be. */
  #find([a, b, c, d]: Digest): number {
    const cells = this.#cells
    const places = cells.length / WORDS
    for (let place = b % places; ; place = (place + 1) % places) {
      const at = place * WORDS
      if (cells[at] === 0) return at
      if (cells[at] === a && cells[at + 1] === b && cells[at + 2] === c && cells[at + 3] === d) return at
    }
  }

  #grow(): void {
    const old = this.#cells
    this.#cells = new Uint32Array(2 * old.length)
    for (let at = 0; at < old.length; at += WORDS)
      if (old[at] !== 0) {
        const entry = old.subarray(at, at + WORDS)
        this.#cells.set(entry, this.#find([entry[0]!, entry[1]!, entry[2]!, entry[3]!]))
      }
  }
}
