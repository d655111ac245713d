import { quantile } from './bootstrap.ts'

/** The middle of some numbers and of their halves. */
export interface Quartiles {
  readonly median: number
  readonly q1: number
  readonly q3: number
  readonly n: number
}

/** Median and quartiles, interpolated linearly; null for no numbers. */
export function quartiles(values: readonly number[]): Quartiles | null {
  if (values.length === 0) return null
  const sorted = Float64Array.from(values).toSorted()
  return {
    q1: quantile(sorted, 0.25),
    median: quantile(sorted, 0.5),
    q3: quantile(sorted, 0.75),
    n: sorted.length,
  }
}

/** The median, or null for no numbers. */
export function median(values: readonly number[]): number | null {
  return quartiles(values)?.median ?? null
}
