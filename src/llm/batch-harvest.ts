import type { TokenUsage } from '../core/chat-model.ts'
import { EndpointError } from '../core/errors.ts'
import type { BatchRecord, BatchRequest } from '../core/ledger.ts'
import type { Store } from '../core/store.ts'
import type { BatchLine, BatchProvider, ProviderBatch } from './batch-provider.ts'
import type { FailedTry } from './endpoint-failure.ts'
import type { BatchDestination } from './batch-options.ts'
import type { Journal, JournalEntry, StoredAnswer } from './journal.ts'
import { FailedTryError } from './openai-client.ts'
import { readReplyBody } from './reply-body.ts'

/** Whoever waits for the requests of batches. */
export interface BatchListener {
  /** How often a request was sent in this run. */
  sent(hash: string): number
  /** Whether a request that failed is to be sent once more. */
  again(hash: string, failed: FailedTry): boolean
  /** A reply is stored. */
  replied(answer: StoredAnswer, cost: { usage: TokenUsage | null; usd: number | null; worst: number }): void
  /** That there is none is stored. */
  withoutReply(hash: string, failed: FailedTry, again: boolean, worst: number): void
}

/** What a harvest works with. */
export interface BatchHarvestOptions {
  readonly provider: BatchProvider
  readonly store: Pick<Store, 'requests' | 'batches'>
  readonly journal: Journal
  readonly to: BatchDestination
  readonly listener: BatchListener
  readonly now: () => Date
}

/** Lines of results that are stored together. */
const LINES_AT_ONCE = 256

/** Stores what came of the requests of batches, each once, however often it is cut short. */
export class BatchHarvest {
  readonly #options: BatchHarvestOptions

  constructor(options: BatchHarvestOptions) {
    this.#options = options
  }

  /** Brings in a batch that has ended. @throws {FailedTryError} where results cannot be got, or the batch was refused */
  async bring({ shard }: BatchRecord, batch: ProviderBatch): Promise<void> {
    const { store, to } = this.#options
    const { baseUrl } = to.client
    const waiting = new Map(store.batches.waiting(shard).map((request) => [request.hash, request]))
    for (const file of [batch.outputFile, batch.errorFile])
      if (file !== null) await this.#bringFile(shard, file, waiting)
    if (batch.status === 'failed') throw new FailedTryError(refused(baseUrl, batch.problem))
    // One that says that it is complete may have billed what it does not show.
    const missing = unanswered(
      `${baseUrl} ended the batch (${batch.status}) without an answer to this request`,
      batch.status === 'completed',
    )
    await Promise.all([...waiting.values()].map((request) => this.#failed(shard, request, missing)))
    await this.#done(shard)
  }

  /** Nothing of a batch was submitted: its requests are free to be sent in another. */
  async drop(shard: string, failed: FailedTry): Promise<void> {
    const requests = this.#options.store.batches.waiting(shard)
    await Promise.all(requests.map((request) => this.#failed(shard, request, failed)))
    await this.#done(shard)
  }

  async #done(shard: string): Promise<void> {
    const { store, provider, now } = this.#options
    const record = store.batches.get(shard)
    if (!record) return
    store.batches.put({ ...record, state: 'done' }, now())
    if (record.fileId !== null) await provider.forget(record.fileId)
  }

  async #bringFile(shard: string, file: string, waiting: Map<string, BatchRequest>): Promise<void> {
    let writes: Promise<void>[] = []
    try {
      for await (const line of this.#options.provider.lines(file)) {
        const request = waiting.get(line.hash)
        if (!request || !waiting.delete(line.hash)) continue
        writes.push(this.#end(shard, request, line))
        if (writes.length >= LINES_AT_ONCE) {
          await Promise.all(writes)
          writes = []
        }
      }
    } catch (error) {
      // A file that is no longer there holds nothing: its requests are missing.
      if (!(error instanceof FailedTryError) || error.failed.failure.status !== 404) throw error
    } finally {
      await Promise.all(writes)
    }
  }

  async #end(shard: string, request: BatchRequest, line: BatchLine): Promise<void> {
    const { journal, to, listener } = this.#options
    const { hash } = request
    if (line.status !== 200) {
      const { baseUrl } = to.client
      const failed =
        line.status === null
          ? unanswered(`${baseUrl}: ${line.reason}`, false)
          : to.client.refusalOf(line.status, line.body)
      return this.#failed(shard, request, failed)
    }
    const body = JSON.stringify(line.body)
    const { usage, ...content } = readReplyBody(body)
    const reply = { status: line.status, body, latencyMs: null, requestId: line.requestId }
    const usd = await journal.replied(this.#entry(shard, hash), to, request, reply, usage)
    listener.replied({ kind: 'reply', hash, ...content }, { usage, usd, worst: request.worst ?? 0 })
  }

  async #failed(shard: string, request: BatchRequest, failed: FailedTry): Promise<void> {
    const { journal, to, listener } = this.#options
    const { failure, mayBeBilled } = failed
    const again = listener.again(request.hash, failed)
    const entry = this.#entry(shard, request.hash)
    await journal.failed(entry, to, request, mayBeBilled, again ? null : failure)
    listener.withoutReply(request.hash, failed, again, request.worst ?? 0)
  }

  #entry(shard: string, hash: string): JournalEntry {
    const { store, listener } = this.#options
    const { attempt, body, stage } = store.requests.get(hash)!
    const leaveBatch = (): void => store.batches.remove(shard, hash)
    return { hash, attempt, request: body, stage, sent: listener.sent(hash), leaveBatch }
  }
}

function unanswered(message: string, mayBeBilled: boolean): FailedTry {
  const failure = new EndpointError('batch-unanswered', `${message}; the next run asks again`, {
    failure: 'retryable',
  })
  return { failure, mayBeBilled, pauseMs: null, congested: false, unsupported: null }
}

function refused(baseUrl: string, problem: string | null): FailedTry {
  const failure = new EndpointError(
    'batch-refused',
    `${baseUrl} refused the batch (${problem ?? 'it does not say why'}); run the same command without --batch, or later`,
    { failure: 'run-stopping' },
  )
  return { failure, mayBeBilled: false, pauseMs: null, congested: false, unsupported: null }
}
