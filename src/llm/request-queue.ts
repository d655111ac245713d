/** What waits in a queue: a lower priority number goes first, and of equal ones what came first. */
export interface Queued {
  readonly priority: number
  readonly order: number
}

/** Requests that wait to be sent, or for the pause before a retry to end. */
export class RequestQueue<Item extends Queued> {
  readonly #waiting: Item[] = []
  readonly #pausing = new Map<Item, NodeJS.Timeout>()

  /** The next to be sent. */
  get first(): Item | undefined {
    return this.#waiting[0]
  }

  add(item: Item): void {
    let low = 0
    let high = this.#waiting.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (goesBefore(this.#waiting[middle]!, item)) low = middle + 1
      else high = middle
    }
    this.#waiting.splice(low, 0, item)
  }

  /** Takes the first out. */
  shift(): void {
    this.#waiting.shift()
  }

  /** Adds an item after a pause. @param added called then */
  addLater(item: Item, pauseMs: number, added: () => void): void {
    const timer = setTimeout(() => {
      this.#pausing.delete(item)
      this.add(item)
      added()
    }, pauseMs)
    this.#pausing.set(item, timer)
  }

  /** Takes all out. */
  drain(): Item[] {
    for (const timer of this.#pausing.values()) clearTimeout(timer)
    const all = [...this.#waiting.splice(0), ...this.#pausing.keys()]
    this.#pausing.clear()
    return all
  }
}

function goesBefore(a: Queued, b: Queued): boolean {
  return a.priority < b.priority || (a.priority === b.priority && a.order < b.order)
}
