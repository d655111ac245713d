import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Dialect, Reply } from './dialects/dialect.ts'
import { dialectOf } from './dialects/by-name.ts'
import { BatchApi, type BatchStats } from './batch-api.ts'
import { Exchange, type Workings } from './exchange.ts'
import { Ledger, type Stats } from './ledger.ts'
import { RateLimits } from './limits.ts'
import type { FakeLlmOptions } from './options.ts'
import { Oracle } from './oracle.ts'
import { PrefixCache } from './prefix-cache.ts'
import { isObject, type JsonObject } from './request.ts'
import { send } from './responses.ts'
import { Slots } from './slots.ts'
import { ToyModel } from './toy-model.ts'
import { ToyTokenizer } from './toy-tokenizer.ts'

/** Longer than any client keeps an idle connection, so that none is closed under a request. */
const KEEP_ALIVE_MS = 65_000

/**
 * A server on the loopback that speaks like a real LLM server: its paths and shapes, its errors and limits, its
 * faults and its bill.
 *
 * @example
 * const llm = await FakeLlm.start({ dialect: 'vllm', faults: { rate: 0.2 } })
 * // … clients ask llm.url …
 * llm.stats().billedUsd
 * await llm.stop()
 */
export class FakeLlm {
  readonly #options: FakeLlmOptions
  readonly #models: readonly string[]
  readonly #dialect: Dialect
  readonly #server: Server
  #workings: Workings
  readonly #batches: BatchApi | null
  #port = 0

  private constructor(options: FakeLlmOptions) {
    this.#options = options
    this.#models = options.model === undefined ? ['fake-model'] : [options.model].flat()
    const model = new ToyModel(new ToyTokenizer(options.splitTenDigits ?? true), options.nextToken ?? null)
    this.#dialect = dialectOf(options.dialect ?? 'openai', { options, models: this.#models, model })
    this.#workings = this.#newWorkings(model)
    const batches = (options.dialect ?? 'openai') === 'openai'
    this.#batches = batches ? new BatchApi(() => this.#workings, this.#models) : null
    this.#server = createServer((request, response) => this.#receive(request, response))
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS
  }

  /** Listens on the loopback, and on nothing else. */
  static async start(options: FakeLlmOptions = {}): Promise<FakeLlm> {
    const fake = new FakeLlm(options)
    await new Promise<void>((resolve, reject) => {
      fake.#server.once('error', reject)
      fake.#server.listen(options.port ?? 0, '127.0.0.1', resolve)
    })
    fake.#port = (fake.#server.address() as AddressInfo).port
    return fake
  }

  /** The base URL for clients of OpenAI's API. */
  get url(): string {
    return `${this.origin}${this.#dialect.base}`
  }

  /** Where the server's other paths begin. */
  get origin(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** The bodies in the order in which they came, with `recordBodies`. */
  get bodies(): readonly JsonObject[] {
    return this.#workings.bodies
  }

  stats(): Stats {
    return this.#workings.ledger.stats(this.#workings.slots.mostBusy)
  }

  /** What came by way of batches; only OpenAI has them. */
  batchStats(): BatchStats {
    return this.#batches!.stats()
  }

  /** Forgets all that came, but for batches: counts, bill, cache; and fills the buckets. Nothing may be under way. */
  reset(): void {
    this.#workings = this.#newWorkings(this.#workings.model)
  }

  /** Closes all connections, whatever is under way. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  #newWorkings(model: ToyModel): Workings {
    const options = this.#options
    const { countTokens, answer } = options
    const oracle = new Oracle(options.rules ?? [], options.oracleMode ?? 'true')
    const clock = options.clock ?? ((): number => performance.now())
    return {
      options,
      dialect: this.#dialect,
      model,
      answer: typeof answer === 'function' ? answer : (request) => oracle.answer(request),
      countTokens:
        typeof countTokens === 'function' ? countTokens : (text): number => Math.ceil(text.length / 4),
      ledger: new Ledger(options.prices),
      limits: new RateLimits(options.requestsPerMinute, options.tokensPerMinute, clock),
      slots: new Slots(options.slots ?? Number.POSITIVE_INFINITY),
      prefixes: options.cachePrefix ? new PrefixCache() : null,
      bodies: [],
    }
  }

  #receive(incoming: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      this.#serve(incoming, body, response)
    })
  }

  #serve(incoming: IncomingMessage, bytes: Buffer, response: ServerResponse): void {
    const method = incoming.method ?? 'GET'
    const [path, query] = (incoming.url ?? '/').split('?', 2) as [string, string | undefined]
    if (path === '/_stats') {
      send(response, { status: 200, body: this.stats() }, {})
      return
    }
    const reply = (what: Reply): void => send(response, what, this.#headers(path))
    const given = keyOf(incoming)
    const kind = method === 'POST' ? this.#dialect.posts[path] : undefined
    if (kind) this.#workings.ledger.countRequest()
    const fail = (what: Reply): void => {
      if (kind) this.#workings.ledger.countRefusal()
      reply(what)
    }
    if (this.#options.key !== undefined && given !== this.#options.key && this.#dialect.guards(path)) {
      fail(this.#dialect.unauthorized(given))
      return
    }
    const batched = this.#batches?.serve(method, path, new URLSearchParams(query), bytes)
    if (batched) {
      reply(batched)
      return
    }
    const body = method === 'POST' ? parseObject(bytes) : {}
    if (!body) {
      fail(this.#dialect.error({ status: 400, message: 'We could not parse the JSON body of your request.' }))
      return
    }
    if (!kind) {
      reply(this.#dialect.serve(method, path, body) ?? this.#dialect.unknownPath(method, path))
      return
    }
    const exchange = new Exchange(this.#workings, response, () => this.#headers(path), bytes)
    exchange.begin(kind, path, incoming.headers, body, this.#models)
  }

  #headers(path: string): Record<string, string> {
    const headers = this.#dialect.headers(path)
    return this.#dialect.sendsRateLimits ? { ...headers, ...this.#workings.limits.headers() } : headers
  }
}

/** The key of a request: a bearer token, or the header that Azure reads. */
function keyOf({ headers }: IncomingMessage): string | null {
  const azure = headers['api-key']
  if (typeof azure === 'string') return azure
  return /^Bearer (.*)$/i.exec(headers.authorization ?? '')?.[1] ?? null
}

function parseObject(bytes: Buffer): JsonObject | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return isObject(value) ? value : null
  } catch {
    return null
  }
}
