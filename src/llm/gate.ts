import type { Answer, AskOptions, ChatModel, Forecast, LlmRequest, Spending } from '../core/chat-model.ts'
import type { EndpointError } from '../core/errors.ts'
import type { ChatEvent } from '../core/chat-model.ts'
import { hash32, Random } from '../core/random.ts'
import type { Store } from '../core/store.ts'
import { Budget } from './budget.ts'
import type { FailedTry } from './endpoint-failure.ts'
import { Forecaster } from './forecaster.ts'
import { Journal, type Reservation, type StoredAnswer } from './journal.ts'
import type { Lane } from './lane.ts'
import { Lanes } from './lanes.ts'
import { FailedTryError, type RawReply } from './openai-client.ts'
import { readReply } from './read-reply.ts'
import { RequestQueue } from './request-queue.ts'
import { FIRST_PAUSE_MS, MOST_TRIES, RetryBudget, retryPause, TRIES_TO_REACH } from './retry.ts'
import { budgetReached, lostRequests, priceUnknown, stoppedByEndpoint, stoppedBySignal } from './run-ends.ts'
import { SpendingCounter } from './spending-counter.ts'
import { mostPromptTokens } from './token-estimate.ts'

/** What a gate works with. */
export interface GateOptions {
  readonly group: string
  readonly model: string
  readonly lanes: readonly Lane[]
  readonly store: Pick<Store, 'requests' | 'ledger' | 'endpoints' | 'transaction'>
  /** The most that the study may cost in all, in US dollars; null for no limit. */
  readonly maxCost: number | null
  /** Aborted when nothing more is to be sent. */
  readonly signal: AbortSignal
  readonly now: () => Date
  /** What a first retry waits at most. */
  readonly firstPauseMs?: number
}

/** A request that waits, or is under way. */
interface Pending {
  readonly hash: string
  readonly attempt: number
  readonly request: LlmRequest
  readonly stage: AskOptions['stage']
  readonly priority: number
  readonly order: number
  /** The tokens that count against a rate limit until the real number is known. */
  readonly tokens: number
  /** Tries that failed for its own sake. */
  tries: number
  sent: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/**
 * The one way to an LLM: memory, budget, rate limits, window, deadline, retries, in this order. A reply is stored, in
 * one transaction with what it cost, before anybody reads it.
 */
export class Gate implements ChatModel {
  readonly group: string
  readonly model: string
  readonly mostInFlight: number
  readonly #options: GateOptions
  readonly #lanes: Lanes
  readonly #journal: Journal
  readonly #budget: Budget
  readonly #forecaster: Forecaster
  readonly #counter = new SpendingCounter()
  readonly #retries = new RetryBudget()
  readonly #random = new Random(hash32(process.pid), 'retry pauses')
  readonly #underWay = new Map<string, Promise<Answer>>()
  readonly #queue = new RequestQueue<Pending>()
  readonly #events: ChatEvent[] = []
  #sending = 0
  /** Requests whose cost is not settled yet. */
  #unsettled = 0
  #order = 0
  #answered = false
  #ended: Error | null = null
  #timer: NodeJS.Timeout | null = null
  #dispatchIsDue = false
  #closed = false

  constructor(options: GateOptions) {
    const { group, model, store, lanes, maxCost, now, signal } = options
    this.group = group
    this.model = model
    this.#options = options
    this.#lanes = new Lanes(lanes)
    this.mostInFlight = this.#lanes.mostInFlight
    const lost = store.ledger.closeOpen()
    if (lost > 0) this.#events.push({ type: 'llm-notice', text: lostRequests(lost) })
    this.#journal = new Journal(store, group, model, now)
    this.#budget = new Budget(maxCost ?? Number.POSITIVE_INFINITY, store.ledger.spent())
    this.#forecaster = new Forecaster(store.requests.samples(model, 200))
    signal.addEventListener('abort', this.#stop, { once: true })
  }

  ask(request: LlmRequest, options: AskOptions): Promise<Answer> {
    const { hash, attempt, stored } = this.#journal.newest(request)
    if (stored === null) return this.#enqueue(hash, attempt, request, options)
    if (options.again?.(stored))
      return this.#enqueue(this.#journal.hashOf(request, attempt + 1), attempt + 1, request, options)
    this.#counter.fromCache++
    return Promise.resolve(stored)
  }

  answered(request: LlmRequest): StoredAnswer | null {
    return this.#journal.newest(request).stored
  }

  forecast(request: LlmRequest, reply: string): Forecast {
    const { prices } = this.#options.lanes[0]!
    return this.#forecaster.priced(request, reply, prices, this.#options.now())
  }

  expectedSeconds(requests: number, tokens: number): number | null {
    return this.#lanes.expectedSeconds(requests, tokens)
  }

  spending(): Spending {
    return this.#counter.total(this.#sending, this.#lanes.window)
  }

  takeEvents(): ChatEvent[] {
    return this.#events.splice(0)
  }

  /** Remembers what was learned of the endpoints and closes their connections. Nothing may be under way. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#options.signal.removeEventListener('abort', this.#stop)
    if (this.#timer) clearTimeout(this.#timer)
    await this.#lanes.close(this.#options.store.endpoints, this.#options.now())
  }

  #enqueue(hash: string, attempt: number, request: LlmRequest, options: AskOptions): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended)
    if (this.#options.signal.aborted) return Promise.reject(stoppedBySignal())
    const same = this.#underWay.get(hash)
    if (same) return same
    const answer = new Promise<Answer>((resolve, reject) => {
      const { stage, priority } = options
      const tokens = this.#forecaster.promptTokens(request) + request.maxTokens
      const item = { hash, attempt, request, stage, priority, order: this.#order++, tokens }
      this.#queue.add({ ...item, tries: 0, sent: 0, resolve, reject })
    }).finally(() => this.#underWay.delete(hash))
    this.#underWay.set(hash, answer)
    this.#dispatchSoon()
    return answer
  }

  #dispatchSoon(): void {
    if (this.#dispatchIsDue) return
    this.#dispatchIsDue = true
    queueMicrotask(() => {
      this.#dispatchIsDue = false
      this.#dispatch()
    })
  }

  #dispatch(): void {
    for (let item = this.#queue.first; item !== undefined && !this.#ended; item = this.#queue.first) {
      const now = performance.now()
      const { lane, wait } = this.#lanes.freest(item.tokens, now)
      if (wait > 0) {
        if (Number.isFinite(wait)) this.#dispatchIn(wait)
        return
      }
      const { maxTokens } = item.request
      const worst = lane.prices.worst(mostPromptTokens(item.request), maxTokens, this.#options.now())
      if (worst === null && Number.isFinite(this.#budget.cap))
        return this.#end(priceUnknown(lane.client.baseUrl, this.model))
      if (!this.#budget.reserve(worst ?? 0)) {
        // Requests under way may turn out cheaper than their worst case.
        if (this.#unsettled === 0) this.#end(budgetReached(this.#budget.cap))
        return
      }
      this.#queue.shift()
      lane.admit(item.tokens, now)
      this.#sending++
      this.#unsettled++
      void this.#send(item, lane, worst)
    }
  }

  #dispatchIn(ms: number): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#dispatch(), Math.ceil(ms))
  }

  async #send(item: Pending, lane: Lane, worst: number | null): Promise<void> {
    try {
      const reservation = await this.#journal.reserve(item, lane, worst)
      const sentAt = performance.now()
      item.sent++
      const tried = await this.#try(item.request, lane)
      this.#sending--
      if ('failure' in tried) {
        const ownFault = lane.failed(tried, item.hash, item.tokens, sentAt, performance.now())
        await this.#withoutReply(item, lane, reservation, tried, ownFault)
        return
      }
      const { usage, ...content } = readReply(tried.body, tried.question ?? null)
      lane.succeeded(tried, item.tokens, usage, performance.now())
      this.#dispatchSoon()
      const usd = await this.#journal.replied(item, lane, reservation, tried, usage)
      this.#settle(worst, usd)
      this.#answered = true
      this.#retries.replied()
      this.#counter.replied(usage, usd)
      this.#forecaster.learn(item.request, usage)
      item.resolve({ kind: 'reply', hash: item.hash, ...content })
    } catch (error) {
      // Only the store is left to fail: nothing more may be asked that could not be stored.
      this.#end(error as Error, item)
    } finally {
      this.#dispatchSoon()
    }
  }

  async #try(request: LlmRequest, { client, patienceMs }: Lane): Promise<RawReply | FailedTry> {
    try {
      return await client.send(request, patienceMs)
    } catch (error) {
      if (error instanceof FailedTryError) return error.failed
      throw error
    }
  }

  async #withoutReply(
    item: Pending,
    lane: Lane,
    reservation: Reservation,
    { failure, mayBeBilled }: FailedTry,
    ownFault: boolean,
  ): Promise<void> {
    // Before the first answer the address may be wrong: that is found out, not waited for.
    if (ownFault || !this.#answered) item.tries++
    const outOfReach = !this.#answered && failure.status === null && item.tries >= TRIES_TO_REACH
    const again = !outOfReach && this.#mayTryAgain(item, lane, failure, ownFault)
    await this.#journal.failed(item, lane, reservation, mayBeBilled, again ? null : failure)
    this.#settle(reservation.worst, mayBeBilled ? reservation.worst : 0)
    if (mayBeBilled) this.#counter.lost(reservation.worst)
    if (again) return this.#askLater(item, failure, ownFault)
    this.#counter.failed++
    const end = this.#endOf(lane, failure, outOfReach)
    if (end) this.#end(end, item)
    else item.resolve({ kind: 'failed', hash: item.hash, reason: failure.message })
  }

  #mayTryAgain(item: Pending, lane: Lane, { failure }: EndpointError, ownFault: boolean): boolean {
    if (this.#ended || this.#options.signal.aborted || failure === 'rejected') return false
    if (lane.tripped) return this.#lanes.anyLeft
    // What is not its own fault is not held against a request: it waits until its endpoint is back.
    return !ownFault || (item.tries < MOST_TRIES && this.#retries.spend())
  }

  #settle(worst: number | null, cost: number | null): void {
    this.#unsettled--
    this.#budget.settle(worst ?? 0, cost ?? 0)
  }

  #askLater(item: Pending, { message: reason }: EndpointError, ownFault: boolean): void {
    // While the failure was stored the run may have ended, and with it the queue.
    if (this.#ended || this.#options.signal.aborted) return item.reject(this.#ended ?? stoppedBySignal())
    this.#counter.retries++
    const pauseMs = Math.round(
      ownFault
        ? retryPause(item.tries, this.#random.uniform(), this.#options.firstPauseMs ?? FIRST_PAUSE_MS)
        : 0,
    )
    this.#events.push({ type: 'llm-retry', reason, tries: item.sent, pauseMs })
    this.#queue.addLater(item, pauseMs, () => this.#dispatch())
  }

  /** What ends the run with a request that got no reply; null where only that one failed. */
  #endOf({ tripped }: Lane, failure: EndpointError, outOfReach: boolean): Error | null {
    if (outOfReach) return failure
    if (tripped === null || this.#options.signal.aborted) return null
    return this.#answered ? stoppedByEndpoint(tripped) : tripped
  }

  readonly #stop = (): void => {
    for (const item of this.#queue.drain()) item.reject(stoppedBySignal())
  }

  /** Nothing more is sent. What is under way is waited for by whoever asked. */
  #end(error: Error, item?: Pending): void {
    this.#ended ??= error
    item?.reject(this.#ended)
    for (const waiting of this.#queue.drain()) waiting.reject(this.#ended)
  }
}
