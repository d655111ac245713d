import type { Answer, AskOptions, ChatRequest } from '../core/chat-model.ts'
import { contentHash } from '../core/hash.ts'
import type { BatchRecord } from '../core/ledger.ts'
import type { Store } from '../core/store.ts'

/** A request that waits, or is in a batch. */
export interface BatchItem {
  readonly hash: string
  readonly attempt: number
  readonly request: ChatRequest
  readonly stage: AskOptions['stage']
  readonly priority: number
  /** Of its line. */
  readonly bytes: number
  /** How often it was sent. */
  sent: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** Requests that wait to be sent together, within the bounds of one batch. */
export class BatchQueue {
  readonly #mostRequests: number
  readonly #mostBytes: number
  #items: BatchItem[] = []
  #bytes = 0

  constructor(mostRequests: number, mostBytes: number) {
    this.#mostRequests = mostRequests
    this.#mostBytes = mostBytes
  }

  get size(): number {
    return this.#items.length
  }

  get full(): boolean {
    return this.#items.length >= this.#mostRequests
  }

  /** Whether a batch of what waits has room for one more. */
  fits({ bytes }: BatchItem): boolean {
    return this.size === 0 || this.#bytes + bytes <= this.#mostBytes
  }

  add(item: BatchItem): void {
    this.#items.push(item)
    this.#bytes += item.bytes
  }

  /** Takes one batch, lowest priority numbers first. @param admit where it says no, the rest stays */
  take(admit: (item: BatchItem) => boolean): BatchItem[] {
    this.#items.sort((a, b) => a.priority - b.priority)
    const taken: BatchItem[] = []
    let bytes = 0
    for (const item of this.#items.slice(0, this.#mostRequests)) {
      if (taken.length > 0 && bytes + item.bytes > this.#mostBytes) break
      if (!admit(item)) break
      bytes += item.bytes
      taken.push(item)
    }
    this.#items = this.#items.slice(taken.length)
    this.#bytes -= bytes
    return taken
  }

  /** Takes all. */
  drain(): BatchItem[] {
    this.#bytes = 0
    return this.#items.splice(0)
  }
}

/**
 * The name of requests that are sent together: the hash of theirs. Where the same ones were sent before and failed
 * together, it is another.
 */
export function shardName(hashes: readonly string[], isTaken: (name: string) => boolean): string {
  const sorted = hashes.toSorted()
  let name = contentHash(sorted)
  for (let round = 1; isTaken(name); round++) name = contentHash({ round, hashes: sorted })
  return name
}

/** Requests in batches of earlier runs that have not ended, each with its batch. */
export function adoptedRequests(
  batches: Store['batches'],
  endpoint: string,
  model: string,
): Map<string, BatchRecord> {
  const adopted = new Map<string, BatchRecord>()
  for (const record of batches.unfinished(endpoint, model))
    for (const { hash } of batches.waiting(record.shard)) adopted.set(hash, record)
  return adopted
}
