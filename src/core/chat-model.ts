import type { StageName } from './stages.ts'

/** One message of a chat. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** What is asked of an LLM. Sampling settings are the endpoint's own. */
export interface ChatRequest {
  readonly messages: readonly ChatMessage[]
  readonly maxTokens: number
  /** How many alternatives to return for each token of the reply; none by default. */
  readonly topLogprobs?: number
  /**
   * Where a reply comes to this text, it has said more than was asked and is whole. An engine in this process stops
   * there; servers are not told, since one that shows its thoughts would stop in them.
   */
  readonly stop?: string
  /** Another draw of the same question has another number, and a reply of its own; 0 by default. */
  readonly draw?: number
}

/**
 * Asks for what a model believes at places of a text, without writing one: the text in pieces, and those of them that
 * hold such a place. The answer's tokens are the places, in order, with digits for alternatives.
 */
export interface PromptRequest {
  readonly pieces: readonly string[]
  /** Indices into `pieces`, rising. */
  readonly places: readonly number[]
  readonly maxTokens: number
  readonly draw?: number
}

/** Anything that can be asked. */
export type LlmRequest = ChatRequest | PromptRequest

/** A token of a reply with what else could have stood in its place. */
export interface ReplyToken {
  readonly text: string
  readonly alternatives: readonly { readonly text: string; readonly logprob: number }[]
}

/** Tokens that a call used; null where the endpoint did not say. */
export interface TokenUsage {
  readonly promptTokens: number | null
  /** Of the prompt, read from the provider's prompt cache. */
  readonly cachedTokens: number | null
  /** Of the prompt, written to the provider's prompt cache. */
  readonly cacheWriteTokens: number | null
  readonly completionTokens: number | null
  /** Of the completion, not shown. */
  readonly reasoningTokens: number | null
}

/** What a reply's body says. */
export interface ReplyContent {
  /** The message, or null where the body holds none; `problem` then says why. */
  readonly text: string | null
  /** Whether it ended at the token limit. */
  readonly cut: boolean
  readonly problem: string | null
  readonly usage: TokenUsage | null
  /** The reply's tokens, or a prompt's places, with log-probabilities; null where the body has none. */
  readonly tokens: readonly ReplyToken[] | null
}

/** What came of a request: the text of a reply, or why there is none. */
export type Answer =
  /** A reply, read or not: it is stored. `text` is null where it held none. */
  | {
      readonly kind: 'reply'
      readonly hash: string
      readonly text: string | null
      readonly cut: boolean
      readonly problem: string | null
      readonly tokens: readonly ReplyToken[] | null
    }
  /** No reply: the next run asks again. */
  | { readonly kind: 'failed'; readonly hash: string; readonly reason: string }

/** How a request is to be treated. */
export interface AskOptions {
  /** The verb that asks; the ledger is kept by it. */
  readonly stage: StageName
  /** Requests with a lower number are sent first. */
  readonly priority: number
  /** Whether a stored reply is to be asked for again, under a new attempt number. By default none is. */
  readonly again?: (answer: Extract<Answer, { kind: 'reply' }>) => boolean
}

/** What the requests of this run have come to so far. Sums leave out what endpoints did not report. */
export interface Spending {
  readonly requests: number
  readonly fromCache: number
  readonly failed: number
  readonly retries: number
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly completionTokens: number
  /** Null where a price is not known. */
  readonly usd: number | null
  readonly inFlight: number
  readonly window: number
}

/** What a request is expected to use, before it is sent. */
export interface Forecast {
  readonly promptTokens: number
  readonly completionTokens: number
  readonly usd: number | null
}

/** What the way to an LLM tells of itself. */
export type ChatEvent =
  /** A request got no reply and is sent again. `tries`: how often it was sent. */
  | { readonly type: 'llm-retry'; readonly reason: string; readonly tries: number; readonly pauseMs: number }
  | { readonly type: 'llm-notice'; readonly text: string }

/** An LLM behind one or more endpoints, with a memory: a reply that is stored is not asked for again. */
export interface ChatModel {
  /** The name of the endpoints under which replies are stored. */
  readonly group: string
  readonly model: string
  /** Requests that it can have under way at once, at most. */
  readonly mostInFlight: number
  /**
   * Equal requests under way are one. When the promise resolves, the reply is stored.
   * @throws {EndpointError} when the endpoint is out of reach or refuses before its first answer
   * @throws {StoppedError} when it refuses every request after a first answer, money runs out, or the run is stopping
   */
  ask(request: LlmRequest, options: AskOptions): Promise<Answer>
  /** The newest stored reply to a request, read; null where there is none. */
  answered(request: LlmRequest): Extract<Answer, { kind: 'reply' }> | null
  /** @param reply a reply as it is expected */
  forecast(request: LlmRequest, reply: string): Forecast
  /** Seconds that requests are expected to take together; null where nothing is known of the endpoint's speed. */
  expectedSeconds(requests: number, tokens: number): number | null
  spending(): Spending
  /** What has happened since this was last asked. */
  takeEvents(): ChatEvent[]
}
