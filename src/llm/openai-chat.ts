import OpenAI from 'openai'
import { Agent, fetch as undiciFetch } from 'undici'
import type { ChatModel, ChatReply, ChatRequest, ReplyContent } from '../core/chat-model.ts'
import { EndpointError } from '../core/errors.ts'
import { hash32, Random } from '../core/random.ts'
import { toEndpointError } from './endpoint-failure.ts'
import { readReplyBody } from './reply-body.ts'

/** Where to ask and how long to wait. */
export interface OpenAiChatOptions {
  readonly baseUrl: string
  readonly model: string
  /** Null sends no key. */
  readonly key: string | null
  /** Around one try, body included. */
  readonly timeoutMs?: number
  /** What a first retry waits at most; each further one up to twice as long. */
  readonly retryDelayMs?: number
}

const TRIES = 3
const DEFAULT_TIMEOUT_MS = 10 * 60_000
const DEFAULT_RETRY_DELAY_MS = 1000
/** A server may ask for a longer pause; more than this is left to the next run. */
const LONGEST_PAUSE_MS = 30_000

/** An LLM behind an OpenAI-compatible chat completions endpoint. */
export class OpenAiChat implements ChatModel {
  readonly endpoint: string
  readonly model: string
  readonly #options: Required<OpenAiChatOptions>
  readonly #client: OpenAI
  readonly #agent: Agent
  readonly #random: Random

  constructor(options: OpenAiChatOptions) {
    this.endpoint = options.baseUrl
    this.model = options.model
    this.#options = { timeoutMs: DEFAULT_TIMEOUT_MS, retryDelayMs: DEFAULT_RETRY_DELAY_MS, ...options }
    this.#random = new Random(hash32(process.pid), 'retry pauses')
    // Slow local models take longer than undici's own limits; the deadline around the whole call is ours.
    this.#agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })
    this.#client = new OpenAI({
      baseURL: options.baseUrl,
      // Everything that the client would read from the environment is given.
      apiKey: options.key ?? 'none',
      organization: null,
      project: null,
      webhookSecret: null,
      logLevel: 'off',
      maxRetries: 0,
      defaultHeaders: options.key === null ? { Authorization: null } : {},
      fetch: undiciFetch as unknown as typeof globalThis.fetch,
      fetchOptions: { dispatcher: this.#agent } as never,
    })
  }

  bodyOf({ messages, maxTokens }: ChatRequest): Record<string, unknown> {
    // OpenAI's own newer models refuse the older name, other servers know only that.
    const limit =
      new URL(this.endpoint).hostname === 'api.openai.com' ? 'max_completion_tokens' : 'max_tokens'
    return { model: this.model, messages, [limit]: maxTokens }
  }

  async complete(request: ChatRequest): Promise<ChatReply> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#send(request, attempt)
      } catch (error) {
        const { failure, pauseMs } = toEndpointError(error, this.endpoint, this.model, this.#options.key)
        const longest = this.#options.retryDelayMs * 2 ** (attempt - 1)
        const pause = pauseMs ?? this.#random.uniform() * longest
        if (failure.failure !== 'retryable' || attempt === TRIES || pause > LONGEST_PAUSE_MS) throw failure
        await new Promise((resolve) => setTimeout(resolve, pause))
      }
    }
  }

  read(body: string): ReplyContent {
    return readReplyBody(body)
  }

  async close(): Promise<void> {
    await this.#agent.close()
  }

  async #send(request: ChatRequest, attempts: number): Promise<ChatReply> {
    const started = performance.now()
    const deadline = AbortSignal.timeout(this.#options.timeoutMs)
    try {
      const response = await this.#client.chat.completions
        .create(this.bodyOf(request) as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming, {
          signal: deadline,
        })
        .asResponse()
      const body = await response.text()
      return { status: response.status, body, latencyMs: performance.now() - started, attempts }
    } catch (error) {
      if (deadline.aborted)
        throw new EndpointError(
          'endpoint-timeout',
          `${this.endpoint} gave no reply within ${this.#options.timeoutMs / 1000} s; check the server, or use a faster model`,
          { failure: 'retryable', cause: error },
        )
      throw error
    }
  }
}
