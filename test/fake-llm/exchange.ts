import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { type Dialect, openAiError, type Reply } from './dialects/dialect.ts'
import { type Digest, digestOf } from './digest-table.ts'
import { chooseFault, type FaultKind, isComplete, maim } from './faults.ts'
import { countsByTokens, generate, promptIdsOf } from './generation.ts'
import type { Ledger } from './ledger.ts'
import type { Exhausted, RateLimits } from './limits.ts'
import type { Answer, FakeLlmOptions } from './options.ts'
import type { PrefixCache } from './prefix-cache.ts'
import { refuseBySwitches, refuseTooLong } from './refusals.ts'
import { asksLogprobs, type JsonObject, type LlmRequest, readRequest, type RequestKind } from './request.ts'
import { breakOff, drip, send, stall } from './responses.ts'
import type { Slots } from './slots.ts'
import type { ToyModel } from './toy-model.ts'

/** What the exchanges of a server share. */
export interface Workings {
  readonly options: FakeLlmOptions
  readonly dialect: Dialect
  readonly model: ToyModel
  readonly answer: (request: LlmRequest) => string | Answer
  readonly countTokens: (text: string) => number
  readonly ledger: Ledger
  readonly limits: RateLimits
  readonly slots: Slots
  readonly prefixes: PrefixCache | null
  readonly bodies: JsonObject[]
}

const SHORT_WAIT = '0.05'
const GATEWAY_PAGE =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n'

/** One request for an answer: checked, charged, queued, answered or failed, billed. */
export class Exchange {
  readonly #shared: Workings
  readonly #response: ServerResponse
  readonly #headers: () => Record<string, string>
  readonly #digest: Digest
  #request!: LlmRequest
  #promptTokens = 0

  constructor(
    shared: Workings,
    response: ServerResponse,
    headers: () => Record<string, string>,
    bytes: Buffer,
  ) {
    this.#shared = shared
    this.#response = response
    this.#headers = headers
    this.#digest = digestOf(bytes)
  }

  begin(
    kind: RequestKind,
    path: string,
    headers: IncomingHttpHeaders,
    body: JsonObject,
    models: readonly string[],
  ): void {
    const { dialect, options, model, ledger, bodies } = this.#shared
    ledger.countBody(this.#digest)
    if (options.recordBodies) bodies.push(body)
    const read = readRequest(kind, path, headers, body, (ids) => model.tokenizer.decodeAll(ids))
    if ('status' in read) {
      this.#refuse(dialect.error(read))
      return
    }
    const unknown = models.includes(read.model) ? null : dialect.unknownModel(read.model)
    if (unknown) {
      this.#refuse(unknown)
      return
    }
    this.#request = read
    this.#promptTokens = this.#countPrompt()
    const refusal =
      dialect.refuse(read) ??
      refuseBySwitches(read, options) ??
      refuseTooLong(read, this.#promptTokens, options.contextLength)
    if (refusal) this.#refuse(dialect.error(refusal))
    else this.#admit()
  }

  #countPrompt(): number {
    const { model, countTokens } = this.#shared
    if (countsByTokens(this.#request)) return promptIdsOf(this.#request, model).length
    return this.#request.messages.reduce((sum, { content }) => sum + countTokens(content), 0)
  }

  /** What is charged before it is known how long the answer is. */
  get #charge(): number {
    return this.#promptTokens + (this.#request.maxTokens ?? 0)
  }

  #admit(): void {
    const { dialect, options, limits, ledger, slots } = this.#shared
    const exhausted = limits.charge(this.#charge)
    if (exhausted) {
      ledger.countRejection(429)
      this.#send(this.#tooMany(exhausted))
      return
    }
    if (options.rejectBeyondSlots && slots.full) {
      const status = options.rejectBeyondSlots === true ? dialect.statusWhenFull : options.rejectBeyondSlots
      limits.refund(this.#charge)
      ledger.countRejection(status)
      this.#send(dialect.error({ status, message: 'server busy, please try again' }))
      return
    }
    const start = (): void => this.#start()
    // A client that leaves the queue is forgotten; one that leaves while it is served pays all the same.
    this.#response.once('close', () => {
      if (!slots.leave(start)) return
      limits.refund(this.#charge)
      ledger.countAbandoned()
    })
    slots.enter(start)
  }

  #start(): void {
    const { options, ledger } = this.#shared
    const attempt = ledger.countTaken(this.#digest)
    const fault = chooseFault(options.faults, this.#digest, attempt)
    this.#request = { ...this.#request, attempt }
    const latency = options.latencyMs ?? 0
    if (latency > 0) setTimeout(() => this.#finish(fault), latency).unref()
    else this.#finish(fault)
  }

  #finish(fault: FaultKind | null): void {
    const { ledger, limits, slots } = this.#shared
    slots.release()
    if (fault) ledger.countFault(fault)
    if (fault && this.#failed(fault)) limits.refund(this.#charge)
    else this.#answer(fault)
  }

  /** Sends what comes instead of an answer; false for faults of the answer itself. */
  #failed(fault: FaultKind): boolean {
    const { dialect } = this.#shared
    switch (fault) {
      case 'rate-limit':
      case 'bad-retry-after':
        this.#send({
          ...dialect.error({ status: 429, message: 'Rate limit reached', code: 'rate_limit_exceeded' }),
          headers: { 'retry-after': fault === 'rate-limit' ? SHORT_WAIT : 'soon' },
        })
        return true
      case 'quota':
        // A proxy in front of any server can say so, and only OpenAI's shape has a code for it.
        this.#send({
          status: 429,
          body: openAiError({
            message:
              'You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.',
            type: 'insufficient_quota',
            code: 'insufficient_quota',
          }),
        })
        return true
      case 'server-error':
        this.#send(
          dialect.error({ status: 500, message: 'The server had an error while processing your request.' }),
        )
        return true
      case 'bad-gateway':
        this.#send({ status: 502, body: GATEWAY_PAGE, headers: { 'content-type': 'text/html' } })
        return true
      case 'unavailable':
        this.#send({ status: 503, body: '' })
        return true
      case 'reset-before':
        this.#response.socket?.resetAndDestroy()
        return true
      default:
        return false
    }
  }

  #answer(fault: FaultKind | null): void {
    const { dialect, options, model, answer, countTokens, ledger, limits, prefixes } = this.#shared
    const request = this.#request
    const cached = prefixes?.look(request, countTokens) ?? 0
    const prompt = { prompt: this.#promptTokens, cached: Math.min(cached, this.#promptTokens) }
    const generation = generate(request, answer(request), prompt, model, countTokens)
    ledger.bill(generation.tokens)
    limits.refund(this.#charge - generation.tokens.prompt - generation.tokens.completion)
    const body = dialect.body(request, generation)
    const reported = generation.usage === undefined ? body : { ...body, usage: generation.usage }
    const reply: Reply = { status: 200, body: maim(reported, fault) }
    const sent = (): void => {
      if (isComplete(fault, asksLogprobs(request))) ledger.countAnswered(this.#digest)
    }
    const headers = this.#headers()
    if (fault === 'reset-within') breakOff(this.#response, reply, headers)
    else if (fault === 'stall') stall(this.#response, reply, headers, options.stallMs ?? 30_000)
    else if (fault === 'drip') drip(this.#response, reply, headers, options.dripMs ?? 200, sent)
    else send(this.#response, fault === 'bad-json' ? halved(reply) : reply, headers, sent)
  }

  #tooMany({ of, limit, used, requested, waitMs }: Exhausted): Reply {
    const { dialect } = this.#shared
    const what = of === 'tokens' ? 'tokens per min (TPM)' : 'requests per min (RPM)'
    const where = `for ${this.#request.model} in organization org-fake on ${what}: Limit ${limit}`
    const message =
      requested > limit
        ? `Request too large ${where}, Requested ${requested}.`
        : `Rate limit reached ${where}, Used ${used}, Requested ${requested}. Please try again in ${waitMs}ms.`
    return {
      ...dialect.error({ status: 429, message, type: of, code: 'rate_limit_exceeded' }),
      headers: {
        'retry-after': String(Math.ceil(waitMs / 1000)),
        ...(dialect.sendsRateLimits ? { 'retry-after-ms': String(waitMs) } : {}),
      },
    }
  }

  #refuse(reply: Reply): void {
    this.#shared.ledger.countRefusal()
    this.#send(reply)
  }

  #send(reply: Reply): void {
    send(this.#response, reply, this.#headers())
  }
}

function halved(reply: Reply): Reply {
  const text = JSON.stringify(reply.body)
  return { ...reply, body: text.slice(0, text.length >> 1) }
}
