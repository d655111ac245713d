import type { ScoreResult, UndefinedReason } from '../core/scores.ts'
import type { Interval } from './bootstrap.ts'

/** A score without a value. */
export function unscored(reason: UndefinedReason, n = 0): ScoreResult {
  return { value: null, low: null, high: null, n, undefined: reason, flag: null }
}

/** A correlation as a score; one that is null only because predictions are constant counts as 0, and says so. */
export function scoreResult(correlation: number | null, n: number, interval?: Interval): ScoreResult {
  return {
    value: correlation ?? 0,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
    n,
    undefined: null,
    flag: correlation === null ? 'constantPrediction' : null,
  }
}
