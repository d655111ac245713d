import { Dominance } from '../core/dominance.ts'
import { normalTail } from './normal-tail.ts'

/** A rank test of two samples. */
export interface RankTest {
  /** Pairs in which x is larger, ties counted half. */
  readonly u: number
  readonly p: number
}

/**
 * The Mann–Whitney U test, two-sided, by the normal approximation with corrections for ties and continuity, as
 * `scipy.stats.mannwhitneyu(x, y, method='asymptotic')`. Null where a sample is empty or all values are equal.
 */
export function mannWhitney(x: readonly number[], y: readonly number[]): RankTest | null {
  const dominance = new Dominance(x, y)
  const { balance } = dominance.count()
  const pairs = x.length * y.length
  const all = x.length + y.length
  const tied = dominance.ties().reduce((sum, size) => sum + size * (size * size - 1), 0)
  const variance = (pairs / 12) * (all + 1 - tied / (all * (all - 1)))
  if (!(variance > 0)) return null
  const distance = Math.max(0, Math.abs(balance) / 2 - 0.5)
  return { u: (pairs + balance) / 2, p: Math.min(1, 2 * normalTail(distance / Math.sqrt(variance))) }
}
