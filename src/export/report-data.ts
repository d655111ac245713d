import type { ReportRating, ReportSession } from './report-ratings.ts'

/** What a report shows, as the page finds it in its packed blocks. Texts hold visible marks where something is invisible. */
export interface ReportOverview {
  readonly study: ReportStudy
  readonly table: ReportTable
  /** What people said, session by session; absent where nobody said anything. */
  readonly sessions?: readonly ReportSession[]
}

/** The study in numbers; names as in `gloss status --json`. */
export interface ReportStudy {
  readonly version: string
  readonly set: string
  readonly kind: string
  readonly hook: string
  readonly model: string | null
  readonly explainer: string | null
  readonly llm: string | null
  readonly tier: string | null
  readonly features: number
  readonly scored: number
  readonly undefined: number
  readonly failed: number
  readonly dead: number
  readonly tooRare: number
  readonly pending: number
  readonly score: {
    readonly protocol: string
    readonly median: number
    readonly q1: number
    readonly q3: number
    readonly n: number
    readonly medianMissingAsZero: number
  } | null
  /** Medians of the controls' scores, and of the gains over them. */
  readonly controls: Readonly<Record<string, number | null>>
  readonly gain: Readonly<Record<string, number | null>>
  readonly singleTokenShare: number | null
  readonly aboveBaseline: number | null
  /** Null for sets that other tools trained. */
  readonly training: {
    readonly l0: number
    readonly fvu: number
    readonly deadShare: number
    readonly crossEntropyRecovered: number
  } | null
  readonly cost: { readonly usd: number | null; readonly requests: number }
  /** Eligible tokens of the collection: what densities are shares of. */
  readonly eligible: number | null
}

/** All features, column by column. Scored features come first, best first. */
export interface ReportTable {
  readonly feature: readonly number[]
  readonly standing: readonly string[]
  readonly density: readonly number[]
  readonly max: readonly number[]
  readonly firings: readonly number[]
  readonly topTokens: readonly string[]
  readonly register: readonly (string | null)[]
  readonly explanation: readonly string[]
  readonly score: readonly (number | null)[]
  readonly low: readonly (number | null)[]
  readonly high: readonly (number | null)[]
  readonly shuffled: readonly (number | null)[]
  readonly aboveBaseline: readonly (boolean | null)[]
}

/** What one feature's page shows beside its row of the table. */
export interface ReportFeature {
  readonly feature: number
  readonly tokenShare: number | null
  readonly singleToken: boolean | null
  /** Counts of activations in bins of equal width over (0, max]. */
  readonly histogram: readonly number[]
  readonly logits: { readonly top: readonly ReportEffect[]; readonly bottom: readonly ReportEffect[] } | null
  readonly explanations: readonly ReportExplanation[]
  /** The strongest examples that explanations are made from. */
  readonly examples: readonly ReportExample[]
  /** Examples of every slice that the score is computed on, with what was predicted for them. */
  readonly simulated: readonly ReportExample[]
  /** What people said of it; absent where nobody said anything. */
  readonly ratings?: readonly ReportRating[]
  /** What a level is a share of, and the highest level. */
  readonly scale: { readonly max: number; readonly levels: number }
}

/** A token with what the feature adds to its logit. */
export type ReportEffect = readonly [token: string, value: number]

/** An explanation with its scores. */
export interface ReportExplanation {
  readonly text: string
  readonly explainer: string
  readonly llm: string | null
  readonly scores: readonly {
    readonly scorer: string
    readonly protocol: string
    readonly tier: string
    readonly value: number | null
    readonly low: number | null
    readonly high: number | null
    readonly n: number
    readonly undefined: string | null
    /** Name, score and gain of every control. */
    readonly controls: readonly (readonly [name: string, value: number | null, gain: number | null])[]
  }[]
}

/** An activation record, activations to three significant digits. */
export interface ReportExample {
  readonly slice: string
  readonly document: string
  readonly nominal: number
  readonly tokens: readonly string[]
  readonly activations: readonly number[]
  /** Predicted levels; null where no answer could be read, absent where there is no simulation. */
  readonly predicted?: readonly number[] | null
}

/** A chart of the report. `svg` takes its colours from the page it stands in. */
export interface ReportChart {
  /** Its file name without ending. */
  readonly name: string
  readonly title: string
  /** What it says, for those who do not see it too. */
  readonly caption: string
  readonly svg: string
}
