import { Random } from '../../core/random.ts'
import { type Interval, percentileInterval } from '../bootstrap.ts'
import { PLAUSIBILITIES, type Plausibility } from './puzzle.ts'

/** What a scorer made of one puzzle; null where an explanation got no score. */
export interface PuzzleScores {
  readonly name: string
  readonly rule: string
  readonly scores: Readonly<Record<Plausibility, number | null>>
}

/** A share with its interval over rules. */
export interface Share extends Interval {
  readonly value: number
}

/** How a scorer ranks explanations. */
export interface Ranking {
  /** How often the true explanation has the highest score; m that share it have 1/m each. Chance: 1/5. */
  readonly wins: Share
  /** How often it scores higher than a false one, ties ½. Chance: ½. */
  readonly auc: Share
  /** The same against false explanations of one plausibility. */
  readonly aucBy: Readonly<Record<Exclude<Plausibility, 'true'>, number>>
  /** Puzzles ranked, and those in which an explanation has no score. */
  readonly ranked: number
  readonly unranked: number
}

const RESAMPLES = 1000
const FALSE = PLAUSIBILITIES.filter((one) => one !== 'true')

/**
 * Ranks a scorer by its puzzles. Puzzles of one rule succeed or fail together, so intervals come from a bootstrap of
 * rules.
 *
 * @returns null where no puzzle has all of its scores
 */
export function rankPuzzles(all: readonly PuzzleScores[], seed: number): Ranking | null {
  const ranked = all.flatMap(({ rule, scores }) => (isComplete(scores) ? [{ rule, scores }] : []))
  if (ranked.length === 0) return null
  const results = ranked.map(({ rule, scores }) => ({
    rule,
    win: winOf(scores)!,
    auc: FALSE.reduce((sum, one) => sum + beats(scores.true, scores[one]), 0) / FALSE.length,
  }))
  const aucBy = (one: (typeof FALSE)[number]): number =>
    mean(ranked.map(({ scores }) => beats(scores.true, scores[one])))
  return {
    wins: share(
      results.map(({ rule, win }) => [rule, win]),
      seed,
    ),
    auc: share(
      results.map(({ rule, auc }) => [rule, auc]),
      seed,
    ),
    aucBy: {
      near: aucBy('near'),
      sibling: aucBy('sibling'),
      topic: aucBy('topic'),
      unrelated: aucBy('unrelated'),
    },
    ranked: ranked.length,
    unranked: all.length - ranked.length,
  }
}

type Scores = PuzzleScores['scores']

function isComplete(scores: Scores): scores is Readonly<Record<Plausibility, number>> {
  return PLAUSIBILITIES.every((one) => scores[one] !== null)
}

/** The true explanation's share of a puzzle's win: 1, 0, or 1/m where m share it; null where a score is missing. */
export function winOf(scores: Scores): number | null {
  if (!isComplete(scores)) return null
  const values = PLAUSIBILITIES.map((one) => scores[one])
  const best = Math.max(...values)
  return scores.true === best ? 1 / values.filter((value) => value === best).length : 0
}

function beats(truth: number, other: number): number {
  return truth > other ? 1 : truth === other ? 0.5 : 0
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function share(results: readonly (readonly [rule: string, value: number])[], seed: number): Share {
  const byRule = [...new Set(results.map(([rule]) => rule))].map((rule) => {
    const values = results.filter(([one]) => one === rule).map(([, value]) => value)
    return { sum: values.reduce((sum, value) => sum + value, 0), count: values.length }
  })
  const random = new Random(seed, 'puzzles by rule')
  const resampled = Float64Array.from({ length: RESAMPLES }, () => {
    let sum = 0
    let count = 0
    for (let draw = 0; draw < byRule.length; draw++) {
      const drawn = random.pick(byRule)
      sum += drawn.sum
      count += drawn.count
    }
    return sum / count
  })
  return { value: mean(results.map(([, value]) => value)), ...percentileInterval(resampled) }
}
