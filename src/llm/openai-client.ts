import OpenAI, { APIError } from 'openai'
import { Agent, fetch as undiciFetch, type RequestInfo, type RequestInit } from 'undici'
import type { Json } from '../core/hash.ts'
import type { Capabilities } from '../core/capabilities.ts'
import type { ChatRequest, LlmRequest } from '../core/chat-model.ts'
import { EndpointError } from '../core/errors.ts'
import { sha256 } from '../core/hash.ts'
import { type FailedTry, timedOut, toFailedTry } from './endpoint-failure.ts'
import { withReadableError } from './error-body.ts'
import { PromptAsker } from './prompt-asker.ts'
import type { PromptQuestion } from './prompt-question.ts'
import { type RateLimits, readRateLimits } from './rate-limit-headers.ts'
import { withoutKey } from './redact.ts'

/** Where to ask and how long to wait. */
export interface OpenAiClientOptions {
  /** May hold a query, as Azure's `?api-version=…`. */
  readonly baseUrl: string
  readonly model: string
  /** Null sends no key. */
  readonly key: string | null
  /** Around one try, body included. */
  readonly timeoutMs?: number
  /** How the limit on a reply's tokens is named. */
  readonly tokenLimit?: TokenLimit
  /** Of a reply, where fewer are to be written than a request allows. */
  readonly maxReplyTokens?: number | undefined
  /** Sent with every chat; by default the endpoint decides. */
  readonly temperature?: number | undefined
  /** Further members of every chat's body, which servers have of their own. */
  readonly parameters?: Readonly<Record<string, Json>> | undefined
  /** How log-probabilities of a prompt are had. */
  readonly promptLogprobs?: Capabilities['promptLogprobs']
}

/** The two names of the limit: OpenAI's own newer models refuse the first, other servers know only that. */
export type TokenLimit = 'max_tokens' | 'max_completion_tokens'

/** A reply as it came. */
export interface RawReply {
  readonly status: number
  readonly body: string
  readonly latencyMs: number
  readonly requestId: string | null
  readonly rateLimits: RateLimits
  /** What was asked of a prompt, without which the body cannot be read. */
  readonly question?: PromptQuestion
}

const DEFAULT_TIMEOUT_MS = 10 * 60_000

/** One OpenAI-compatible endpoint: sends a request once. Retries, limits and storing are the gate's. */
export class OpenAiClient {
  readonly baseUrl: string
  readonly model: string
  readonly #key: string | null
  readonly #timeoutMs: number
  readonly #maxReplyTokens: number
  readonly #parameters: Readonly<Record<string, Json>>
  readonly #client: OpenAI
  readonly #agent: Agent
  readonly #prompts: PromptAsker | null
  #tokenLimit: TokenLimit

  constructor(options: OpenAiClientOptions) {
    const { baseUrl, model, key, timeoutMs, tokenLimit, promptLogprobs, maxReplyTokens } = options
    const { temperature, parameters } = options
    const url = new URL(baseUrl)
    this.baseUrl = baseUrl
    this.model = model
    this.#key = key
    this.#timeoutMs = timeoutMs ?? DEFAULT_TIMEOUT_MS
    this.#maxReplyTokens = maxReplyTokens ?? Number.POSITIVE_INFINITY
    this.#parameters = { ...parameters, ...(temperature === undefined ? {} : { temperature }) }
    // Before a probe has asked: the name that OpenAI's own reference gives, and the one that every other server knows.
    this.#tokenLimit =
      tokenLimit ?? (url.hostname === 'api.openai.com' ? 'max_completion_tokens' : 'max_tokens')
    this.#prompts = promptLogprobs
      ? new PromptAsker(promptLogprobs, model, (body) => this.#tokenize(body))
      : null
    // Slow local models take longer than undici's own limits; the deadline around the whole call is ours.
    this.#agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })
    const azure = url.hostname.endsWith('.azure.com')
    this.#client = new OpenAI({
      baseURL: `${url.origin}${url.pathname}`.replace(/\/$/, ''),
      defaultQuery: Object.fromEntries(url.searchParams),
      // Everything that the client would read from the environment is given.
      apiKey: key ?? 'none',
      organization: null,
      project: null,
      webhookSecret: null,
      logLevel: 'off',
      maxRetries: 0,
      defaultHeaders: {
        ...(key === null ? { Authorization: null } : {}),
        ...(key !== null && azure ? { 'api-key': key } : {}),
      },
      fetch: (async (address: RequestInfo, init: RequestInit) =>
        withReadableError(await undiciFetch(address, init))) as unknown as typeof globalThis.fetch,
      // A header of our own would follow a redirect to another origin.
      fetchOptions: { dispatcher: this.#agent, ...(azure ? { redirect: 'error' } : {}) } as never,
    })
  }

  /** The JSON body that {@link send} sends. */
  bodyOf({ messages, maxTokens, topLogprobs }: ChatRequest): Record<string, unknown> {
    const logprobs = topLogprobs ? { logprobs: true, top_logprobs: topLogprobs } : {}
    const most = Math.min(maxTokens, this.#maxReplyTokens)
    return { ...this.#parameters, model: this.model, messages, [this.#tokenLimit]: most, ...logprobs }
  }

  /**
   * Changes the name of the limit on a reply's tokens where a server does not take it. Returns whether another was
   * used meanwhile, so that the same request may be taken now.
   */
  otherLimitThan(refused: string | null): boolean {
    if (refused === this.#tokenLimit)
      this.#tokenLimit = refused === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens'
    return refused === 'max_tokens' || refused === 'max_completion_tokens'
  }

  /** Sends a request once. @param patienceMs shortens the time limit @throws {FailedTryError} where no reply came */
  async send(request: LlmRequest, patienceMs = Number.POSITIVE_INFINITY): Promise<RawReply> {
    const timeoutMs = Math.min(patienceMs, this.#timeoutMs)
    if ('pieces' in request) {
      if (this.#prompts === null) throw noPromptLogprobs(this.baseUrl)
      const question = await this.#prompts.questionOf(request)
      const path = question.way === 'generate' ? this.beside('/generate') : '/completions'
      return { ...(await this.post(path, question.body, timeoutMs)), question }
    }
    const limit = this.#tokenLimit
    try {
      return await this.post('/chat/completions', this.bodyOf(request), timeoutMs)
    } catch (error) {
      const unsupported = error instanceof FailedTryError ? error.failed.unsupported : null
      if (unsupported !== limit || limit !== this.#tokenLimit) throw error
      this.otherLimitThan(unsupported)
      return this.post('/chat/completions', this.bodyOf(request), timeoutMs)
    }
  }

  /** Posts a JSON body to a path below the base URL. @throws {FailedTryError} */
  post(
    path: string,
    body: Readonly<Record<string, unknown>>,
    timeoutMs = this.#timeoutMs,
  ): Promise<RawReply> {
    return this.#call((signal) => this.#client.post(path, { body, signal }).asResponse(), timeoutMs)
  }

  /** Gets a path below the base URL, or an absolute URL of its origin. @throws {FailedTryError} */
  get(path: string, timeoutMs = this.#timeoutMs): Promise<RawReply> {
    return this.#call((signal) => this.#client.get(path, { signal }).asResponse(), timeoutMs)
  }

  /** Deletes what a path below the base URL names. @throws {FailedTryError} */
  delete(path: string): Promise<RawReply> {
    return this.#call((signal) => this.#client.delete(path, { signal }).asResponse())
  }

  /** The address of a path beside the API's `/v1`, where servers have what is their own. */
  beside(path: string): string {
    const { origin, pathname } = new URL(this.baseUrl)
    return `${origin}${pathname.replace(/\/(?:v\d+\/?)?$/, '')}${path}`
  }

  /** Null where the server has no such path. */
  async #tokenize(body: Readonly<Record<string, unknown>>): Promise<string | null> {
    try {
      return (await this.post(this.beside('/tokenize'), body)).body
    } catch (error) {
      const status = error instanceof FailedTryError ? error.failed.failure.status : null
      if (status === 404 || status === 405) return null
      throw error
    }
  }

  /** Uploads a file to a path below the base URL. @throws {FailedTryError} */
  upload(path: string, name: string, purpose: string, content: string): Promise<RawReply> {
    const boundary = `gloss-${sha256(Buffer.from(content)).slice(0, 32)}`
    const part = (disposition: string, value: string): string =>
      `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${value}\r\n`
    // Node's own FormData is not the one that undici's fetch knows.
    const body = Buffer.from(
      `${part('name="purpose"', purpose)}${part(`name="file"; filename="${name}"`, content)}--${boundary}--\r\n`,
    )
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` }
    return this.#call((signal) => this.#client.post(path, { body, headers, signal }).asResponse())
  }

  /** Gets a text below the base URL line by line: it may be longer than a string can be. @throws {FailedTryError} */
  async *lines(path: string): AsyncGenerator<string> {
    const deadline = AbortSignal.timeout(this.#timeoutMs)
    try {
      const { body } = await this.#client.get(path, { signal: deadline }).asResponse()
      const decoder = new TextDecoder()
      let rest = ''
      for await (const chunk of body ?? []) {
        const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n')
        rest = lines.pop()!
        yield* lines
      }
      if (rest !== '') yield rest
    } catch (error) {
      throw this.#failedTry(error, deadline, this.#timeoutMs)
    }
  }

  /** What a refusal that came inside of a batch's results means. */
  refusalOf(status: number, body: unknown): FailedTry {
    const error = APIError.generate(status, body as object, undefined, new Headers())
    return toFailedTry(error, this.baseUrl, this.model, this.#key)
  }

  async close(): Promise<void> {
    await this.#agent.close()
  }

  async #call(
    start: (signal: AbortSignal) => Promise<Response>,
    timeoutMs = this.#timeoutMs,
  ): Promise<RawReply> {
    const started = performance.now()
    // Not AbortSignal.timeout: what listens to it stays in memory until the time is over, reply or not.
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), timeoutMs)
    try {
      const response = await start(deadline.signal)
      // The client's own timeout ends with the headers; ours covers the body.
      const body = withoutKey(await response.text(), this.#key)
      const header = (name: string): string | null => response.headers.get(name)
      return {
        status: response.status,
        body,
        latencyMs: performance.now() - started,
        requestId: header('x-request-id') ?? header('apim-request-id'),
        rateLimits: readRateLimits(header, new Date()),
      }
    } catch (error) {
      throw this.#failedTry(error, deadline.signal, timeoutMs)
    } finally {
      clearTimeout(timer)
    }
  }

  #failedTry(error: unknown, deadline: AbortSignal, timeoutMs: number): FailedTryError {
    return new FailedTryError(
      deadline.aborted
        ? timedOut(this.baseUrl, timeoutMs, error)
        : toFailedTry(error, this.baseUrl, this.model, this.#key),
    )
  }
}

function noPromptLogprobs(endpoint: string): FailedTryError {
  const failure = new EndpointError(
    'prompt-logprobs-unknown',
    `${endpoint} is not known to give log-probabilities of a prompt; run gloss doctor`,
    { failure: 'rejected' },
  )
  return new FailedTryError({
    failure,
    pauseMs: null,
    congested: false,
    mayBeBilled: false,
    unsupported: null,
  })
}

/** Carries a {@link FailedTry} to whoever decides what becomes of it; never leaves this folder. */
export class FailedTryError extends Error {
  readonly failed: FailedTry

  constructor(failed: FailedTry) {
    super(failed.failure.message, { cause: failed.failure })
    this.failed = failed
  }
}
