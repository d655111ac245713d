const MINUTE_MS = 60_000

/**
 * What a rate limit still allows: filled continuously, to at most one minute's worth. Without a limit everything is
 * allowed. Times are milliseconds by the caller's clock.
 */
export class TokenBucket {
  #perMinute: number | null
  #level: number
  #at: number

  constructor(perMinute: number | null, now: number) {
    this.#perMinute = perMinute
    this.#level = perMinute ?? 0
    this.#at = now
  }

  /** The limit in force; null for none. */
  get perMinute(): number | null {
    return this.#perMinute
  }

  /** Milliseconds until `amount` may be taken. More than a whole minute's worth waits for a full bucket. */
  waitFor(amount: number, now: number): number {
    if (this.#perMinute === null) return 0
    this.#fill(now)
    const missing = Math.min(amount, this.#perMinute) - this.#level
    return missing <= 0 ? 0 : Math.ceil((missing / this.#perMinute) * MINUTE_MS)
  }

  /** Takes `amount`, whether it is there or not. */
  take(amount: number, now: number): void {
    this.#fill(now)
    this.#level -= amount
  }

  /** Gives back what was taken and not used; a negative amount takes what was used beyond. */
  refund(amount: number, now: number): void {
    this.#fill(now)
    this.#level = Math.min(this.#perMinute ?? 0, this.#level + amount)
  }

  /**
   * Takes over what the server says. It knows of other clients and not yet of requests under way, so it can only
   * lower what is left.
   */
  learn(limit: number | null, remaining: number | null, now: number): void {
    this.#fill(now)
    if (limit !== null && limit > 0 && limit !== this.#perMinute) {
      this.#level = this.#perMinute === null ? limit : this.#level + limit - this.#perMinute
      this.#perMinute = limit
    }
    if (remaining !== null && this.#perMinute !== null) this.#level = Math.min(this.#level, remaining)
  }

  #fill(now: number): void {
    const elapsed = Math.max(0, now - this.#at)
    this.#at = now
    if (this.#perMinute !== null)
      this.#level = Math.min(this.#perMinute, this.#level + (elapsed / MINUTE_MS) * this.#perMinute)
  }
}
