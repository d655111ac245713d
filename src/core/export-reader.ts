/** An event of a rating session as stored; `payload` is JSON as it was written. */
export interface RatingEventRow {
  readonly id: string
  readonly session: string
  readonly rater: string
  readonly item: string
  readonly kind: string
  readonly payload: string | null
  readonly created: string
}

/**
 * The part of the store that goes through whole tables row by row, so that memory does not grow with them. The types of
 * rows are the store's.
 */
export interface ExportReader<FeatureRow, ExplanationRow> {
  /** Features of a set in the order of their ids. */
  features(setId: string): Iterable<FeatureRow>
  /** Explanations of a set in the order of features, then ids. */
  explanations(setId: string): Iterable<ExplanationRow>
  /** Names of the protocols that a set has examples of, in order. */
  exampleProtocols(setId: string): string[]
  /** What the request of an explanation cost in US dollars; null where its price is not known. */
  explainingCosts(): ReadonlyMap<string, number | null>
  /** Every rating event in the order of their ids; none in a study without ratings. */
  ratings(): Iterable<RatingEventRow>
  /** Lets all reading see one state of the study, until the function that it returns is called. */
  holdSnapshot(): () => void
}
