import { describe, expect, it } from 'vitest'
import { readRateLimits } from '../../src/llm/rate-limit-headers.ts'

const NOW = new Date('2026-11-21T12:00:00Z')
const read = (headers: Record<string, string>) => readRateLimits((name) => headers[name] ?? null, NOW)

describe('rate limit headers', () => {
  it('are read where a server sends them', () => {
    expect(
      read({
        'x-ratelimit-limit-requests': '500',
        'x-ratelimit-remaining-requests': '499',
        'x-ratelimit-reset-requests': '120ms',
        'x-ratelimit-limit-tokens': '200000',
        'x-ratelimit-remaining-tokens': '-12',
      }),
    ).toEqual({
      requests: { limit: 500, remaining: 499 },
      tokens: { limit: 200_000, remaining: -12 },
      retryAfterMs: null,
    })
  })

  it('say nothing where they are missing or no numbers', () => {
    const nothing = { limit: null, remaining: null }
    expect(read({})).toEqual({ requests: nothing, tokens: nothing, retryAfterMs: null })
    expect(
      read({ 'x-ratelimit-limit-requests': 'many', 'x-ratelimit-remaining-requests': '' }),
    ).toMatchObject({ requests: nothing })
  })

  it.each([
    [{ 'retry-after': '2' }, 2000],
    [{ 'retry-after': '0.25' }, 250],
    [{ 'retry-after-ms': '75', 'retry-after': '9' }, 75],
    [{ 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '-1' }, null],
    [{ 'retry-after': '1e9' }, null],
  ])('ask for a pause: %j', (headers, pause) => {
    expect(read(headers as Record<string, string>).retryAfterMs).toBe(pause)
  })
})
