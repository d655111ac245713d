/** What one person said of a feature, as a report shows it. */
export interface ReportRating {
  readonly session: string
  readonly rubric: string
  readonly rater: string
  /** `repeat`: the same item once more; `check`: with the explanation of another feature. */
  readonly role: string
  readonly standing: string
  /** The feature whose explanation was shown, where it is another one. */
  readonly explanationOf: number | null
  /** Answers in words, by the names of the rubric's fields. */
  readonly texts: readonly (readonly [name: string, text: string])[]
  /** Scores and totals, for each group or example that was rated. */
  readonly scores: readonly {
    readonly name: string
    readonly part: string | null
    readonly value: number | null
    readonly most: number
  }[]
  readonly comment: string | null
  readonly skippedBecause: string | null
  readonly flagged: boolean
}

/** A statistic with its 95 % interval; null where it is not defined. */
export interface ReportEstimate {
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
}

/** A session's statistics, as `gloss ratings --json` has them. */
export interface ReportSession {
  readonly session: string
  readonly rubric: string
  readonly items: number
  readonly raters: readonly {
    readonly rater: string
    readonly items: number
    readonly submitted: number
    readonly checks: { readonly failed: number; readonly shown: number }
  }[]
  /** Krippendorff's α of every score and total, and the intraclass correlations of totals. */
  readonly agreement: readonly {
    readonly name: string
    readonly metric: string
    readonly alpha: ReportEstimate
    readonly units: number
    readonly icc: {
      readonly single: ReportEstimate
      readonly average: ReportEstimate
      readonly k: number
      readonly items: number
    } | null
  }[]
  /** Mean ratings against automatic scores of the same explanations. */
  readonly automatic: readonly {
    readonly measure: string
    readonly scorer: string
    readonly protocol: string
    readonly tier: string
    readonly spearman: ReportEstimate
    readonly kendall: ReportEstimate
    readonly n: number
  }[]
}
