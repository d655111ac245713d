import { calcPrice } from '@pydantic/genai-prices'
import type { TokenUsage } from '../core/chat-model.ts'

/** US dollars for a million tokens, as a gloss.yaml gives them. */
export interface TokenPrices {
  readonly input: number
  readonly cachedInput?: number | undefined
  readonly output: number
}

/** What a request cost, and by which entry of which price list. */
export interface Price {
  readonly usd: number
  readonly id: string
}

/** Prices requests to one model, each by itself: tiers depend on the size of a request. */
export interface PriceList {
  /** Null where the price or the usage is not known. Tokens that a server does not itemize count as not cached. */
  price(usage: TokenUsage, at: Date): Price | null
  /** The most that a request can cost; null where the price is not known. */
  worst(promptTokens: number, completionTokens: number, at: Date): number | null
}

const MILLION = 1e6

/** The prices that the user gave, else those that are known of the provider at this base URL. */
export function priceList(baseUrl: string, model: string, given: TokenPrices | null): PriceList {
  const priceOf = given ? givenPrice(given) : knownPrice(baseUrl, model)
  return {
    price: ({ promptTokens, cachedTokens, cacheWriteTokens, completionTokens }, at) => {
      if (promptTokens === null || completionTokens === null) return null
      const cached = Math.min(cachedTokens ?? 0, promptTokens)
      const written = Math.min(cacheWriteTokens ?? 0, promptTokens - cached)
      return priceOf({ prompt: promptTokens, cached, written, completion: completionTokens }, at)
    },
    worst: (prompt, completion, at) => {
      const plain = priceOf({ prompt, cached: 0, written: 0, completion }, at)
      // Both can be dearer than a plain prompt; a mixture never is dearer than all three.
      const cached = priceOf({ prompt, cached: prompt, written: 0, completion }, at)
      const written = priceOf({ prompt, cached: 0, written: prompt, completion }, at)
      return plain && cached && written && Math.max(plain.usd, cached.usd, written.usd)
    },
  }
}

/** The prices of batches: half of those of requests that are answered at once. */
export function batchPrices(prices: PriceList): PriceList {
  return {
    price: (usage, at) => {
      const full = prices.price(usage, at)
      return full && { usd: full.usd / 2, id: `${full.id} (batch)` }
    },
    worst: (promptTokens, completionTokens, at) => {
      const full = prices.worst(promptTokens, completionTokens, at)
      return full === null ? null : full / 2
    },
  }
}

/** The prices of a model file on this machine. */
export const FREE: PriceList = {
  price: () => ({ usd: 0, id: 'local' }),
  worst: () => 0,
}

interface Units {
  readonly prompt: number
  readonly cached: number
  readonly written: number
  readonly completion: number
}

type PriceOf = (units: Units, at: Date) => Price | null

function givenPrice({ input, cachedInput, output }: TokenPrices): PriceOf {
  return ({ prompt, cached, completion }) => ({
    usd: ((prompt - cached) * input + cached * (cachedInput ?? input) + completion * output) / MILLION,
    id: 'gloss.yaml',
  })
}

function knownPrice(baseUrl: string, model: string): PriceOf {
  return ({ prompt, cached, written, completion }, at) => {
    const usage = {
      input_tokens: prompt,
      cache_read_tokens: cached,
      cache_write_tokens: written,
      output_tokens: completion,
    }
    const found = calcPrice(usage, model, { providerApiUrl: baseUrl, timestamp: at })
    return found && { usd: found.total_price, id: `${found.provider.id}/${found.model.id}` }
  }
}
