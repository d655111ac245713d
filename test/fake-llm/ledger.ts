import { DigestTable, type Digest } from './digest-table.ts'
import type { FaultKind } from './faults.ts'
import type { Prices } from './options.ts'

/** Tokens of one answer. */
export interface Tokens {
  readonly prompt: number
  readonly cached: number
  /** With those that were only thought. */
  readonly completion: number
  readonly reasoning: number
}

/** What a server did so far. */
export interface Stats {
  /** Requests for an answer, refused ones too. */
  readonly requests: number
  /** Whole answers that were sent. */
  readonly answered: number
  /** For a rate limit or a full server; faults are counted apart. */
  readonly rejected429: number
  readonly rejected503: number
  /** With another 4xx. */
  readonly refused: number
  /** Clients that left while they waited in the queue. */
  readonly abandoned: number
  readonly faultsByKind: Readonly<Partial<Record<FaultKind, number>>>
  /** Of all answers that were generated, also those that never arrived. */
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly completionTokens: number
  readonly billedUsd: number
  readonly distinctBodies: number
  /** Bodies that were answered in full more than once. */
  readonly answeredTwice: number
  /** The most requests that were served at once. */
  readonly mostAtOnce: number
}

/** Counts and bills. */
export class Ledger {
  readonly #prices: Prices
  readonly #bodies = new DigestTable()
  readonly #faults: Partial<Record<FaultKind, number>> = {}
  #requests = 0
  #answered = 0
  #answeredTwice = 0
  #refused = 0
  #rejected429 = 0
  #rejected503 = 0
  #abandoned = 0
  #prompt = 0
  #cached = 0
  #completion = 0
  #discountUsd = 0

  constructor(prices: Prices | undefined) {
    this.#prices = prices ?? { input: 0, output: 0 }
  }

  countRequest(): void {
    this.#requests++
  }

  countBody(digest: Digest): void {
    this.#bodies.add(digest)
  }

  countRefusal(): void {
    this.#refused++
  }

  countRejection(status: number): void {
    if (status === 429) this.#rejected429++
    else this.#rejected503++
  }

  countAbandoned(): void {
    this.#abandoned++
  }

  /** Says how often this body was taken on by now. */
  countTaken(digest: Digest): number {
    return this.#bodies.countTaken(digest)
  }

  countFault(kind: FaultKind): void {
    this.#faults[kind] = (this.#faults[kind] ?? 0) + 1
  }

  /** A generated answer, whether or not it arrives. @param share of the price that is billed */
  bill(tokens: Tokens, share = 1): void {
    const { input, cachedInput = input, output } = this.#prices
    const { prompt, cached, completion } = tokens
    const usd = ((prompt - cached) * input + cached * cachedInput + completion * output) / 1e6
    this.#discountUsd += (1 - share) * usd
    this.#prompt += tokens.prompt
    this.#cached += tokens.cached
    this.#completion += tokens.completion
  }

  /** A whole answer that was sent. */
  countAnswered(digest: Digest): void {
    this.#answered++
    if (this.#bodies.countAnswered(digest) === 2) this.#answeredTwice++
  }

  stats(mostAtOnce: number): Stats {
    const { input, cachedInput = input, output } = this.#prices
    return {
      requests: this.#requests,
      answered: this.#answered,
      rejected429: this.#rejected429,
      rejected503: this.#rejected503,
      refused: this.#refused,
      abandoned: this.#abandoned,
      faultsByKind: { ...this.#faults },
      promptTokens: this.#prompt,
      cachedTokens: this.#cached,
      completionTokens: this.#completion,
      billedUsd:
        ((this.#prompt - this.#cached) * input + this.#cached * cachedInput + this.#completion * output) /
          1e6 -
        this.#discountUsd,
      distinctBodies: this.#bodies.size,
      answeredTwice: this.#answeredTwice,
      mostAtOnce,
    }
  }
}
