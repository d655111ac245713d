import type { BatchRecord } from '../core/ledger.ts'
import type { Store } from '../core/store.ts'
import { batchRequestLine, type BatchProvider, type ProviderBatch } from './batch-provider.ts'
import { FailedTryError } from './openai-client.ts'
import { stoppedInBatch } from './run-ends.ts'

/** What a runner works with. */
export interface BatchRunnerOptions {
  readonly provider: BatchProvider
  readonly store: Pick<Store, 'requests' | 'batches'>
  /** Aborted when nothing is to be waited for any longer. */
  readonly signal: AbortSignal
  readonly pollMs: number
  /** The provider holds as much as it takes: a batch is to be submitted later. */
  readonly waitsForRoom: (problem: string | null) => void
  readonly now: () => Date
}

/** Calls in a row that may fail, before a first one succeeded and after it. */
const FAILURES_TO_REACH = 3
const MOST_FAILURES = 10
/** Every try that finds no room leaves a failed batch in the provider's list. */
const POLLS_FOR_ROOM = 4
const LONGEST_FIRST_PAUSE_MS = 1000
/** A batch that the provider does not know any longer counts as one that ended. */
const GONE = 'gone'
const ENDED = new Set(['completed', 'failed', 'expired', 'cancelled', GONE])

/** Takes batches from a row in the store to their end at the provider; every step is written down when it is done. */
export class BatchRunner {
  readonly #options: BatchRunnerOptions
  #reached = false

  constructor(options: BatchRunnerOptions) {
    this.#options = options
  }

  /**
   * Uploads, submits and waits, as far as that has not happened.
   * @param resumed whether an earlier run may have got further than the row says
   * @throws {FailedTryError} where the provider gives no answer; `mayBeBilled` says whether it may have been submitted
   * @throws {StoppedError} where the signal came
   */
  async finish(record: BatchRecord, resumed: boolean): Promise<ProviderBatch> {
    const { provider } = this.#options
    const { shard } = record
    let current = record
    if (current.state === 'planned')
      current = await this.insist(async (unsure) => {
        const fileId = (unsure ? await provider.findFile(shard) : null) ?? (await this.#upload(shard))
        return this.#put({ ...current, state: 'uploaded', fileId })
      }, resumed)
    const { pollMs, waitsForRoom } = this.#options
    for (;;) {
      if (current.state === 'uploaded')
        current = await this.insist(async (unsure) => {
          const found = unsure ? await provider.findBatch(shard) : null
          const { id: batchId } = found ?? (await provider.create(shard, current.fileId!))
          return this.#put({ ...current, state: 'submitted', batchId })
        }, resumed)
      const batch = await this.insist(() => this.#look(current.batchId!), true)
      if (batch.noRoom) {
        waitsForRoom(batch.problem)
        current = this.#put({ ...current, state: 'uploaded', batchId: null })
        await this.#pause(pollMs * POLLS_FOR_ROOM)
      } else if (ENDED.has(batch.status)) return batch
      else await this.#pause(pollMs)
    }
  }

  /** Does something until it succeeds, fails for good, or fails too often. @param unsure whether it may have been done */
  async insist<T>(work: (unsure: boolean) => Promise<T>, unsure: boolean): Promise<T> {
    let mayBeDone = unsure
    for (let failures = 1; ; failures++) {
      if (this.#options.signal.aborted) throw stoppedInBatch()
      try {
        const done = await work(mayBeDone)
        this.#reached = true
        return done
      } catch (error) {
        if (!(error instanceof FailedTryError)) throw error
        const { failed } = error
        mayBeDone ||= failed.mayBeBilled
        const most = this.#reached ? MOST_FAILURES : FAILURES_TO_REACH
        if (failed.failure.failure !== 'retryable' || failures >= most)
          throw new FailedTryError({ ...failed, mayBeBilled: mayBeDone })
        const { pollMs } = this.#options
        await this.#pause(this.#reached ? pollMs : Math.min(pollMs, LONGEST_FIRST_PAUSE_MS))
      }
    }
  }

  #upload(shard: string): Promise<string> {
    const { provider, store } = this.#options
    const lines = store.batches
      .waiting(shard)
      .map(({ hash }) => batchRequestLine(hash, store.requests.get(hash)!.body))
    return provider.upload(shard, lines.join(''))
  }

  async #look(batchId: string): Promise<ProviderBatch> {
    try {
      return await this.#options.provider.get(batchId)
    } catch (error) {
      if (!(error instanceof FailedTryError) || error.failed.failure.status !== 404) throw error
      return { id: batchId, status: GONE, outputFile: null, errorFile: null, problem: null, noRoom: false }
    }
  }

  #put(record: BatchRecord): BatchRecord {
    const { store, now } = this.#options
    store.batches.put(record, now())
    return record
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#options
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      signal.addEventListener('abort', wake)
      if (signal.aborted) wake()
    })
    if (signal.aborted) throw stoppedInBatch()
  }
}
