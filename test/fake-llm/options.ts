import type { BatchOptions } from './batch-api.ts'
import type { FaultPlan } from './faults.ts'
import type { OracleMode, Rule } from './oracle.ts'
import type { LlmRequest } from './request.ts'
import type { NextToken } from './toy-model.ts'

/** The servers that can be played. */
export const DIALECTS = ['openai', 'vllm', 'sglang', 'llamacpp', 'ollama', 'azure'] as const

/** One of the servers that can be played. */
export type DialectName = (typeof DIALECTS)[number]

/** An answer in full; the server counts its tokens and cuts it at the request's limit. */
export interface Answer {
  readonly text: string
  /** `stop`, or `length` where it was cut. */
  readonly finish?: string
  /** Replaces the usage that the server would report, but not what it bills. */
  readonly usage?: object | null
  /** Hidden tokens, billed as output. */
  readonly reasoningTokens?: number
}

/** USD per million tokens. */
export interface Prices {
  readonly input: number
  readonly cachedInput?: number
  readonly output: number
}

/** What a model or its server does not accept. The default is to accept all. */
export interface Switches {
  /** Any temperature but 1, as OpenAI's reasoning models. */
  readonly rejectTemperature?: boolean
  readonly rejectReasoningEffort?: boolean
  /** `max_tokens`, as OpenAI's reasoning models; they want `max_completion_tokens`. */
  readonly rejectMaxTokens?: boolean
  /** Log-probabilities: always, or unless `reasoning_effort` is "none". */
  readonly rejectLogprobs?: boolean | 'unless-effort-none'
  /** `response_format` of type `json_schema`. */
  readonly rejectJsonSchema?: boolean
  /** The largest `top_logprobs`, where the server has a limit. Default 20. */
  readonly maxLogprobs?: number
  /** Tokens of prompt and answer; more are refused. */
  readonly contextLength?: number
  /** Whether a filter of contents turns a request away. */
  readonly filters?: (request: LlmRequest) => boolean
  /** OpenAI and Azure: serves /completions, as an instruct model; otherwise it is refused. */
  readonly instruct?: boolean
  /** llama.cpp: overlooks `echo` instead of refusing it. */
  readonly ignoreEcho?: boolean
}

/** How a fake server behaves. Everything has a default. */
export interface FakeLlmOptions extends Switches {
  /** Default `openai`. */
  readonly dialect?: DialectName
  /** The names served. Default `fake-model`. */
  readonly model?: string | readonly string[]
  /** Refuses requests without it. */
  readonly key?: string
  /** A free one by default. */
  readonly port?: number
  /** From the start of serving to the first byte. */
  readonly latencyMs?: number
  /** Requests served at once; more wait in a queue. */
  readonly slots?: number
  /** Refuses what would wait: true with the server's own status. */
  readonly rejectBeyondSlots?: boolean | 429 | 503
  readonly requestsPerMinute?: number
  readonly tokensPerMinute?: number
  readonly prices?: Prices
  /** Default `oracle`. */
  readonly answer?: 'oracle' | ((request: LlmRequest) => string | Answer)
  /** What the oracle knows; without rules it reports the tokens that it is shown. */
  readonly rules?: readonly Rule[]
  /** Whether the oracle explains truthfully. Default `true`. */
  readonly oracleMode?: OracleMode
  /** Default `quarter`: a token is four UTF-16 units. Where log-probabilities are asked for the toy tokenizer counts. */
  readonly countTokens?: 'quarter' | ((text: string) => number)
  /** Reports as cached the longest prefix of messages that was seen before. */
  readonly cachePrefix?: boolean
  readonly faults?: FaultPlan
  /** How long the body of a slow drip takes. Default 200. */
  readonly dripMs?: number
  /** How long a stalled connection stays open. Default 30,000. */
  readonly stallMs?: number
  /** Milliseconds, for the rate limits. */
  readonly clock?: () => number
  /** When the model is shut down, in the list of models. */
  readonly shutdownDate?: string | number
  /** Whether "10" is two tokens. Default true. */
  readonly splitTenDigits?: boolean
  /** What log-probabilities say. */
  readonly nextToken?: NextToken
  /** OpenAI: how batches go. */
  readonly batch?: BatchOptions
  /** Keeps every body, for tests; otherwise only a digest of it. */
  readonly recordBodies?: boolean
}
