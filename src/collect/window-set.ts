import type { WindowIndex } from './windows.ts'

const EMPTY = 0xffff_ffff

/**
 * A set of windows in which equal ones (nine folded tokens) are one. Open addressing over the windows' hashes;
 * each slot holds the nominal token that stands for the window.
 */
export class WindowSet {
  readonly #windows: WindowIndex
  readonly #slots: Uint32Array
  readonly #mask: number

  /** @param capacity the most windows that will be added */
  constructor(windows: WindowIndex, capacity: number) {
    this.#windows = windows
    const size = 2 ** Math.ceil(Math.log2(Math.max(4, 2 * capacity)))
    this.#slots = new Uint32Array(size).fill(EMPTY)
    this.#mask = size - 1
  }

  /** The nominal token that stands for a window equal to this one, or null. */
  find(token: number): number | null {
    const held = this.#slots[this.#slotFor(token)]!
    return held === EMPTY ? null : held
  }

  /** Adds a window, or puts this token in the place of the one that stood for an equal window. */
  put(token: number): void {
    this.#slots[this.#slotFor(token)] = token
  }

  /** Calls `visit` with the token of every window, in no particular order. */
  forEach(visit: (token: number) => void): void {
    for (const token of this.#slots) if (token !== EMPTY) visit(token)
  }

  #slotFor(token: number): number {
    let slot = this.#windows.hashOf(token) & this.#mask
    while (this.#slots[slot] !== EMPTY && !this.#windows.equal(this.#slots[slot]!, token))
      slot = (slot + 1) & this.#mask
    return slot
  }
}
