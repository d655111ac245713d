/** What a response says of the endpoint's rate limits; null where it says nothing. */
export interface RateLimits {
  readonly requests: RateLimit
  readonly tokens: RateLimit
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | null
}

/** One limit: how much a minute, and how much is left of it. */
export interface RateLimit {
  readonly limit: number | null
  readonly remaining: number | null
}

/** Headers by lower-case name. */
export type HeaderReader = (name: string) => string | null

/** Reads OpenAI's `x-ratelimit-*` headers, which Azure, vLLM gateways and OpenRouter send too, and `retry-after`. */
export function readRateLimits(header: HeaderReader, now: Date): RateLimits {
  return {
    requests: readLimit(header, 'requests'),
    tokens: readLimit(header, 'tokens'),
    retryAfterMs: retryAfter(header, now),
  }
}

function readLimit(header: HeaderReader, unit: 'requests' | 'tokens'): RateLimit {
  return {
    limit: count(header(`x-ratelimit-limit-${unit}`)),
    remaining: count(header(`x-ratelimit-remaining-${unit}`)),
  }
}

function count(text: string | null): number | null {
  return text !== null && /^-?\d+$/.test(text.trim()) ? Number(text) : null
}

/** Milliseconds, seconds or a date, as RFC 9110 has it; null for anything else. */
function retryAfter(header: HeaderReader, now: Date): number | null {
  const milliseconds = header('retry-after-ms')?.trim() ?? ''
  if (/^\d+(?:\.\d+)?$/.test(milliseconds)) return Number(milliseconds)
  const text = header('retry-after')?.trim() ?? ''
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000
  const date = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? null : Math.max(0, date - now.getTime())
}
