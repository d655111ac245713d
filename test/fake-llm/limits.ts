/** Refills add up to a little less or more than they should. */
const ROUNDING = 1e-6

/** A bucket that holds a minute's allowance and refills without pause. */
export class Bucket {
  readonly capacity: number
  #level: number
  #at: number

  constructor(perMinute: number, now: number) {
    this.capacity = perMinute
    this.#level = perMinute
    this.#at = now
  }

  /** What is left, after the refill up to now. */
  level(now: number): number {
    this.#level = Math.min(this.capacity, this.#level + ((now - this.#at) * this.capacity) / 60_000)
    this.#at = now
    return this.#level
  }

  /** Takes an amount, whatever is left; a negative amount gives back. */
  take(amount: number, now: number): void {
    this.#level = Math.min(this.capacity, this.level(now) - amount)
  }

  /** Milliseconds until an amount is there. */
  waitFor(amount: number, now: number): number {
    return (Math.max(0, amount - this.level(now)) * 60_000) / this.capacity
  }
}

/** Why a request has to come again later. */
export interface Exhausted {
  readonly of: 'requests' | 'tokens'
  readonly limit: number
  readonly used: number
  readonly requested: number
  readonly waitMs: number
}

/** Requests and tokens a minute. */
export class RateLimits {
  readonly #requests: Bucket | null
  readonly #tokens: Bucket | null
  readonly #clock: () => number

  constructor(
    requestsPerMinute: number | undefined,
    tokensPerMinute: number | undefined,
    clock: () => number,
  ) {
    const now = clock()
    this.#requests = requestsPerMinute === undefined ? null : new Bucket(requestsPerMinute, now)
    this.#tokens = tokensPerMinute === undefined ? null : new Bucket(tokensPerMinute, now)
    this.#clock = clock
  }

  /** Charges a request and its tokens, or neither. */
  charge(tokens: number): Exhausted | null {
    const now = this.#clock()
    const exhausted =
      exhaustion('requests', this.#requests, 1, now) ?? exhaustion('tokens', this.#tokens, tokens, now)
    if (exhausted) return exhausted
    this.#requests?.take(1, now)
    this.#tokens?.take(tokens, now)
    return null
  }

  /** Gives back tokens that were charged and not used, or takes those used beyond the charge. */
  refund(tokens: number): void {
    this.#tokens?.take(-tokens, this.#clock())
  }

  /** `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, for the limits that there are. */
  headers(): Record<string, string> {
    const now = this.#clock()
    const headers: Record<string, string> = {}
    for (const [name, bucket] of [
      ['requests', this.#requests],
      ['tokens', this.#tokens],
    ] as const)
      if (bucket) {
        headers[`x-ratelimit-limit-${name}`] = String(bucket.capacity)
        headers[`x-ratelimit-remaining-${name}`] = String(
          Math.max(0, Math.floor(bucket.level(now) + ROUNDING)),
        )
        headers[`x-ratelimit-reset-${name}`] = formatDuration(bucket.waitFor(bucket.capacity, now))
      }
    return headers
  }
}

/**
 * A duration as OpenAI's headers have it.
 * @example
 * [120, 1000, 8640, 360_000].map(formatDuration) // ['120ms', '1s', '8.64s', '6m0s']
 */
export function formatDuration(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms - ROUNDING))
  if (whole < 1000) return `${whole}ms`
  const seconds = (whole % 60_000) / 1000
  const minutes = Math.floor(whole / 60_000) % 60
  const hours = Math.floor(whole / 3_600_000)
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`
}

function exhaustion(
  of: 'requests' | 'tokens',
  bucket: Bucket | null,
  amount: number,
  now: number,
): Exhausted | null {
  if (!bucket || bucket.level(now) >= amount - ROUNDING) return null
  return {
    of,
    limit: bucket.capacity,
    used: Math.max(0, Math.ceil(bucket.capacity - bucket.level(now) - ROUNDING)),
    requested: amount,
    waitMs: Math.ceil(bucket.waitFor(amount, now) - ROUNDING),
  }
}
