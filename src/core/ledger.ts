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
