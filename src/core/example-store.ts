import type { Example, FeatureState } from './records.ts'

/** An example with its id. */
export interface StoredExample extends Example {
  readonly id: number
}

/** A nominal token of a top window. */
export interface TopToken {
  readonly feature: number
  readonly token: number
  readonly document: number
}

/** What sampling says of a feature (see `FeatureSample`). */
export interface SampleRecord {
  readonly feature: number
  readonly state: FeatureState
  readonly singleToken: boolean | null
  readonly examples: readonly Example[]
  /** Share of the corpus' windows in which the feature fires, where it was counted. */
  readonly firingShare?: number
}

/** The part of the store for examples. */
export interface ExampleStore {
  /** Features of a set that have been sampled for a protocol, also those that got no examples. */
  sampledFeatures(setId: string, protocol: string): Set<number>
  /** Hashes of the protocol files by which a set was sampled for a protocol of this name. */
  protocolHashes(setId: string, protocol: string): string[]
  /** Features that have examples of a protocol. */
  featuresWith(setId: string, protocol: string): Set<number>
  /** Lets every feature's state be what it is for one of the protocols that it was sampled for. */
  settleStates(setId: string, protocol: string): void
  /** Stores a feature's examples, and on the feature what sampling said of it. */
  putSample(setId: string, protocol: string, provenanceId: string, sample: SampleRecord): void
  /** What {@link putSample} was told of the share of windows in which a feature fires; null where nothing. */
  firingShare(setId: string, featureId: number, protocol: string): number | null
  /** The nominal tokens of the explain side's top windows, strongest first, feature by feature. */
  topTokens(setId: string, protocol: string): TopToken[]
  /** In the order in which they were put. */
  of(setId: string, featureId: number, protocol: string): StoredExample[]
}
