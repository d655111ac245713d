/** What charts are drawn from. */
export interface ChartNumbers {
  /** Scores by what was scored: the features, other feature sets, the features under a control. */
  readonly scores: readonly ScoreSeries[]
  /** Densities of all features that fire. */
  readonly densities: readonly number[]
  /** Density and score of every scored feature. */
  readonly points: readonly (readonly [density: number, score: number])[]
  /** Cross entropies in nats a token. */
  readonly loss: {
    readonly original: number
    readonly reconstructed: number
    readonly zeroed: number
    readonly recovered: number
    readonly tokens: number
  } | null
  /** What LLMs were asked, by stage and model; `usd` null where the price is not known. */
  readonly cost: readonly {
    readonly stage: string
    readonly model: string
    readonly usd: number | null
    readonly promptTokens: number
    readonly completionTokens: number
  }[]
}

/** Scores under one name. */
export interface ScoreSeries {
  readonly name: string
  readonly values: readonly number[]
}

/** A bin of a histogram, `from` included. */
export interface Bin {
  readonly from: number
  readonly to: number
  readonly count: number
  /** Of all values. */
  readonly share: number
}

/** Counts of values in bins of equal width that cover [from, to]; what lies outside counts in the outermost ones. */
export function binsOf(values: readonly number[], from: number, to: number, bins: number): Bin[] {
  const counts = new Uint32Array(bins)
  for (const value of values) counts[binOf(value, from, to, bins)]!++
  return Array.from(counts, (count, bin) => ({
    from: from + ((to - from) * bin) / bins,
    to: from + ((to - from) * (bin + 1)) / bins,
    count,
    share: values.length === 0 ? 0 : count / values.length,
  }))
}

/** The bin of a value, see {@link binsOf}. */
export function binOf(value: number, from: number, to: number, bins: number): number {
  // Products of tenths may fall just short of a border.
  return Math.min(bins - 1, Math.max(0, Math.floor(((value - from) / (to - from)) * bins + 1e-9)))
}

/** The middle of some numbers, NaN for none. */
export function middleOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).toSorted()
  const half = (sorted.length - 1) / 2
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2
}
