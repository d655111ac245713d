/** Keeps what was spent and what requests under way may still cost below a cap. US dollars. */
export class Budget {
  readonly #cap: number
  #spent: number
  #reserved = 0

  /** @param cap infinite for none @param spent by earlier runs */
  constructor(cap: number, spent: number) {
    this.#cap = cap
    this.#spent = spent
  }

  get cap(): number {
    return this.#cap
  }

  /** Sets the worst case of a request aside; false where it does not fit. */
  reserve(worst: number): boolean {
    if (this.#spent + this.#reserved + worst > this.#cap) return false
    this.#reserved += worst
    return true
  }

  /** A request is over. @param worst what was set aside for it @param cost what it cost */
  settle(worst: number, cost: number): void {
    this.#reserved -= worst
    this.#spent += cost
  }
}
