import { describe, expect, it } from 'vitest'
import type { TokenUsage } from '../../src/core/chat-model.ts'
import { EndpointError, type EndpointFailure } from '../../src/core/errors.ts'
import type { FailedTry } from '../../src/llm/endpoint-failure.ts'
import { Lane, type LaneOptions } from '../../src/llm/lane.ts'
import { OpenAiClient, type RawReply } from '../../src/llm/openai-client.ts'
import { priceList } from '../../src/llm/prices.ts'

const URL = 'http://127.0.0.1:1/v1'
const MINUTE = 60_000

/** A lane at time 0. */
function lane(wishes: Partial<LaneOptions> = {}): Lane {
  return new Lane(
    {
      client: new OpenAiClient({ baseUrl: URL, model: 'm', key: null }),
      prices: priceList(URL, 'm', null),
      weight: 1,
      mostInFlight: 64,
      requestsPerMinute: null,
      tokensPerMinute: null,
      known: null,
      ...wishes,
    },
    0,
  )
}

function failedTry(
  status: number | null,
  more: Partial<FailedTry> & { readonly kind?: EndpointFailure } = {},
): FailedTry {
  const { kind = 'retryable', ...rest } = more
  const failure = new EndpointError('endpoint-busy', 'the endpoint is busy', { failure: kind, status })
  return { failure, pauseMs: null, congested: false, mayBeBilled: false, unsupported: null, ...rest }
}
/** Nobody took the connection. */
const REFUSED = failedTry(null)
/** The connection broke. */
const BROKEN = failedTry(null, { mayBeBilled: true })

function reply(latencyMs = 100, limits: Partial<RawReply['rateLimits']> = {}): RawReply {
  const none = { limit: null, remaining: null }
  const rateLimits = { requests: none, tokens: none, retryAfterMs: null, ...limits }
  return { status: 200, body: '', latencyMs, requestId: null, rateLimits }
}

/** Sends a request and gets a reply. */
function answer(to: Lane, now: number, what = reply(), tokens = 0, usage: TokenUsage | null = null): void {
  to.admit(tokens, now)
  to.succeeded(what, tokens, usage, now)
}

/** Sends a request that fails; says whether that was its own fault. */
function fail(to: Lane, now: number, what = REFUSED, hash = 'h', sentAt = now): boolean {
  to.admit(0, sentAt)
  return to.failed(what, hash, 0, sentAt, now)
}

describe('an endpoint that is down', () => {
  it('is one that refused eight connections in a row', () => {
    const down = lane()
    for (let i = 0; i < 7; i++) expect(fail(down, 0)).toBe(true)
    expect(down.window).toBe(16)
    expect(fail(down, 0)).toBe(true)
    expect(down.window).toBe(1)
    // From then on requests fail for its reasons, not for their own.
    expect(fail(down, 5000)).toBe(false)
  })

  it('is one at which 32 different requests failed, but not one request again and again', () => {
    const down = lane()
    for (let i = 0; i < 100; i++) expect(fail(down, 0, BROKEN, 'the same')).toBe(true)
    for (let i = 0; i < 30; i++) fail(down, 0, BROKEN, `number ${i}`)
    expect(down.window).toBe(16)
    fail(down, 0, failedTry(500), 'one more')
    expect(down.window).toBe(1)
  })

  it('is no longer down after a reply', () => {
    const down = lane()
    for (let i = 0; i < 7; i++) fail(down, 0)
    answer(down, 0)
    for (let i = 0; i < 7; i++) fail(down, 0)
    expect(down.window).toBe(16)
    fail(down, 0)
    expect(down.window).toBe(1)
    answer(down, 2000)
    expect(down.window).toBe(16)
    expect(down.waitFor(0, 2000)).toBe(0)
    expect(fail(down, 2000)).toBe(true)
  })

  it('is not one that says that it has too much to do, or that a request cannot be answered', () => {
    const busy = lane()
    for (let i = 0; i < 100; i++) {
      expect(fail(busy, 0, failedTry(429), `busy ${i}`)).toBe(true)
      expect(fail(busy, 0, failedTry(400, { kind: 'rejected' }), `bad ${i}`)).toBe(true)
    }
    expect(busy.window).toBe(16)
    expect(busy.tripped).toBeNull()
  })

  it('is asked one request at a time, after a pause that doubles with each that was sent after the last', () => {
    const down = lane()
    // Twelve are under way together and fail together: one pause.
    for (let i = 0; i < 12; i++) down.admit(0, 0)
    for (let i = 0; i < 12; i++) down.failed(REFUSED, `number ${i}`, 0, 0, 100)
    expect(down.waitFor(0, 100)).toBe(1000)
    down.admit(0, 1100)
    expect(down.waitFor(0, 1100)).toBe(Number.POSITIVE_INFINITY)
    down.failed(REFUSED, 'h', 0, 1100, 1200)
    expect(down.waitFor(0, 1200)).toBe(2000)
    const pauses: number[] = []
    for (let now = 3200, i = 0; i < 6; i++) {
      fail(down, now)
      pauses.push(down.waitFor(0, now))
      now += pauses.at(-1)!
    }
    expect(pauses).toEqual([4000, 8000, 16_000, 32_000, 60_000, 60_000])
  })

  it('ends the run when nothing was answered for ten minutes', () => {
    const down = lane()
    for (let i = 0; i < 8; i++) fail(down, 0)
    fail(down, 10 * MINUTE)
    expect(down.tripped).toBeNull()
    fail(down, 12 * MINUTE)
    expect(down.tripped).toMatchObject({ code: 'endpoint-down', failure: 'run-stopping' })
    expect(down.tripped!.message).toBe('the endpoint is busy (nothing was answered for 10 minutes)')
    expect(down.waitFor(0, 60 * MINUTE)).toBe(Number.POSITIVE_INFINITY)
  })

  it('has ten minutes anew after each reply', () => {
    const down = lane()
    for (let i = 0; i < 8; i++) fail(down, 0)
    answer(down, 9 * MINUTE)
    for (let i = 0; i < 8; i++) fail(down, 9 * MINUTE)
    fail(down, 18 * MINUTE)
    expect(down.tripped).toBeNull()
  })
})

describe('a pause that the server asks for', () => {
  it('is kept, the longest of several', () => {
    const paused = lane()
    fail(paused, 0, failedTry(429, { pauseMs: 5000 }))
    fail(paused, 100, failedTry(503, { pauseMs: 1000 }))
    expect(paused.waitFor(0, 100)).toBe(4900)
    expect(paused.waitFor(0, 5000)).toBe(0)
  })

  it('ends the run where it is longer than ten minutes', () => {
    const paused = lane()
    fail(paused, 0, failedTry(429, { pauseMs: 10 * MINUTE }))
    expect(paused.tripped).toBeNull()
    fail(paused, 0, failedTry(429, { pauseMs: 42 * MINUTE }))
    expect(paused.tripped).toMatchObject({ code: 'endpoint-paused', failure: 'run-stopping', status: 429 })
    expect(paused.tripped!.message).toContain('asks for a pause of 42 minutes')
  })
})

describe('a refusal that holds for all requests', () => {
  it('ends the use of the endpoint', () => {
    const refusing = lane()
    const refusal = failedTry(401, { kind: 'run-stopping' })
    expect(fail(refusing, 0, refusal)).toBe(true)
    expect(refusing.tripped).toBe(refusal.failure)
    expect(refusing.waitFor(0, 0)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('patience', () => {
  it('is without end until fifty replies are known, then ten times the longest, a minute at least', () => {
    const patient = lane()
    for (let i = 0; i < 49; i++) answer(patient, i)
    expect(patient.patienceMs).toBe(Number.POSITIVE_INFINITY)
    answer(patient, 50)
    expect(patient.patienceMs).toBe(MINUTE)
    answer(patient, 51, reply(9000))
    expect(patient.patienceMs).toBe(90_000)
    // Only the last two hundred count.
    for (let i = 0; i < 199; i++) answer(patient, 52 + i)
    expect(patient.patienceMs).toBe(90_000)
    answer(patient, 300)
    expect(patient.patienceMs).toBe(MINUTE)
  })
})

describe('limits', () => {
  it('let no more under way than the window, or than the user wants', () => {
    const narrow = lane({ mostInFlight: 2 })
    narrow.admit(0, 0)
    expect(narrow.waitFor(0, 0)).toBe(0)
    narrow.admit(0, 0)
    expect(narrow.waitFor(0, 0)).toBe(Number.POSITIVE_INFINITY)
    expect(narrow.inFlight).toBe(2)
    narrow.succeeded(reply(), 0, null, 100)
    expect(narrow.waitFor(0, 100)).toBe(0)
  })

  it('of requests and tokens a minute are kept; what was not used is given back', () => {
    const requests = lane({ requestsPerMinute: 2 })
    answer(requests, 0)
    answer(requests, 0)
    expect(requests.waitFor(0, 0)).toBe(30_000)
    expect(requests.waitFor(0, 30_000)).toBe(0)

    const tokens = lane({ tokensPerMinute: 6000 })
    tokens.admit(6000, 0)
    expect(tokens.waitFor(1000, 0)).toBe(10_000)
    const unknown = { cachedTokens: null, cacheWriteTokens: null, reasoningTokens: null }
    tokens.succeeded(reply(), 6000, { promptTokens: 4500, completionTokens: 500, ...unknown }, 0)
    expect(tokens.waitFor(1000, 0)).toBe(0)
    expect(tokens.waitFor(2000, 0)).toBe(10_000)
    // A request without a reply used none.
    tokens.admit(1000, 0)
    tokens.failed(BROKEN, 'h', 1000, 0, 0)
    expect(tokens.waitFor(1000, 0)).toBe(0)
  })

  it('are learned from replies and handed to the next run', () => {
    const first = lane()
    expect(first.learned()).toBeNull()
    const limits = { requests: { limit: 600, remaining: 599 }, tokens: { limit: 90_000, remaining: 80_000 } }
    for (const latency of [300, 100, 200]) answer(first, 0, reply(latency, limits))
    const learned = first.learned()!
    expect(learned).toEqual({ window: 16, requestsPerMinute: 600, tokensPerMinute: 90_000, latencyMs: 200 })
    const next = lane({ known: { ...learned, window: 40 } })
    expect(next.window).toBe(40)
    // 80,000 of 90,000 tokens are left to the first; the next begins with a full bucket.
    expect(first.waitFor(90_000, 0)).toBeGreaterThan(6000)
    expect(next.waitFor(90_000, 0)).toBe(0)
    next.admit(90_000, 0)
    expect(next.waitFor(1500, 0)).toBe(1000)
    expect(lane({ known: learned, tokensPerMinute: 1500 }).waitFor(1, 0)).toBe(0)
  })

  it('of the user go before those of an earlier run', () => {
    const known = { window: 200, requestsPerMinute: 600, tokensPerMinute: null, latencyMs: 200 }
    const strict = lane({ known, requestsPerMinute: 60, mostInFlight: 8 })
    expect(strict.window).toBe(8)
    for (let i = 0; i < 60; i++) answer(strict, 0)
    expect(strict.waitFor(0, 0)).toBe(1000)
  })

  it('say how many requests a second are to be expected', () => {
    const known = { window: 30, requestsPerMinute: null, tokensPerMinute: null, latencyMs: 500 }
    expect(lane().expectedRate(100)).toBeNull()
    expect(lane({ known: { ...known, latencyMs: null } }).expectedRate(100)).toBeNull()
    expect(lane({ known }).expectedRate(100)).toBe(60)
    expect(lane({ known: { ...known, requestsPerMinute: 600 } }).expectedRate(100)).toBe(10)
    expect(lane({ known: { ...known, tokensPerMinute: 6000 } }).expectedRate(100)).toBe(1)
  })
})
