import type { Spending, TokenUsage } from '../core/chat-model.ts'

/** Counts what the requests of one run come to. */
export class SpendingCounter {
  fromCache = 0
  failed = 0
  retries = 0
  #requests = 0
  #promptTokens = 0
  #cachedTokens = 0
  #completionTokens = 0
  #usd: number | null = 0

  /** @param usd null where the price is not known */
  replied(usage: TokenUsage | null, usd: number | null): void {
    this.#requests++
    this.#promptTokens += usage?.promptTokens ?? 0
    this.#cachedTokens += usage?.cachedTokens ?? 0
    this.#completionTokens += usage?.completionTokens ?? 0
    this.#usd = this.#usd === null || usd === null ? null : this.#usd + usd
  }

  /** Nothing came of a request, which may still be billed. @param usd null where the price is not known */
  lost(usd: number | null): void {
    this.#usd = this.#usd === null || usd === null ? null : this.#usd + usd
  }

  total(inFlight: number, window: number): Spending {
    return {
      requests: this.#requests,
      fromCache: this.fromCache,
      failed: this.failed,
      retries: this.retries,
      promptTokens: this.#promptTokens,
      cachedTokens: this.#cachedTokens,
      completionTokens: this.#completionTokens,
      usd: this.#usd,
      inFlight,
      window,
    }
  }
}
