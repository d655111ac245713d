import type { LevelledWindow } from './prompt-file.ts'

/** A window with what is true of it and what was predicted. */
export interface PredictedWindow {
  readonly truth: LevelledWindow
  readonly predicted: LevelledWindow
}

/** Windows that an explanation predicts worst, and their places in the list they were taken from. */
export interface Counterexamples {
  /** Most of all, more was predicted than is there. */
  readonly falsePositives: readonly PredictedWindow[]
  /** Most of all, less was predicted than is there. */
  readonly falseNegatives: readonly PredictedWindow[]
  /** Ascending. */
  readonly places: readonly number[]
}

interface Error {
  readonly place: number
  readonly window: PredictedWindow
  /** How much too high the worst token is, and too low. */
  readonly above: number
  readonly below: number
}

/**
 * Windows with a token that is off by at least `wrongBy` levels: each is a false positive or a false negative by its
 * worst token (a tie makes it a false negative), the worst first, ties by place, at most `most` of each kind.
 *
 * @param windows null where nothing was predicted
 */
export function counterexamplesOf(
  windows: readonly (PredictedWindow | null)[],
  wrongBy: number,
  most: number,
): Counterexamples {
  const errors = windows.flatMap((window, place): Error[] => {
    if (window === null) return []
    const differences = window.truth.map(([, level], index) => window.predicted[index]![1] - level)
    const above = Math.max(0, ...differences)
    const below = Math.max(0, ...differences.map((difference) => -difference))
    return Math.max(above, below) >= wrongBy ? [{ place, window, above, below }] : []
  })
  const worst = (some: readonly Error[], by: 'above' | 'below'): Error[] =>
    some.toSorted((a, b) => b[by] - a[by] || a.place - b.place).slice(0, most)
  const positives = worst(
    errors.filter(({ above, below }) => above > below),
    'above',
  )
  const negatives = worst(
    errors.filter(({ above, below }) => above <= below),
    'below',
  )
  return {
    falsePositives: positives.map(({ window }) => window),
    falseNegatives: negatives.map(({ window }) => window),
    places: [...positives, ...negatives].map(({ place }) => place).toSorted((a, b) => a - b),
  }
}
