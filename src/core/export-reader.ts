import type { RatingEventRecord } from './ratings.ts'

/** What rows about a feature say of it. */
export interface ExplainedFeature {
  readonly id: number
  readonly density: number
  readonly max: number
  readonly tokenShare: number | null
  readonly singleToken: boolean | null
}

/** An explanation with the feature that it is about. */
export interface ExplainedRow<ExplanationRow> {
  readonly feature: ExplainedFeature
  readonly explanation: ExplanationRow
  /** What the request that explained cost in US dollars: 0 where none was sent, null where its price is not known. */
  readonly usd: number | null
  /** How many scores the explanation has. */
  readonly scores: number
}

/** A score with its controls, in no particular order. */
export interface ControlledScore<ScoreRow, ControlRow> {
  readonly score: ScoreRow
  readonly controls: readonly ControlRow[]
}

/** Scores that were made and ended in the same way, counted. */
export interface ScoreCount {
  readonly explainer: string
  readonly llm: string | null
  readonly scorer: string
  readonly protocol: string
  readonly tier: string
  /** Why they have no value; null where they have one. */
  readonly undefined: string | null
  /** What made them. */
  readonly provenanceId: string
  readonly count: number
}

/**
 * The part of the store that goes through whole tables row by row, so that memory does not grow with them. The types of
 * rows are the store's.
 */
export interface ExportReader<FeatureRow, ExplanationRow, ScoreRow, ControlRow> {
  /** Features of a set in the order of their ids. */
  features(setId: string): Iterable<FeatureRow>
  /** How many features of a set are in which state. */
  states(setId: string): ReadonlyMap<string, number>
  /** Explanations of a set in the order of features, then ids. */
  explanations(setId: string): Iterable<ExplainedRow<ExplanationRow>>
  /** The scores of an explanation in the order of scorers, then ids. */
  scores(explanationId: string): ControlledScore<ScoreRow, ControlRow>[]
  /** All scores of a set, counted; in no particular order. */
  scoreCounts(setId: string): ScoreCount[]
  /** What made a set's explanations. */
  explanationProvenances(setId: string): string[]
  /** The numbers of a set's features in order, and of those among them that have an explanation. */
  featureNumbers(setId: string): { readonly all: readonly number[]; readonly explained: ReadonlySet<number> }
  /** Names of the protocols that a set has examples of, in order. */
  exampleProtocols(setId: string): string[]
  /** Every rating event in the order of their ids. */
  ratings(): Iterable<RatingEventRecord>
  /** Lets all reading see one state of the study, until the function that it returns is called. */
  holdSnapshot(): () => void
}
