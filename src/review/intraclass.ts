/** Intraclass correlations of one rating, and of the mean of all `k` raters. */
export interface IntraclassCorrelation {
  readonly single: number
  readonly average: number
  readonly k: number
  readonly n: number
}

/**
 * ICC(2,1) and ICC(2,k): two-way random effects, absolute agreement (Shrout and Fleiss 1979).
 *
 * @param rows one for each unit, every rater's value in the same order; no value may be missing
 * @returns null with fewer than two units or raters, or without variance
 */
export function intraclassCorrelation(rows: readonly (readonly number[])[]): IntraclassCorrelation | null {
  const n = rows.length
  const k = rows[0]?.length ?? 0
  if (n < 2 || k < 2) return null
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const grand = mean(rows.map(mean))
  const raters = Array.from({ length: k }, (_, rater) => mean(rows.map((row) => row[rater]!)))
  const squares = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + (value - grand) ** 2, 0)
  const total = squares(rows.flat())
  const betweenUnits = k * squares(rows.map(mean))
  const betweenRaters = n * squares(raters)
  const unitMean = betweenUnits / (n - 1)
  const raterMean = betweenRaters / (k - 1)
  const errorMean = Math.max(0, total - betweenUnits - betweenRaters) / ((n - 1) * (k - 1))
  const single = unitMean + (k - 1) * errorMean + (k * (raterMean - errorMean)) / n
  const average = unitMean + (raterMean - errorMean) / n
  if (!(total > 0) || !(single > 0) || !(average > 0)) return null
  return { single: (unitMean - errorMean) / single, average: (unitMean - errorMean) / average, k, n }
}
