import type { FeatureState } from './records.ts'

/** A rating session as stored; `review/session.ts` and `review/rubric.ts` read its texts. */
export interface RatingSessionRecord {
  readonly name: string
  /** The rubric's file. */
  readonly rubric: string
  /** JSON. */
  readonly manifest: string
  readonly hash: string
  readonly created: string
}

/** A row of the log of ratings; `review/event.ts` reads its payload. */
export interface RatingEventRecord {
  readonly id: string
  readonly session: string
  readonly rater: string
  readonly item: string
  readonly kind: string
  /** JSON. */
  readonly payload: string
  readonly created: string
}

/** All ratings of a copy of a study. */
export interface RatingsCopy {
  readonly sessions: readonly RatingSessionRecord[]
  readonly events: readonly RatingEventRecord[]
}

/** The part of the store for ratings. Nothing in it is ever changed or removed. */
export interface RatingStore {
  /** Names of sessions, in alphabetical order. */
  sessionNames(): string[]
  session(name: string): RatingSessionRecord | null
  putSession(record: RatingSessionRecord): void
  /** Names of those who rated in a session. */
  raters(session: string): string[]
  /** The events of one rater in a session. */
  events(session: string, rater: string): RatingEventRecord[]
  /** Adds events that are not there yet; returns how many were not. */
  append(events: readonly RatingEventRecord[]): number
}

/** A feature as a list of all shows it: what can be sorted and filtered by. */
export interface BrowseRow {
  readonly feature: number
  readonly density: number
  readonly max: number
  readonly state: FeatureState
  readonly tokenShare: number | null
  /** The simulation score of the explanation last worked with, and its gain over the shuffled control. */
  readonly score: number | null
  readonly gain: number | null
}

/** What decides which score a {@link BrowseRow} shows. */
export interface BrowseChoice {
  readonly setId: string
  readonly explainer: string
  readonly llm: string | null
  /** Of the examples. */
  readonly protocol: string
  /** The name that scores go under: the protocol's, or with a precision behind it. */
  readonly scoring: string
  /** Null: any. */
  readonly tier: string | null
}

/** The part of the store that a list of all features reads: fast, and in pieces. */
export interface BrowseStore {
  rows(choice: BrowseChoice): BrowseRow[]
  /** Texts of explanations of features from `first` on, at most `count` features. */
  explanations(choice: BrowseChoice, first: number, count: number): Map<number, string>
  /** Nominal tokens of the top windows of features from `first` on, at most `count` features. */
  topTokens(choice: BrowseChoice, first: number, count: number): Map<number, number[]>
}
