import type { WindowIndex } from './windows.ts'

const EMPTY = 0xffff_ffff

/**
 * A set of windows in which equal ones (their folded tokens) are one, each with a number of the caller's. Open
 * addressing over the windows' hashes; a slot is the nominal token that stands for a window, and the number.
 */
export class WindowSet {
  readonly #windows: WindowIndex
  #slots = new Uint32Array()
  #mask = 0

  /** @param capacity the most windows that will be added */
  constructor(windows: WindowIndex, capacity: number) {
    this.#windows = windows
    this.clear(capacity)
  }

  /** Empties the set and makes room. */
  clear(capacity: number): void {
    const size = 2 ** Math.ceil(Math.log2(Math.max(4, 2 * capacity)))
    if (this.#slots.length < 2 * size) this.#slots = new Uint32Array(2 * size)
    this.#slots.fill(EMPTY, 0, 2 * size)
    this.#mask = size - 1
  }

  /** The nominal token that stands for a window equal to this one, or null. */
  find(token: number): number | null {
    const held = this.#slots[this.#slotFor(token, this.#windows.hashes[token]!)]!
    return held === EMPTY ? null : held
  }

  /** Adds a window, whose hash may be at hand, unless an equal one is there; returns the number of that one, or null. */
  add(token: number, number: number, hash: number = this.#windows.hashes[token]!): number | null {
    const slot = this.#slotFor(token, hash)
    if (this.#slots[slot] !== EMPTY) return this.#slots[slot + 1]!
    this.#slots[slot] = token
    this.#slots[slot + 1] = number
    return null
  }

  /** Lets this token stand for its window. */
  replace(token: number, number: number, hash: number): void {
    const slot = this.#slotFor(token, hash)
    this.#slots[slot] = token
    this.#slots[slot + 1] = number
  }

  #slotFor(token: number, hash: number): number {
    const slots = this.#slots
    const mask = this.#mask
    let slot = hash & mask
    for (;;) {
      const held = slots[2 * slot]!
      if (held === EMPTY || held === token || this.#windows.equal(held, token)) return 2 * slot
      slot = (slot + 1) & mask
    }
  }
}
