import type { Capabilities, EndpointLimits } from './capabilities.ts'
import type { TokenUsage } from './chat-model.ts'

/** A line of the ledger: a request that was sent and may have been billed. */
export interface SpendingRecord {
  readonly requestHash: string
  readonly stage: string
  /** Base URL that served. */
  readonly endpoint: string
  readonly model: string
  readonly state: 'reserved' | 'lost' | 'spent'
  readonly usd: number | null
  readonly priceId: string | null
  readonly usage: TokenUsage | null
}

/** The ledger of one stage and model. Sums leave out what endpoints did not report; `unknownUsage` counts those. */
export interface LedgerLine {
  readonly stage: string
  readonly model: string
  readonly requests: number
  /** Sent, without a reply; counted at the worst case. */
  readonly lost: number
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly completionTokens: number
  readonly reasoningTokens: number
  readonly unknownUsage: number
  /** Null where a price is not known. */
  readonly usd: number | null
  readonly priceIds: readonly string[]
}

/** What is known of an endpoint. */
export interface EndpointRecord {
  readonly baseUrl: string
  readonly model: string
  readonly server: string | null
  readonly capabilities: Capabilities | null
  readonly limits: EndpointLimits | null
}

/** A reply with what it used, to calibrate forecasts by. */
export interface ReplySample {
  readonly body: string
  readonly response: string
  readonly usage: TokenUsage
}

/** Requests that are sent together and answered within a day. */
export interface BatchRecord {
  /** The hash of the requests' hashes. */
  readonly shard: string
  /** Base URL that serves. */
  readonly endpoint: string
  readonly model: string
  /** How far it is known to have come. */
  readonly state: 'planned' | 'uploaded' | 'submitted' | 'done'
  /** The provider's name for the file of requests; null before it is uploaded. */
  readonly fileId: string | null
  /** The provider's name for the batch; null before it is submitted. */
  readonly batchId: string | null
  readonly requests: number
}

/** A request of a batch that has not ended. */
export interface BatchRequest {
  readonly hash: string
  /** Its line in the ledger; null where none was needed. */
  readonly line: number | null
  /** The most that it can cost in US dollars; null where the price is not known. */
  readonly worst: number | null
}
