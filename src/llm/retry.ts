/** Tries of one request while its endpoint works for others. */
export const MOST_TRIES = 5
/** Tries that find nothing at the address before a first answer; then the address is wrong. */
export const TRIES_TO_REACH = 3
/** What a first retry waits at most. */
export const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
/** Retries that a run may always make, and the share of its replies that it may make beyond. */
const FREE_RETRIES = 50
const RETRIES_A_REPLY = 0.25

/** Full jitter: anything from 0 to a bound that doubles with each try. @param uniform a draw from [0, 1) */
export function retryPause(tries: number, uniform: number, firstPauseMs: number): number {
  return uniform * Math.min(LONGEST_PAUSE_MS, firstPauseMs * 2 ** (tries - 1))
}

/** Keeps retries to a share of the traffic, so that a struggling endpoint is not given more to do. */
export class RetryBudget {
  #left = FREE_RETRIES

  replied(): void {
    this.#left += RETRIES_A_REPLY
  }

  /** Whether a request may be tried again; counts it if so. */
  spend(): boolean {
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
