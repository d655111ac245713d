import type { Answer, LlmRequest, TokenUsage } from '../core/chat-model.ts'
import type { EndpointError } from '../core/errors.ts'
import { contentHash, type Json } from '../core/hash.ts'
import type { BatchRequest, SpendingRecord } from '../core/ledger.ts'
import type { Store } from '../core/store.ts'
import { CommitBatch } from './commit-batch.ts'
import type { LlmClient } from './llm-client.ts'
import type { RawReply } from './openai-client.ts'
import type { PriceList } from './prices.ts'
import { readReply, storedQuestion } from './read-reply.ts'
import type { PromptQuestion } from './prompt-question.ts'

/** A stored reply, read. */
export type StoredAnswer = Extract<Answer, { kind: 'reply' }>

/** What is written of a request. */
export interface JournalEntry {
  readonly hash: string
  readonly attempt: number
  /** Or its body, where that was written down before. */
  readonly request: LlmRequest | string
  readonly stage: string
  /** How often it was sent in this run. */
  readonly sent: number
  /** Takes it out of its batch, in the transaction that says how it ended. */
  readonly leaveBatch?: () => void
}

/** What is written of a request before its batch is sent. */
export interface PlannedEntry extends JournalEntry {
  /** The most that it can cost in US dollars; null where the price is not known. */
  readonly worst: number | null
}

/** Where a request is sent. */
export interface Destination {
  readonly client: LlmClient
  readonly prices: PriceList
}

/** What may have been billed for a request that is under way. */
export interface Reservation {
  /** The most that it can cost in US dollars; null where the price is not known. */
  readonly worst: number | null
  /** Its line in the ledger; null where none was needed. */
  readonly line: number | null
}

/** Changes when the same body would have to be asked again. */
const ADAPTER_VERSION = 2
const NO_REPLY = { response: null, usage: null, latencyMs: null, requestId: null }

/** The store as the gate's memory and ledger. A write is done when its promise resolves. */
export class Journal {
  readonly #store: Pick<Store, 'requests' | 'ledger' | 'transaction'>
  readonly #group: string
  readonly #model: string
  readonly #now: () => Date
  readonly #commits: CommitBatch

  constructor(
    store: Pick<Store, 'requests' | 'ledger' | 'transaction'>,
    group: string,
    model: string,
    now: () => Date,
  ) {
    this.#store = store
    this.#group = group
    this.#model = model
    this.#now = now
    this.#commits = new CommitBatch((work) => store.transaction(work))
  }

  /** The name of an attempt at a request: it covers what is asked and of whom, not which URL served. */
  hashOf(request: LlmRequest, attempt: number): string {
    const body = bodyOf(request) as unknown as Json
    const identity = { adapter: ADAPTER_VERSION, endpoint: this.#group, model: this.#model, body }
    return contentHash(attempt === 0 ? identity : { ...identity, attempt })
  }

  /** The newest attempt at a request that was made, or the first where none was. */
  newest(request: LlmRequest): { hash: string; attempt: number; stored: StoredAnswer | null } {
    const { requests } = this.#store
    let attempt = 0
    let hash = this.hashOf(request, 0)
    let row = requests.get(hash)
    while (row?.response != null) {
      const next = this.hashOf(request, attempt + 1)
      const newer = requests.get(next)
      if (newer === null) break
      attempt++
      hash = next
      row = newer
    }
    return {
      hash,
      attempt,
      stored: row?.response == null ? null : storedAnswer(hash, row.body, row.response),
    }
  }

  /** Sets the worst case aside before a request is sent. What is free, or cannot be priced, needs no line. */
  async reserve(entry: JournalEntry, to: Destination, worst: number | null): Promise<Reservation> {
    if (worst === null || worst === 0) return { worst, line: null }
    let line = 0
    await this.#commits.add(() => {
      const open = this.#line(entry, to, { state: 'reserved', usd: worst })
      line = this.#store.ledger.add(open, this.#now())
    })
    return { worst, line }
  }

  /** Before a batch is sent: sets worst cases aside and writes the bodies down, in one transaction with `also`. */
  async planned(
    entries: readonly PlannedEntry[],
    to: Destination,
    also: (requests: readonly BatchRequest[]) => void,
  ): Promise<void> {
    const created = this.#now()
    await this.#commits.add(() => {
      const requests = entries.map(({ worst, ...entry }) => {
        const error = 'waits in a batch'
        this.#store.requests.put({ ...this.#record(entry, to), ...NO_REPLY, status: null, error }, created)
        const line = worst ? this.#line(entry, to, { state: 'reserved', usd: worst }) : null
        return { hash: entry.hash, worst, line: line && this.#store.ledger.add(line, created) }
      })
      also(requests)
    })
  }

  /** Stores a reply with what it cost, and returns that; null where it is not known. */
  async replied(
    entry: JournalEntry,
    to: Destination,
    { worst, line }: Reservation,
    reply: Pick<RawReply, 'status' | 'body' | 'requestId'> & {
      readonly latencyMs: number | null
      readonly question?: PromptQuestion | null
    },
    usage: TokenUsage | null,
  ): Promise<number | null> {
    const created = this.#now()
    const price = usage && to.prices.price(usage, created)
    // A reply whose usage is not known may have cost the most.
    const usd = price?.usd ?? worst
    const spent = this.#line(entry, to, { state: 'spent', usd, priceId: price?.id ?? null, usage })
    const { body: response, status, latencyMs, requestId } = reply
    await this.#commits.add(() => {
      this.#put(line, spent, created)
      entry.leaveBatch?.()
      // While a batch waited, a run without it may have asked; what was concluded from that reply keeps its source.
      if (entry.leaveBatch && this.#store.requests.get(entry.hash)?.response != null) return
      this.#store.requests.put(
        {
          ...this.#record(entry, to, reply.question),
          response,
          status,
          error: null,
          usage,
          latencyMs,
          requestId,
        },
        created,
      )
    })
    return usd
  }

  /** A try brought no reply. @param last why the request is given up; null where it is sent again */
  async failed(
    entry: JournalEntry,
    to: Destination,
    { worst, line }: Reservation,
    mayBeBilled: boolean,
    last: EndpointError | null,
  ): Promise<void> {
    const created = this.#now()
    await this.#commits.add(() => {
      if (mayBeBilled) this.#put(line, this.#line(entry, to, { state: 'lost', usd: worst }), created)
      else if (line !== null) this.#store.ledger.release(line)
      entry.leaveBatch?.()
      if (last === null) return
      if (entry.leaveBatch && this.#store.requests.get(entry.hash)?.response != null) return
      this.#store.requests.put(
        { ...this.#record(entry, to), ...NO_REPLY, status: last.status, error: last.message },
        created,
      )
    })
  }

  #put(line: number | null, record: SpendingRecord, created: Date): void {
    if (line === null) this.#store.ledger.add(record, created)
    else this.#store.ledger.settle(line, record)
  }

  #record(
    { hash, stage, attempt, request, sent }: JournalEntry,
    { client }: Destination,
    question: PromptQuestion | null = null,
  ) {
    const body = typeof request === 'string' ? request : sentBody(request, client, question)
    return { hash, endpoint: client.baseUrl, model: this.#model, body, attempts: sent, stage, attempt }
  }

  #line(
    { hash, stage }: JournalEntry,
    { client }: Destination,
    what: Pick<SpendingRecord, 'state' | 'usd'> & Partial<SpendingRecord>,
  ): SpendingRecord {
    const { baseUrl: endpoint } = client
    return {
      requestHash: hash,
      stage,
      endpoint,
      model: this.#model,
      priceId: null,
      usage: null,
      ...what,
    }
  }
}

/** What is asked, in the form that names are made of. */
function bodyOf(request: LlmRequest): object {
  const draw = request.draw ? { draw: request.draw } : {}
  if ('pieces' in request) {
    const { pieces, places, maxTokens } = request
    return { pieces, places, maxTokens, ...draw }
  }
  const { messages, maxTokens, topLogprobs } = request
  return { messages, maxTokens, ...(topLogprobs ? { topLogprobs } : {}), ...draw }
}

function storedAnswer(hash: string, request: string, body: string): StoredAnswer {
  const { usage: _usage, ...content } = readReply(body, storedQuestion(request))
  return { kind: 'reply', hash, ...content }
}

/** With a question goes where in the reply to look: the tokenizer that knew is not asked again. */
function sentBody(request: LlmRequest, client: LlmClient, question: PromptQuestion | null): string {
  return JSON.stringify(question ?? ('pieces' in request ? request : client.bodyOf(request)))
}
