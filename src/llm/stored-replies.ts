import type { Answer, ChatEvent, ChatModel, Forecast, LlmRequest, Spending } from '../core/chat-model.ts'
import type { Store } from '../core/store.ts'
import { Journal, type StoredAnswer } from './journal.ts'

/** An LLM that answers from stored replies alone: nothing is sent, and what has no reply counts as failed. */
export class StoredReplies implements ChatModel {
  readonly group: string
  readonly model: string
  readonly mostInFlight = 1
  readonly #journal: Journal

  constructor(store: Pick<Store, 'requests' | 'ledger' | 'transaction'>, group: string, model: string) {
    this.group = group
    this.model = model
    this.#journal = new Journal(store, group, model, () => new Date(0))
  }

  ask(request: LlmRequest): Promise<Answer> {
    const { hash, stored } = this.#journal.newest(request)
    return Promise.resolve(stored ?? { kind: 'failed', hash, reason: 'no reply is stored' })
  }

  answered(request: LlmRequest): StoredAnswer | null {
    return this.#journal.newest(request).stored
  }

  forecast(): Forecast {
    return { promptTokens: 0, completionTokens: 0, usd: 0 }
  }

  expectedSeconds(): number {
    return 0
  }

  spending(): Spending {
    const none = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, usd: 0 }
    return { requests: 0, fromCache: 0, failed: 0, retries: 0, ...none, inFlight: 0, window: 0 }
  }

  takeEvents(): ChatEvent[] {
    return []
  }
}
