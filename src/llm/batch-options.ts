import type { Store } from '../core/store.ts'
import type { Destination } from './journal.ts'
import type { OpenAiClient } from './openai-client.ts'
import type { PriceList } from './prices.ts'

/** What a gate for batches works with. */
export interface BatchGateOptions {
  readonly group: string
  readonly model: string
  readonly client: OpenAiClient
  /** What requests outside of batches cost. */
  readonly prices: PriceList
  readonly store: Pick<Store, 'requests' | 'ledger' | 'batches' | 'transaction'>
  /** The most that the study may cost in all, in US dollars; null for no limit. */
  readonly maxCost: number | null
  /** Aborted when nothing more is to be sent or waited for. */
  readonly signal: AbortSignal
  readonly now: () => Date
  /** Between two looks at a batch. */
  readonly pollMs?: number
  /** A batch is sent when nothing new was asked for so long. */
  readonly quietMs?: number
  readonly mostRequests?: number
  readonly mostBytes?: number
}

/** Bounds of batches, where nothing else is given. */
export const BATCHES = {
  /** The provider takes 50,000; fewer bound the memory, and what a failure costs. */
  mostRequests: 5000,
  /** What the provider takes. */
  mostBytes: 200e6,
  /** How often a request that failed is sent in another batch. */
  mostResubmissions: 3,
  /** Between two looks at a batch. */
  pollMs: 30_000,
  /** A batch is sent when nothing new was asked for so long. */
  quietMs: 300,
} as const

/** Where a batch is sent. */
export interface BatchDestination extends Destination {
  readonly client: OpenAiClient
}
