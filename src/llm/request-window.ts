/** How many requests to begin with. */
const FIRST = 16
/** A doubled window that does not raise throughput by this much has met the endpoint's capacity. */
const WORTHWHILE = 1.2
/** A share of the window that is added each round once doubling has ended. */
const GROWTH = 0.03
const SHRINK = 0.75
/** A smaller share of congestion is no sign of an endpoint that has too much to do. */
const ACCIDENTAL = 0.2
/** A smaller window that keeps this share of the throughput was no loss. */
const KEPT = 0.97
/** Replies that take this many times as long as the quickest did have waited at the server. */
const QUEUEING = 1.5
const NOTICEABLE_MS = 50
/** Fewer replies than this say little of an endpoint, however narrow the window. */
const LEAST_OF_A_ROUND = 8
/** Rounds for which a size that turned out to be needed is not tried to be shrunk again. */
const FLOOR_ROUNDS = 50
/** Rounds that requests of the doubling take to get out of the way. */
const SETTLING_ROUNDS = 4

/**
 * How many requests an endpoint is sent at once. Doubles from round to round, a round being as many replies as the
 * window is wide, until throughput stops rising or the endpoint says it is too much; then grows a little each round.
 * Congestion (429, 503, a timeout) takes off half of the share that it has of a round, so that an endpoint which turns
 * everything away is sent half as much, while one in ten that fails by accident changes nothing. Where replies take
 * half as long again as they did at their quickest, requests wait at the server: a smaller window is tried, and kept
 * if throughput stays.
 *
 * Source: slow start and additive increase (Jacobson 1988), decrease by the share of congestion (DCTCP, Alizadeh et
 * al. 2010), and throughput beside loss since local servers queue rather than refuse.
 */
export class RequestWindow {
  readonly #most: number
  #size: number
  #doubling: boolean
  #round: { startedAt: number; congested: number; full: number; latencies: number[] }
  #draining = false
  #lastThroughput = 0
  #calmLatency = Number.POSITIVE_INFINITY
  /** The size and throughput before a trial shrink. */
  #trial: { size: number; throughput: number } | null = null
  #floor = 1
  #floorRounds = 0

  /** @param known the size that an earlier run ended with, if any */
  constructor(most: number, now: number, known: number | null = null) {
    this.#most = Math.max(1, most)
    this.#size = Math.min(this.#most, Math.max(1, known ?? FIRST))
    this.#doubling = known === null
    this.#round = emptyRound(now)
  }

  /** Requests that may be under way at once, at least 1. */
  get size(): number {
    return Math.max(1, Math.floor(this.#size))
  }

  /** Whether the endpoint's capacity has been met, so that the size is worth remembering. */
  get settled(): boolean {
    return !this.#doubling
  }

  /** A reply has come. @param inFlight requests under way, this one included */
  succeeded(latencyMs: number, inFlight: number, now: number): void {
    this.#round.latencies.push(latencyMs)
    if (inFlight >= this.size) this.#round.full++
    this.#count(now - latencyMs, now)
  }

  /** The endpoint said that it is too much, or did not answer in time. @param sentAt when that request was sent */
  congested(sentAt: number, now: number): void {
    this.#round.congested++
    this.#count(sentAt, now)
  }

  #count(sentAt: number, now: number): void {
    const { startedAt, congested, latencies } = this.#round
    // Replies come in bursts: a round lasts at least as long as a request that was sent in it.
    const ended = Math.max(this.size, LEAST_OF_A_ROUND)
    if (congested + latencies.length >= ended && sentAt >= startedAt) this.#endRound(now)
  }

  #endRound(now: number): void {
    const { startedAt, congested, full, latencies } = this.#round
    const replies = latencies.length
    const share = congested / (congested + replies)
    if (share >= ACCIDENTAL) {
      this.#doubling = false
      this.#trial = null
      this.#size = Math.max(1, this.#size * (1 - share / 2))
      this.#round = emptyRound(now)
      return
    }
    const throughput = replies / Math.max(1e-3, now - startedAt)
    const sorted = latencies.toSorted((a, b) => a - b)
    const quick = sorted[Math.floor(sorted.length / 10)]!
    this.#calmLatency = Math.min(this.#calmLatency * 1.01, quick)
    this.#round = emptyRound(now)
    // A window that nobody fills says nothing about the endpoint.
    const filled = full >= replies / 2
    if (this.#floorRounds > 0 && --this.#floorRounds === 0) this.#floor = 1
    if (this.#doubling) {
      if (!filled) return
      if (throughput >= this.#lastThroughput * WORTHWHILE) {
        if (this.#size >= this.#most) this.#doubling = false
        else this.#size = Math.min(this.#most, this.#size * 2)
      } else {
        this.#doubling = false
        this.#size = Math.max(1, this.#size / 2)
        this.#draining = true
        this.#hold(SETTLING_ROUNDS)
      }
      this.#lastThroughput = throughput
      return
    }
    // What was sent before the window became smaller still has to come back.
    if (this.#draining) {
      this.#draining = false
      return
    }
    this.#adjust(throughput, filled, quick)
  }

  /** Rules out a smaller window for a while. */
  #hold(rounds: number): void {
    this.#floor = this.#size
    this.#floorRounds = rounds
  }

  #adjust(throughput: number, filled: boolean, quick: number): void {
    const trial = this.#trial
    this.#trial = null
    if (trial && throughput < trial.throughput * KEPT) {
      this.#size = trial.size
      this.#hold(FLOOR_ROUNDS)
      return
    }
    const requestsQueue = quick > Math.max(this.#calmLatency * QUEUEING, this.#calmLatency + NOTICEABLE_MS)
    if (requestsQueue && this.#size > Math.max(2, this.#floor)) {
      this.#trial = { size: this.#size, throughput }
      this.#size = Math.max(2, this.#size * SHRINK)
      this.#draining = true
    } else if (filled && !requestsQueue)
      this.#size = Math.min(this.#most, this.#size + Math.max(1, this.#size * GROWTH))
  }
}

function emptyRound(now: number) {
  return { startedAt: now, congested: 0, full: 0, latencies: [] }
}
