import type {
  Answer,
  AskOptions,
  ChatEvent,
  ChatModel,
  ChatRequest,
  Forecast,
  Spending,
} from '../core/chat-model.ts'
import type { BatchRecord } from '../core/ledger.ts'
import { BatchHarvest, type BatchListener } from './batch-harvest.ts'
import { BatchProvider, batchRequestLine } from './batch-provider.ts'
import { BatchRunner } from './batch-runner.ts'
import { type BatchDestination, type BatchGateOptions, BATCHES } from './batch-options.ts'
import { adoptedRequests, type BatchItem, BatchQueue, shardName } from './batch-queue.ts'
import { Budget } from './budget.ts'
import { Forecaster } from './forecaster.ts'
import { Journal, type PlannedEntry, type StoredAnswer } from './journal.ts'
import { FailedTryError } from './openai-client.ts'
import { batchPrices } from './prices.ts'
import {
  budgetReached,
  batchWaits,
  leftInBatches,
  lostRequests,
  noBatchApi,
  priceUnknown,
  stoppedByEndpoint,
  stoppedInBatch,
} from './run-ends.ts'
import { SpendingCounter } from './spending-counter.ts'
import { mostPromptTokens } from './token-estimate.ts'

/**
 * The way to an LLM by batches, at half the price and within a day. Answers are stored under the same names as a
 * {@link Gate} stores them; what an earlier run submitted is waited for, not sent again.
 */
export class BatchGate implements ChatModel {
  readonly group: string
  readonly model: string
  readonly mostInFlight: number
  readonly #options: BatchGateOptions
  readonly #to: BatchDestination
  readonly #runner: BatchRunner
  readonly #harvest: BatchHarvest
  readonly #journal: Journal
  readonly #budget: Budget
  readonly #forecaster: Forecaster
  readonly #counter = new SpendingCounter()
  readonly #events: ChatEvent[] = []
  readonly #over = new AbortController()
  /** Everything that was asked and has not ended, and the part that is in no batch. */
  readonly #underWay = new Map<string, { item: BatchItem; answer: Promise<Answer> }>()
  readonly #queue: BatchQueue
  /** Requests in batches of earlier runs. */
  readonly #adopted: Map<string, BatchRecord>
  readonly #running = new Map<string, Promise<void>>()
  #timer: NodeJS.Timeout | null = null
  #answered = false
  #ended: Error | null = null
  #closed = false

  constructor(options: BatchGateOptions) {
    const { group, model, client, prices, store, maxCost, now, signal, pollMs = BATCHES.pollMs } = options
    this.group = group
    this.model = model
    this.#options = options
    this.mostInFlight = options.mostRequests ?? BATCHES.mostRequests
    this.#queue = new BatchQueue(this.mostInFlight, options.mostBytes ?? BATCHES.mostBytes)
    this.#to = { client, prices: batchPrices(prices) }
    this.#journal = new Journal(store, group, model, now)
    const shared = { provider: new BatchProvider(client), store, now }
    const waitsForRoom = (problem: string | null): void => this.#notice(batchWaits(problem))
    this.#runner = new BatchRunner({ ...shared, signal: this.#over.signal, pollMs, waitsForRoom })
    this.#harvest = new BatchHarvest({
      ...shared,
      journal: this.#journal,
      to: this.#to,
      listener: this.#listener(),
    })
    const lost = store.ledger.closeOpen()
    if (lost > 0) this.#notice(lostRequests(lost))
    this.#adopted = adoptedRequests(store.batches, client.baseUrl, model)
    if (this.#adopted.size > 0) this.#notice(leftInBatches(this.#adopted.size))
    this.#budget = new Budget(maxCost ?? Number.POSITIVE_INFINITY, store.ledger.spent())
    this.#forecaster = new Forecaster(store.requests.samples(model, 200))
    signal.addEventListener('abort', this.#stop, { once: true })
  }

  ask(request: ChatRequest, options: AskOptions): Promise<Answer> {
    const { hash, attempt, stored } = this.#journal.newest(request)
    if (stored === null) return this.#enqueue(hash, attempt, request, options)
    if (options.again?.(stored))
      return this.#enqueue(this.#journal.hashOf(request, attempt + 1), attempt + 1, request, options)
    this.#counter.fromCache++
    return Promise.resolve(stored)
  }

  answered(request: ChatRequest): StoredAnswer | null {
    return this.#journal.newest(request).stored
  }

  forecast(request: ChatRequest, reply: string): Forecast {
    return this.#forecaster.priced(request, reply, this.#to.prices, this.#options.now())
  }

  /** A batch takes as long as the provider likes. */
  expectedSeconds(): null {
    return null
  }

  spending(): Spending {
    return this.#counter.total(this.#underWay.size - this.#queue.size, this.mostInFlight)
  }

  takeEvents(): ChatEvent[] {
    return this.#events.splice(0)
  }

  /** Waits until nothing is written any longer, and closes the connections. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#options.signal.removeEventListener('abort', this.#stop)
    this.#end(stoppedInBatch(), true)
    await Promise.all(this.#running.values())
    await this.#options.client.close()
  }

  #notice(text: string): void {
    this.#events.push({ type: 'llm-notice', text })
  }

  #enqueue(hash: string, attempt: number, request: ChatRequest, options: AskOptions): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended)
    if (this.#options.signal.aborted) return Promise.reject(stoppedInBatch())
    const same = this.#underWay.get(hash)
    if (same) return same.answer
    const { stage, priority } = options
    const line = batchRequestLine(hash, JSON.stringify(this.#to.client.bodyOf(request)))
    const bytes = Buffer.byteLength(line)
    let settle: Pick<BatchItem, 'resolve' | 'reject'>
    const answer = new Promise<Answer>((resolve, reject) => (settle = { resolve, reject }))
    const item: BatchItem = { hash, attempt, request, stage, priority, bytes, sent: 0, ...settle! }
    this.#underWay.set(hash, { item, answer })
    const record = this.#adopted.get(hash)
    if (record) {
      item.sent = 1
      if (!this.#running.has(record.shard)) this.#follow(record.shard, () => Promise.resolve(record), true)
    } else this.#add(item)
    return answer
  }

  #add(item: BatchItem): void {
    if (!this.#queue.fits(item)) this.#flush()
    // What money held back ended the run.
    if (this.#ended) {
      this.#leave(item.hash)?.reject(this.#ended)
      return
    }
    this.#queue.add(item)
    if (this.#queue.full) return this.#flush()
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#flush(), this.#options.quietMs ?? BATCHES.quietMs)
  }

  #flush(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    while (this.#queue.size > 0 && !this.#ended) {
      const worst = new Map<string, number | null>()
      const taken = this.#queue.take((item) => this.#admit(item, worst))
      // Batches under way may turn out cheaper than their worst case.
      if (taken.length === 0)
        return this.#running.size === 0 ? this.#end(budgetReached(this.#budget.cap), false) : undefined
      this.#submit(taken.map((item) => ({ ...item, worst: worst.get(item.hash) ?? null })))
    }
  }

  /** Sets the worst case of a request aside; false where the budget does not hold it. */
  #admit(item: BatchItem, worsts: Map<string, number | null>): boolean {
    const { request, hash } = item
    const { prices, client } = this.#to
    const worst = prices.worst(mostPromptTokens(request), request.maxTokens, this.#options.now())
    if (worst === null && Number.isFinite(this.#budget.cap)) {
      this.#end(priceUnknown(client.baseUrl, this.model), false)
      return false
    }
    if (!this.#budget.reserve(worst ?? 0)) return false
    item.sent++
    worsts.set(hash, worst)
    return true
  }

  #submit(entries: readonly PlannedEntry[]): void {
    const { store, now } = this.#options
    const { baseUrl: endpoint } = this.#to.client
    const hashes = entries.map(({ hash }) => hash)
    const shard = shardName(hashes, (name) => store.batches.get(name) !== null)
    const nowhere = { fileId: null, batchId: null }
    const record = { shard, endpoint, model: this.model, ...nowhere, requests: entries.length }
    const planned: BatchRecord = { ...record, state: 'planned' }
    const plan = async (): Promise<BatchRecord> => {
      await this.#journal.planned(entries, this.#to, (requests) => {
        store.batches.put(planned, now())
        for (const request of requests) store.batches.add(shard, request)
      })
      return planned
    }
    this.#follow(shard, plan, false)
  }

  #follow(shard: string, begin: () => Promise<BatchRecord>, resumed: boolean): void {
    const work = async (): Promise<void> => {
      try {
        const record = await begin()
        const batch = await this.#runner.finish(record, resumed)
        await this.#runner.insist(() => this.#harvest.bring(record, batch), true)
      } catch (error) {
        await this.#giveUp(shard, error as Error).catch((failure: Error) => this.#end(failure, true))
      }
      this.#running.delete(shard)
      if (this.#queue.size > 0 && this.#timer === null) this.#flush()
    }
    this.#running.set(shard, work())
  }

  async #giveUp(shard: string, error: Error): Promise<void> {
    if (!(error instanceof FailedTryError)) return this.#end(error, true)
    const { failed } = error
    const state = this.#options.store.batches.get(shard)?.state
    const notTaken = failed.failure.failure === 'rejected' || failed.failure.status === 404
    const failure = state === 'planned' && notTaken ? noBatchApi(failed.failure) : failed.failure
    this.#end(this.#answered ? stoppedByEndpoint(failure) : failure, true)
    const refused = failure.code === 'batch-refused'
    if (refused || (state !== 'submitted' && !failed.mayBeBilled))
      await this.#harvest.drop(shard, { ...failed, mayBeBilled: false })
  }

  #listener(): BatchListener {
    return {
      sent: (hash) => this.#underWay.get(hash)?.item.sent ?? 1,
      again: (hash, { failure, unsupported }) => {
        const sent = this.#underWay.get(hash)?.item.sent ?? Number.POSITIVE_INFINITY
        if (this.#ended || this.#options.signal.aborted || sent > BATCHES.mostResubmissions) return false
        return failure.failure === 'retryable' || this.#to.client.otherLimitThan(unsupported)
      },
      replied: (answer, { usage, usd, worst }) => {
        this.#budget.settle(worst, usd ?? 0)
        this.#answered = true
        this.#counter.replied(usage, usd)
        const item = this.#leave(answer.hash)
        if (item) this.#forecaster.learn(item.request, usage)
        item?.resolve(answer)
      },
      withoutReply: (hash, { failure, mayBeBilled }, again, worst) => {
        this.#budget.settle(worst, mayBeBilled ? worst : 0)
        if (mayBeBilled) this.#counter.lost(worst)
        this.#adopted.delete(hash)
        const item = this.#underWay.get(hash)?.item
        if (again && item) {
          this.#counter.retries++
          this.#events.push({ type: 'llm-retry', reason: failure.message, tries: item.sent, pauseMs: 0 })
          return this.#add(item)
        }
        this.#counter.failed++
        this.#leave(hash)?.resolve({ kind: 'failed', hash, reason: failure.message })
        if (failure.failure === 'run-stopping')
          this.#end(this.#answered ? stoppedByEndpoint(failure) : failure, true)
      },
    }
  }

  #leave(hash: string): BatchItem | undefined {
    const item = this.#underWay.get(hash)?.item
    this.#underWay.delete(hash)
    this.#adopted.delete(hash)
    return item
  }

  readonly #stop = (): void => this.#end(stoppedInBatch(), true)
  /** Nothing more is sent. @param all whether what is in batches is not waited for either */
  #end(error: Error, all: boolean): void {
    this.#ended ??= error
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const queued = this.#queue.drain()
    const left = all ? [...this.#underWay.values()].map(({ item }) => item) : queued
    for (const { hash, reject } of left) {
      this.#underWay.delete(hash)
      reject(this.#ended)
    }
    if (all) this.#over.abort()
  }
}
