import { z } from 'zod'
import type { Forecast, LlmRequest, PromptRequest, TokenUsage } from '../core/chat-model.ts'
import type { ReplySample } from '../core/ledger.ts'
import type { PriceList } from './prices.ts'
import { readReplyBody } from './reply-body.ts'
import { estimateTokens } from './token-estimate.ts'

/** Tokens that chat templates put around a message, about. */
const TOKENS_A_MESSAGE = 5
/** Earlier replies weigh as much as this many estimated tokens of a perfect estimate. */
const PRIOR_TOKENS = 500

/**
 * Foretells the tokens of requests: estimates from their text, corrected by what earlier requests to the same model
 * were counted as by its server. The correction of replies includes reasoning that is not shown.
 */
export class Forecaster {
  readonly #prompts = new Ratio()
  readonly #replies = new Ratio()

  constructor(samples: readonly ReplySample[]) {
    for (const { body, response, usage } of samples) {
      const request = bodySchema.safeParse(JSON.parse(body))
      if (request.success) this.#prompts.add(estimateOf(request.data), usage.promptTokens)
      const { text } = readReplyBody(response)
      if (text !== null) this.#replies.add(estimateTokens(text), usage.completionTokens)
    }
  }

  promptTokens(request: LlmRequest): number {
    return Math.ceil(estimateOf(request) * this.#prompts.value)
  }

  forecast(request: LlmRequest, reply: string): { promptTokens: number; completionTokens: number } {
    const completionTokens = Math.ceil(estimateTokens(reply) * this.#replies.value)
    return {
      promptTokens: this.promptTokens(request),
      completionTokens: Math.min(completionTokens, request.maxTokens),
    }
  }

  /** What a request is expected to use, and to cost. */
  priced(request: LlmRequest, reply: string, prices: PriceList, at: Date): Forecast {
    const tokens = this.forecast(request, reply)
    const unknown = { cachedTokens: null, cacheWriteTokens: null, reasoningTokens: null }
    return { ...tokens, usd: prices.price({ ...tokens, ...unknown }, at)?.usd ?? null }
  }

  /** Takes over what a server counted. */
  learn(request: LlmRequest, usage: TokenUsage | null): void {
    // A few hundred say all there is to know.
    if (this.#prompts.settled) return
    this.#prompts.add(estimateOf(request), usage?.promptTokens ?? null)
  }
}

const bodySchema = z.looseObject({ messages: z.array(z.looseObject({ content: z.string() })) })

type Texts = { readonly messages: readonly { readonly content: string }[] } | PromptRequest

function estimateOf(request: Texts): number {
  if ('pieces' in request)
    return request.pieces.reduce((sum, piece) => sum + Math.max(1, estimateTokens(piece)), 0)
  return request.messages.reduce((sum, { content }) => sum + TOKENS_A_MESSAGE + estimateTokens(content), 0)
}

const SETTLED_TOKENS = 500_000

class Ratio {
  #estimated = PRIOR_TOKENS
  #counted = PRIOR_TOKENS

  get value(): number {
    return this.#counted / this.#estimated
  }

  get settled(): boolean {
    return this.#estimated > SETTLED_TOKENS
  }

  add(estimated: number, counted: number | null): void {
    if (counted === null || estimated === 0) return
    this.#estimated += estimated
    this.#counted += counted
  }
}
