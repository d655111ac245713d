import type { ChatModel, ChatRequest } from '../core/chat-model.ts'
import { EndpointError, StoppedError } from '../core/errors.ts'
import { canonicalJson, contentHash, type Json } from '../core/hash.ts'
import type { Store } from '../core/store.ts'

/** Changes when the same body would have to be asked again. */
const ADAPTER_VERSION = 1

/** What came of a request: the text of a reply, or why there is none. */
export type Answer =
  /** A reply, read or not: it is stored and will not be asked for again. `text` is null where it held none. */
  | {
      readonly kind: 'reply'
      readonly hash: string
      readonly text: string | null
      readonly cut: boolean
      readonly problem: string | null
    }
  /** No reply: the next run asks again. */
  | { readonly kind: 'failed'; readonly hash: string; readonly reason: string }

/**
 * Asks an LLM through the study's store, which is the cache: a request whose reply is stored is never sent again.
 * A reply is stored as it came before anything is read from it. Equal requests in flight are one.
 */
export class Asker {
  readonly #store: Store
  readonly #chat: ChatModel
  readonly #signal: AbortSignal
  readonly #now: () => Date
  readonly #inFlight = new Map<string, Promise<Answer>>()
  #answered = false

  constructor(store: Store, chat: ChatModel, signal: AbortSignal, now: () => Date) {
    this.#store = store
    this.#chat = chat
    this.#signal = signal
    this.#now = now
  }

  /** The name under which a request and its reply are stored. */
  hashOf(request: ChatRequest): string {
    return contentHash({
      adapter: ADAPTER_VERSION,
      endpoint: this.#chat.endpoint,
      model: this.#chat.model,
      body: this.#chat.bodyOf(request) as Json,
    })
  }

  /**
   * @throws {EndpointError} when the endpoint is out of reach or refuses before its first answer
   * @throws {StoppedError} when it refuses every request after a first answer, or the run is stopping
   */
  ask(request: ChatRequest): Promise<Answer> {
    const hash = this.hashOf(request)
    let answer = this.#inFlight.get(hash)
    if (!answer) {
      answer = this.#lookUpOrSend(hash, request).finally(() => this.#inFlight.delete(hash))
      this.#inFlight.set(hash, answer)
    }
    return answer
  }

  async #lookUpOrSend(hash: string, request: ChatRequest): Promise<Answer> {
    const stored = this.#store.requests.get(hash)
    if (stored?.response != null) return this.#read(hash, stored.response)
    if (this.#signal.aborted)
      throw new StoppedError('stopped', 'stopped; run the same command again to go on')
    const record = {
      hash,
      endpoint: this.#chat.endpoint,
      model: this.#chat.model,
      body: canonicalJson(this.#chat.bodyOf(request) as Json),
    }
    try {
      const reply = await this.#chat.complete(request)
      this.#answered = true
      const { usage } = this.#chat.read(reply.body)
      this.#store.requests.put(
        {
          ...record,
          response: reply.body,
          status: reply.status,
          error: null,
          usage,
          latencyMs: reply.latencyMs,
          attempts: reply.attempts,
        },
        this.#now(),
      )
      return this.#read(hash, reply.body)
    } catch (error) {
      if (!(error instanceof EndpointError)) throw error
      const failure = {
        ...record,
        response: null,
        status: error.status,
        error: error.message,
        usage: null,
        latencyMs: null,
        attempts: 1,
      }
      this.#store.requests.put(failure, this.#now())
      this.#giveUpIfPointless(error)
      return { kind: 'failed', hash, reason: error.message }
    }
  }

  #read(hash: string, body: string): Answer {
    const { text, cut, problem } = this.#chat.read(body)
    return { kind: 'reply', hash, text, cut, problem }
  }

  #giveUpIfPointless(error: EndpointError): void {
    const outOfReach = error.status === null && error.failure === 'retryable'
    if (!this.#answered && (outOfReach || error.failure === 'run-stopping')) throw error
    if (error.failure === 'run-stopping')
      throw new StoppedError(
        'endpoint-refused',
        `${error.message}; what was answered is stored, run the same command again to go on`,
        {
          cause: error,
        },
      )
  }
}
