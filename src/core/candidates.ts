/**
 * One of several texts that an explainer made of a feature, with how well it predicts the choose examples. That is no
 * score: what was chosen by it would look better than it is.
 */
export interface CandidateRecord {
  readonly explanationId: string
  /** In the order of the plan, from 0. */
  readonly place: number
  /** The place of the candidate that it is a revision of. */
  readonly revises: number | null
  readonly text: string | null
  readonly problem: 'callFailed' | 'unreadable' | null
  readonly requestHash: string
  readonly chosen: boolean
  /** Spearman's correlation on the choose examples, those left out that a revision was made in view of. */
  readonly value: number | null
  readonly undefined: string | null
  /** Tokens that count. */
  readonly n: number
  readonly failedCalls: number
  readonly unreadableCalls: number
  /** The requests that it was simulated with. */
  readonly simulations: readonly string[]
  /** Of the simulation; null where there was none. */
  readonly provenanceId: string | null
}

/** The part of the store for explanations among which one was chosen. */
export interface CandidateTable {
  all(setId: string): CandidateRecord[]
  /** In the order of their places. */
  of(explanationId: string): CandidateRecord[]
  /** Replaces those of an explanation. */
  put(explanationId: string, candidates: readonly CandidateRecord[]): void
}
