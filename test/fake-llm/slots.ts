/** Serves so many at once and lets the rest wait in the order in which they came. */
export class Slots {
  readonly #size: number
  readonly #waiting = new Set<() => void>()
  #busy = 0
  #mostBusy = 0

  constructor(size: number) {
    this.#size = size
  }

  /** Whether a newcomer would have to wait. */
  get full(): boolean {
    return this.#busy >= this.#size
  }

  /** The most that were served at once. */
  get mostBusy(): number {
    return this.#mostBusy
  }

  /** Starts at once or when a slot is free. */
  enter(start: () => void): void {
    if (this.full) this.#waiting.add(start)
    else this.#run(start)
  }

  /** Takes one that waits out of the queue; false if it does not wait. */
  leave(start: () => void): boolean {
    return this.#waiting.delete(start)
  }

  /** Frees a slot for the next. */
  release(): void {
    this.#busy--
    for (const next of this.#waiting) {
      this.#waiting.delete(next)
      this.#run(next)
      return
    }
  }

  #run(start: () => void): void {
    this.#busy++
    this.#mostBusy = Math.max(this.#mostBusy, this.#busy)
    start()
  }
}
