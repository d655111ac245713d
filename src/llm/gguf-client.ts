import { availableParallelism, totalmem } from 'node:os'
import type { ChatRequest, LlmRequest, PromptRequest } from '../core/chat-model.ts'
import { EndpointError } from '../core/errors.ts'
import { sha256OfFiles } from '../core/hash.ts'
import { checkMemory, GgufEngine } from './gguf-engine.ts'
import { GGUF } from './gguf-scheme.ts'
import { type GgufHeader, readGgufHeader } from './gguf-header.ts'
import type { WrittenToken } from './gguf-tokens.ts'
import { LLAMA_PACKAGE, type LlamaLibrary, loadLlamaLibrary } from './llama-library.ts'
import type { LlmClient } from './llm-client.ts'
import { FailedTryError, type RawReply } from './openai-client.ts'
import { PromptAsker } from './prompt-asker.ts'
import type { PromptQuestion } from './prompt-question.ts'

/** How a model file is opened. */
export interface GgufClientOptions {
  /** What to call the model; by default what the file calls it. */
  readonly name?: string | undefined
  /** Of a reply, where fewer are to be written than a request allows. */
  readonly maxReplyTokens?: number | undefined
}

/** A model file: loaded when first asked, in this process, for nothing. Its answers have the form of a server's. */
export class GgufClient implements LlmClient {
  /** The file's content, so that a copy elsewhere is the same and another file of the same name is not. */
  readonly baseUrl: string
  readonly model: string
  readonly path: string
  readonly #header: GgufHeader
  readonly #library: LlamaLibrary
  readonly #maxReplyTokens: number
  readonly #prompts: PromptAsker
  #engine: Promise<GgufEngine> | null = null
  #last: Promise<unknown> = Promise.resolve()

  private constructor(
    path: string,
    header: GgufHeader,
    hash: string,
    library: LlamaLibrary,
    { name, maxReplyTokens }: GgufClientOptions,
  ) {
    this.path = path
    this.#maxReplyTokens = maxReplyTokens ?? Number.POSITIVE_INFINITY
    this.#header = header
    this.#library = library
    this.baseUrl = `${GGUF}${hash}`
    this.model = `${name ?? header.name}@${hash.slice(0, 12)}`
    this.#prompts = new PromptAsker('prompt_logprobs', this.model, (body) => this.#tokenize(body))
  }

  /**
   * Checks the file and the package; nothing is loaded yet.
   * @throws {UsageError} `gguf-missing`, `gguf-package-missing`
   * @throws {DataError} `gguf-malformed`, `gguf-truncated`, `gguf-split`, `gguf-memory`
   */
  static async open(path: string, options: GgufClientOptions = {}): Promise<GgufClient> {
    const header = readGgufHeader(path)
    const library = await loadLlamaLibrary()
    await checkMemory(library, path, header.bytes, totalmem())
    return new GgufClient(path, header, sha256OfFiles([path]), library, options)
  }

  /** The engine, and where it computes. @throws {DataError} where the model cannot be loaded */
  async engineName(): Promise<string> {
    const { device } = await this.#loaded()
    return `${LLAMA_PACKAGE} ${await this.#library.getModuleVersion()}, ${device}`
  }

  /** Whether "10" is one token. @throws {DataError} where the model cannot be loaded */
  async tenIsOneToken(): Promise<boolean> {
    return (await this.#loaded()).tokenize('10').length === 1
  }

  bodyOf({ messages, maxTokens, topLogprobs, stop }: ChatRequest): Record<string, unknown> {
    return {
      model: this.model,
      messages,
      max_tokens: Math.min(maxTokens, this.#maxReplyTokens),
      temperature: 0,
      ...(topLogprobs ? { logprobs: true, top_logprobs: topLogprobs } : {}),
      ...(stop === undefined ? {} : { stop }),
    }
  }

  send(request: LlmRequest): Promise<RawReply> {
    const reply = this.#last.then(() =>
      'pieces' in request ? this.#readPrompt(request) : this.#chat(request),
    )
    this.#last = reply.catch(() => null)
    return reply
  }

  async close(): Promise<void> {
    const engine = await this.#engine?.catch(() => null)
    await engine?.close()
    this.#engine = null
  }

  #loaded(): Promise<GgufEngine> {
    return (this.#engine ??= GgufEngine.open({
      library: this.#library,
      path: this.path,
      ...this.#header,
      memory: totalmem(),
      // Most processors count each core twice; and every layer waits for the slowest thread on a busy machine.
      threads: Math.max(1, availableParallelism() >> 1),
    }))
  }

  async #chat({ messages, maxTokens, topLogprobs = 0, stop }: ChatRequest): Promise<RawReply> {
    const most = Math.min(maxTokens, this.#maxReplyTokens)
    const engine = await this.#loaded()
    const started = performance.now()
    const prompt = engine.chatTokens(messages)
    if (prompt === null)
      throw refused(
        'gguf-no-chat-template',
        `expected a chat template in ${this.path}, found none: this model was not trained on chats; use one that was (often named "instruct")`,
        'run-stopping',
      )
    this.#checkLength(prompt.length + most, engine)
    const { tokens, cut } = await engine.write(prompt, most, topLogprobs, stop)
    const content = tokens.map(({ text }) => text).join('')
    return rawReply(started, {
      choices: [
        {
          message: { role: 'assistant', content },
          finish_reason: cut ? 'length' : 'stop',
          logprobs: topLogprobs > 0 ? { content: tokens.map(toEntry) } : null,
        },
      ],
      usage: { prompt_tokens: prompt.length, completion_tokens: tokens.length },
    })
  }

  async #readPrompt(request: PromptRequest): Promise<RawReply> {
    const engine = await this.#loaded()
    const started = performance.now()
    const question = await this.#prompts.questionOf(request)
    if (question.way === 'echo')
      throw refused(
        'gguf-digits',
        `expected a tokenizer with a token for each digit in ${this.path}, found none; use another --tier`,
        'run-stopping',
      )
    const ids = question.body['prompt'] as number[]
    this.#checkLength(ids.length, engine)
    const digits = question.digits.flat()
    const places = new Map(question.places.map(({ at, holds }) => [at, [holds as number, ...digits]]))
    const found = await engine.probabilities(ids, places)
    const entries = ids.map((_, at) => {
      const logprobs = found.get(at)
      return logprobs ? Object.fromEntries(logprobs.map(({ id, logprob }) => [id, { logprob }])) : null
    })
    const usage = { prompt_tokens: ids.length, completion_tokens: 0 }
    return rawReply(started, { choices: [{ prompt_logprobs: entries }], usage }, question)
  }

  async #tokenize({
    prompt,
    add_special_tokens: marked,
  }: Readonly<Record<string, unknown>>): Promise<string> {
    const engine = await this.#loaded()
    const tokens = engine.tokenize(String(prompt))
    return JSON.stringify({ tokens: marked ? [...engine.beginning, ...tokens] : tokens })
  }

  #checkLength(tokens: number, { contextSize }: GgufEngine): void {
    if (tokens > contextSize)
      throw refused(
        'gguf-context',
        `expected at most ${contextSize} tokens of prompt and reply together for ${this.path}, found ${tokens}`,
        'rejected',
      )
  }
}

const NO_LIMIT = { limit: null, remaining: null } as const

function toEntry({ text, logprob, alternatives }: WrittenToken): object {
  return {
    token: text,
    logprob,
    bytes: null,
    top_logprobs: alternatives.map((one) => ({ token: one.text, logprob: one.logprob, bytes: null })),
  }
}

function rawReply(started: number, body: object, question?: PromptQuestion): RawReply {
  return {
    status: 200,
    body: JSON.stringify(body),
    latencyMs: performance.now() - started,
    requestId: null,
    rateLimits: { requests: NO_LIMIT, tokens: NO_LIMIT, retryAfterMs: null },
    ...(question ? { question } : {}),
  }
}

function refused(code: string, message: string, failure: 'rejected' | 'run-stopping'): FailedTryError {
  return new FailedTryError({
    failure: new EndpointError(code, message, { failure }),
    pauseMs: null,
    congested: false,
    mayBeBilled: false,
    unsupported: null,
  })
}
