import type { EndpointLimits } from '../core/capabilities.ts'
import type { TokenUsage } from '../core/chat-model.ts'
import { EndpointError } from '../core/errors.ts'
import type { FailedTry } from './endpoint-failure.ts'
import type { LlmClient } from './llm-client.ts'
import type { RawReply } from './openai-client.ts'
import type { PriceList } from './prices.ts'
import { RequestWindow } from './request-window.ts'
import { TokenBucket } from './token-bucket.ts'

/** What an endpoint is used with. */
export interface LaneOptions {
  readonly client: LlmClient
  readonly prices: PriceList
  /** Its share of the requests where several endpoints serve a run. */
  readonly weight: number
  /** Requests under way at once, at most. */
  readonly mostInFlight: number
  readonly requestsPerMinute: number | null
  readonly tokensPerMinute: number | null
  /** What an earlier run learned. */
  readonly known: EndpointLimits | null
}

/**
 * When an endpoint counts as down and is asked one request at a time: after so many connections in a row that nobody
 * took, or after so many different requests without a reply. One that fails again and again says nothing of others.
 */
const REFUSED_CONNECTIONS = 8
const FAILING_REQUESTS = 32
const MINUTE_MS = 60_000
/** Once so many latencies are known, a request is given up after this many times the longest of them. */
const LATENCIES_TO_TRUST = 50
const PATIENCE = 10
const LEAST_PATIENCE_MS = 60_000
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000
/** A server that asks for a longer pause, or is down for longer, ends the run; the same command goes on later. */
const LONGEST_WAIT_MS = 10 * 60_000

/** One endpoint of a run: what may be sent to it now. Times are milliseconds by the caller's clock. */
export class Lane {
  readonly client: LlmClient
  readonly prices: PriceList
  readonly weight: number
  readonly mostInFlight: number
  readonly #window: RequestWindow
  readonly #requests: TokenBucket
  readonly #tokens: TokenBucket
  readonly #latencies: number[] = []
  readonly #known: EndpointLimits | null
  #inFlight = 0
  #pausedUntil = 0
  #refusedConnections = 0
  readonly #failing = new Set<string>()
  #downSince: number | null = null
  #downPauses = 0
  #tripped: EndpointError | null = null

  constructor(options: LaneOptions, now: number) {
    this.client = options.client
    this.prices = options.prices
    this.weight = options.weight
    this.mostInFlight = options.mostInFlight
    this.#known = options.known
    this.#window = new RequestWindow(options.mostInFlight, now, options.known?.window ?? null)
    this.#requests = new TokenBucket(
      options.requestsPerMinute ?? options.known?.requestsPerMinute ?? null,
      now,
    )
    this.#tokens = new TokenBucket(options.tokensPerMinute ?? options.known?.tokensPerMinute ?? null, now)
  }

  /** How long to wait for a reply: requests that a server has forgotten must not fill the window for long. */
  get patienceMs(): number {
    if (this.#latencies.length < LATENCIES_TO_TRUST) return Number.POSITIVE_INFINITY
    return Math.max(LEAST_PATIENCE_MS, PATIENCE * Math.max(...this.#latencies))
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get window(): number {
    return this.#down ? 1 : this.#window.size
  }

  /** Why nothing more is sent here in this run; null while something is. */
  get tripped(): EndpointError | null {
    return this.#tripped
  }

  /** Whether requests fail for the endpoint's reasons and not their own. */
  get #down(): boolean {
    return this.#refusedConnections >= REFUSED_CONNECTIONS || this.#failing.size >= FAILING_REQUESTS
  }

  /** Milliseconds until a request may be sent; infinite where that depends on a reply. */
  waitFor(tokens: number, now: number): number {
    if (this.#tripped || this.#inFlight >= this.window) return Number.POSITIVE_INFINITY
    return Math.max(
      this.#pausedUntil - now,
      this.#requests.waitFor(1, now),
      this.#tokens.waitFor(tokens, now),
      0,
    )
  }

  /** A request is on its way. @param tokens the most that it can use */
  admit(tokens: number, now: number): void {
    this.#inFlight++
    this.#requests.take(1, now)
    this.#tokens.take(tokens, now)
  }

  /** A reply came. @param reserved the tokens that were admitted */
  succeeded(reply: RawReply, reserved: number, usage: TokenUsage | null, now: number): void {
    this.#window.succeeded(reply.latencyMs, this.#inFlight, now)
    this.#inFlight--
    this.#refusedConnections = 0
    this.#failing.clear()
    this.#downSince = null
    this.#downPauses = 0
    if (usage?.promptTokens != null && usage.completionTokens !== null)
      this.#tokens.refund(reserved - usage.promptTokens - usage.completionTokens, now)
    const { requests, tokens } = reply.rateLimits
    this.#requests.learn(requests.limit, requests.remaining, now)
    this.#tokens.learn(tokens.limit, tokens.remaining, now)
    this.#latencies.push(reply.latencyMs)
    if (this.#latencies.length > 200) this.#latencies.shift()
  }

  /** No reply came. Returns whether that was the request's own fault. @param sentAt when it was sent */
  failed(failed: FailedTry, hash: string, reserved: number, sentAt: number, now: number): boolean {
    const wasDown = this.#down
    this.#inFlight--
    this.#tokens.refund(reserved, now)
    if (failed.failure.failure === 'run-stopping') this.#tripped = failed.failure
    if (failed.failure.failure !== 'retryable') return true
    if (failed.congested) this.#window.congested(sentAt, now)
    if (failed.pauseMs !== null) this.#pause(failed.pauseMs, failed.failure, now)
    // One that knows its limits and says so is not down.
    if (failed.failure.status === 429) return !wasDown
    if (failed.failure.status === null && !failed.mayBeBilled) this.#refusedConnections++
    this.#failing.add(hash)
    this.#downSince ??= now
    // Requests that were under way together fail together: only one sent after the pause tells something new.
    if (this.#down && sentAt >= this.#pausedUntil) {
      this.#pausedUntil = now + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#downPauses++)
      if (now - this.#downSince > LONGEST_WAIT_MS) this.#tripped = this.#downTooLong(failed.failure)
    }
    return !wasDown
  }

  /** Requests a second that it is expected to answer; null where nothing is known of it. */
  expectedRate(tokensPerRequest: number): number | null {
    const { window, latencyMs, requestsPerMinute, tokensPerMinute } = this.#known ?? {}
    if (window === undefined || !latencyMs) return null
    const perMinute = Math.min(
      (window * MINUTE_MS) / latencyMs,
      requestsPerMinute ?? Number.POSITIVE_INFINITY,
      (tokensPerMinute ?? Number.POSITIVE_INFINITY) / tokensPerRequest,
    )
    return perMinute / 60
  }

  /** What a later run should begin with; null where too little was seen. */
  learned(): EndpointLimits | null {
    if (this.#latencies.length === 0) return null
    const sorted = this.#latencies.toSorted((a, b) => a - b)
    return {
      window: this.#window.settled ? this.#window.size : Math.min(this.#window.size, this.mostInFlight),
      requestsPerMinute: this.#requests.perMinute,
      tokensPerMinute: this.#tokens.perMinute,
      latencyMs: sorted[Math.floor(sorted.length / 2)]!,
    }
  }

  #pause(pauseMs: number, failure: EndpointError, now: number): void {
    if (pauseMs > LONGEST_WAIT_MS)
      this.#tripped = new EndpointError(
        'endpoint-paused',
        `${failure.message} (it asks for a pause of ${Math.round(pauseMs / 60_000)} minutes); run the same command again then`,
        { failure: 'run-stopping', status: failure.status, cause: failure },
      )
    else this.#pausedUntil = Math.max(this.#pausedUntil, now + pauseMs)
  }

  #downTooLong(failure: EndpointError): EndpointError {
    return new EndpointError(
      'endpoint-down',
      `${failure.message} (nothing was answered for ${LONGEST_WAIT_MS / 60_000} minutes)`,
      { failure: 'run-stopping', status: failure.status, cause: failure },
    )
  }
}
