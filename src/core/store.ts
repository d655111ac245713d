import type { CandidateTable } from './candidates.ts'
import type { TokenUsage } from './chat-model.ts'
import type {
  BatchRecord,
  BatchRequest,
  EndpointRecord,
  LedgerLine,
  ReplySample,
  SpendingRecord,
} from './ledger.ts'
import type { ExampleStore } from './example-store.ts'
import type { ExportReader } from './export-reader.ts'
import type { FeatureState } from './records.ts'
import type { BrowseStore, RatingStore } from './ratings.ts'
import type { ControlResult, ScoreResult, Tier } from './scores.ts'
import type { DocumentLabel } from './token-corpus.ts'
import type { TokenCounts } from './token-counts.ts'

export type { SampleRecord, StoredExample, TopToken } from './example-store.ts'

/** Everything that decides a row's content; what does not apply is null. `endpoint`: the name that replies go by. */
export interface Provenance {
  readonly version: string
  readonly seed: number | null
  readonly model: string | null
  readonly weightsHash: string | null
  readonly tokenizerHash: string | null
  readonly corpusHash: string | null
  readonly setId: string | null
  readonly setHash: string | null
  readonly protocol: string | null
  readonly protocolHash: string | null
  readonly prompt: string | null
  readonly promptHash: string | null
  readonly llm: string | null
  readonly endpoint?: string | null
}

/**
 * What a study remembers of the last command that worked on it; `prompt` is the hash of the prompt behind its
 * scores. Under `isolate:…` stand the blocks of features that share calls.
 */
export type StudySetting =
  | 'set'
  | 'protocol'
  | 'scoring'
  | 'explainer'
  | 'llm'
  | 'method'
  | 'tier'
  | 'seed'
  | 'prompt'
  | `isolate:${string}`

/** How far a verb has come, for people; resuming never relies on it. */
export interface StageRecord {
  readonly name: string
  readonly state: 'running' | 'stopped' | 'done'
  readonly done: number
  readonly total: number
  readonly seconds: number
}

/** Measured on contexts that training never saw. Cross entropies are in nats a token. */
export interface FeatureSetMetrics {
  readonly l0: number
  readonly fvu: number
  /** Share of features that were silent throughout the end of training; where there was none, on these contexts. */
  readonly deadShare: number
  readonly crossEntropy: number
  readonly crossEntropyReconstructed: number
  readonly crossEntropyZeroed: number
  /** (zeroed − reconstructed) / (zeroed − original). */
  readonly crossEntropyRecovered: number
  readonly tokens: number
}

/** A feature set: what gets explained. */
export interface FeatureSetRecord {
  readonly id: string
  readonly kind: 'sae' | 'neurons' | 'random' | 'imported'
  readonly hook: string
  readonly architecture: string
  readonly features: number
  readonly dIn: number
  /** Relative to the workspace. */
  readonly folder: string
  /** Null for a set that was imported: nothing was measured here. */
  readonly metrics: FeatureSetMetrics | null
  readonly provenanceId: string
  /** The seed by which the model's weights were shuffled first; null for the model as it is. */
  readonly shuffledSeed: number | null
}

/** One pass of a corpus through model and feature set. Densities are shares of the `eligible` tokens. */
export interface CollectionRecord {
  readonly setId: string
  readonly corpusHash: string
  readonly tokenizerHash: string
  readonly tokens: number
  readonly eligible: number
  readonly documents: number
  readonly contexts: number
  readonly contextLength: number
  readonly entries: number
  readonly bytes: number
  readonly provenanceId: string
}

/** Tokens with the largest and smallest logit effect, strongest first: [token id, effect]. */
export interface LogitEffects {
  readonly top: readonly (readonly [token: number, value: number])[]
  readonly bottom: readonly (readonly [token: number, value: number])[]
}

/** A feature's statistics over its collection. `histogram` counts activations in bins of equal width over (0, max]. */
export interface FeatureRecord {
  readonly id: number
  readonly density: number
  readonly max: number
  readonly firings: number
  readonly state: FeatureState
  readonly tokenShare: number | null
  readonly singleToken: boolean | null
  readonly histogram: readonly number[]
  readonly logits: LogitEffects | null
}

/** A request to an LLM with what came of it. */
export interface RequestRecord {
  readonly hash: string
  readonly endpoint: string
  readonly model: string
  readonly body: string
  /** The body of the reply, or null while there is none. */
  readonly response: string | null
  readonly status: number | null
  readonly error: string | null
  readonly usage: TokenUsage | null
  readonly latencyMs: number | null
  readonly attempts: number
  /** The verb that asked. */
  readonly stage: string
  /** The server's own name for it. */
  readonly requestId: string | null
  /** How often it was asked again because a reply could not be read. */
  readonly attempt: number
}

/** A text about one feature from one explainer, or the reason why there is none. */
export interface ExplanationRecord {
  readonly id: string
  readonly setId: string
  readonly featureId: number
  readonly explainer: string
  readonly llm: string | null
  readonly text: string | null
  readonly problem: 'callFailed' | 'unreadable' | null
  readonly requestHash: string | null
  readonly provenanceId: string
}

/** A score with everything that a reader needs to judge it. */
export interface ScoreRecord extends ScoreResult {
  readonly id: string
  readonly explanationId: string
  readonly scorer: string
  readonly protocol: string
  readonly tier: Tier
  readonly ceiling: number | null
  /** Mean probability on digits, where predictions were read from log-probabilities. */
  readonly digitMass: number | null
  readonly coverage: Readonly<Record<string, readonly [answered: number, drawn: number]>>
  readonly failedCalls: number
  readonly failedControlCalls: number
  /** Replies in which an answer was missing, those of the control too. */
  readonly unreadableCalls: number
  readonly provenanceId: string
}

/** A control beside a score. */
export interface ControlRecord extends ControlResult {
  readonly scoreId: string
  /** Shuffled: the feature whose explanation was used. */
  readonly partner: number | null
}

/** A document as stored: its label and its length. */
export interface DocumentRecord extends DocumentLabel {
  readonly tokens: number
}

/**
 * The study's database, table by table. All methods are synchronous; {@link transaction} makes several writes one.
 * Putting a row that exists replaces it.
 */
export interface Store {
  readonly study: {
    /** What was last worked with; null before anything was. */
    get(name: StudySetting): string | null
    put(name: StudySetting, value: string): void
  }
  readonly provenance: {
    /** Stores a provenance and returns its id, the hash of its content. */
    put(provenance: Provenance): string
    /** @throws {StoreError} `row-malformed` where there is none */
    get(id: string): Provenance
  }
  readonly stages: {
    all(): StageRecord[]
    put(stage: StageRecord): void
  }
  readonly vocabulary: {
    /** The bytes of every token id, in order; empty where none were put. */
    get(tokenizerHash: string): Uint8Array[]
    put(tokenizerHash: string, bytes: readonly Uint8Array[]): void
  }
  readonly documents: {
    all(corpusHash: string): DocumentRecord[]
    put(corpusHash: string, documents: readonly DocumentRecord[]): void
  }
  readonly featureSets: {
    get(id: string): FeatureSetRecord | null
    /** In the order of their ids. */
    all(): FeatureSetRecord[]
    put(record: FeatureSetRecord): void
  }
  readonly collections: {
    get(setId: string): CollectionRecord | null
    put(record: CollectionRecord): void
  }
  readonly tokenCounts: TokenCounts
  readonly features: {
    all(setId: string): FeatureRecord[]
    get(setId: string, id: number): FeatureRecord | null
    put(setId: string, features: Iterable<FeatureRecord>): void
  }
  readonly examples: ExampleStore
  readonly requests: {
    get(hash: string): RequestRecord | null
    put(record: RequestRecord, created: Date): void
    /** Requests without a reply. */
    unanswered(): number
    /** Replies to a model whose usage is known, by hash. */
    samples(model: string, count: number): ReplySample[]
  }
  readonly ledger: {
    /** Adds a line and returns its number. */
    add(line: SpendingRecord, created: Date): number
    /** Replaces a line. */
    settle(id: number, line: SpendingRecord): void
    /** Removes a line: its request was not billed. */
    release(id: number): void
    /** Lines that a process left open when it ended become lost, but for those of batches. Returns how many. */
    closeOpen(): number
    /** US dollars in all, open lines included. */
    spent(): number
    lines(): LedgerLine[]
  }
  readonly batches: {
    get(shard: string): BatchRecord | null
    /** Those that are not done, oldest first. */
    unfinished(endpoint: string, model: string): BatchRecord[]
    put(record: BatchRecord, created: Date): void
    /** The requests of a batch that have not ended. */
    waiting(shard: string): BatchRequest[]
    add(shard: string, request: BatchRequest): void
    /** A request has ended. */
    remove(shard: string, hash: string): void
  }
  readonly endpoints: {
    get(baseUrl: string, model: string): EndpointRecord | null
    /** Members that are null keep what is stored. */
    put(record: EndpointRecord, updated: Date): void
  }
  readonly explanations: {
    all(setId: string): ExplanationRecord[]
    of(setId: string, featureId: number): ExplanationRecord[]
    /** Another text in the place of one takes its scores away. */
    put(record: ExplanationRecord, created: Date): void
  }
  readonly candidates: CandidateTable
  readonly scores: {
    /** All scores of a set's explanations, for all scorers whose name starts with `scorer`. */
    all(setId: string, scorer: string): ScoreRecord[]
    of(explanationId: string): ScoreRecord[]
    /** The controls of all scores of a set with exactly this scorer. */
    controls(setId: string, scorer: string): ControlRecord[]
    controlsOf(scoreId: string): ControlRecord[]
    put(scores: readonly ScoreRecord[], controls: readonly ControlRecord[]): void
  }
  readonly ratings: RatingStore
  readonly browse: BrowseStore
  /** Whole tables, row by row. */
  readonly exports: ExportReader<FeatureRecord, ExplanationRecord, ScoreRecord, ControlRecord>
  /** What is wrong with the database, one line each; empty where it is sound. */
  integrity(): string[]
  transaction<T>(work: () => T): T
  close(): void
}
