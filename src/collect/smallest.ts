/** Keeps the items with the smallest keys, ascending; equal keys in the order in which they came. */
export class Smallest {
  readonly items: number[] = []
  readonly #keys: number[] = []
  readonly #count: number

  /** @param count of items to keep */
  constructor(count: number) {
    this.#count = count
  }

  /** Takes an item, unless as many with smaller keys are there. */
  offer(item: number, key: number): void {
    const keys = this.#keys
    if (keys.length === this.#count && key >= keys.at(-1)!) return
    let place = keys.length
    while (place > 0 && keys[place - 1]! > key) place--
    keys.splice(place, 0, key)
    this.items.splice(place, 0, item)
    if (keys.length > this.#count) {
      keys.pop()
      this.items.pop()
    }
  }
}
