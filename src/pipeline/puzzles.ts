import type { Puzzle } from '../autointerp/puzzles/puzzle.ts'
import type { PuzzleWindow } from '../autointerp/puzzles/puzzle-texts.ts'
import { type PuzzleScores, rankPuzzles, type Ranking } from '../autointerp/puzzles/ranking.ts'
import { StoppedError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import type { Tier } from '../core/scores.ts'
import { chatEvents } from './chat-events.ts'
import { type Estimate, Tally } from './estimate.ts'
import { runPool } from './pool.ts'
import type { ExpectedRequest } from './scorer.ts'
import type { Llm } from './study.ts'

/** What a scorer made of a puzzle. */
export interface SolvedPuzzle extends PuzzleScores {
  readonly failedCalls: number
  readonly unreadableCalls: number
  readonly reasons: readonly string[]
}

/** A scorer that can be tried on puzzles. */
export interface PuzzleScorer {
  readonly name: string
  readonly tier: Tier
  /** Examples or questions of a call. */
  readonly perCall: number
  /** Whether a call asks about one example each of several puzzles. */
  readonly isolated: boolean
  /** @param number the puzzle's place among all; calls of lower numbers are sent first */
  solve(puzzle: Puzzle, number: number): Promise<SolvedPuzzle>
  /** What {@link solve} asks. */
  requests(puzzle: Puzzle, number: number): Iterable<Omit<ExpectedRequest, 'control'>>
}

/** How a scorer did. */
export interface PuzzleOutcome {
  readonly ranking: Ranking | null
  readonly solved: readonly SolvedPuzzle[]
}

/** Has a scorer rank the explanations of every puzzle. */
export async function* solvePuzzles(
  scorer: PuzzleScorer,
  { chat }: Pick<Llm, 'chat'>,
  puzzles: readonly Puzzle[],
  seed: number,
  signal: AbortSignal,
): AsyncGenerator<StudyEvent, PuzzleOutcome> {
  const stage = 'score'
  const started = performance.now()
  yield {
    type: 'stage-start',
    stage,
    unit: 'features',
    done: 0,
    total: puzzles.length,
    note: `${puzzles.length} puzzles, ${scorer.name}, ${chat.model}`,
  }
  const solved = new Map<number, SolvedPuzzle>()
  const solve = async (puzzle: Puzzle, number: number): Promise<StudyEvent[]> => {
    const found = await scorer.solve(puzzle, number)
    solved.set(number, found)
    return found.reasons.map((reason) => ({ type: 'item-failed', stage, feature: number, reason }))
  }
  for await (const failures of runPool(puzzles, chat.mostInFlight, signal, solve)) {
    yield* chatEvents(chat, stage)
    yield* failures
    yield {
      type: 'stage-progress',
      stage,
      done: solved.size,
      total: puzzles.length,
      spending: chat.spending(),
    }
  }
  if (solved.size < puzzles.length)
    throw new StoppedError('stopped', 'stopped while solving puzzles; run the same command again to go on')
  const inOrder = [...puzzles.keys()].map((number) => solved.get(number)!)
  const ranking = rankPuzzles(inOrder, seed)
  const seconds = (performance.now() - started) / 1000
  yield { type: 'stage-end', stage, seconds, note: `${ranking?.ranked ?? 0} puzzles ranked` }
  return { ranking, solved: inOrder }
}

/** What solving puzzles would take. */
export function estimatePuzzles(scorer: PuzzleScorer, llm: Llm, puzzles: readonly Puzzle[]): Estimate {
  const tally = new Tally(llm, 'score', puzzles.length)
  for (const [number, puzzle] of puzzles.entries())
    for (const { request, reply, isIncomplete } of scorer.requests(puzzle, number))
      tally.add(request, reply, isIncomplete)
  return tally.estimate()
}

/** Windows of a puzzle with numbers for tokens, as those of features have them. */
export function numbered(windows: readonly PuzzleWindow[]): {
  readonly idsOf: (tokens: readonly string[]) => number[]
  readonly textsOf: (ids: readonly number[]) => string[]
} {
  const texts = [...new Set(windows.flatMap(({ tokens }) => tokens))]
  const ids = new Map(texts.map((text, id) => [text, id]))
  return {
    idsOf: (tokens) => tokens.map((text) => ids.get(text)!),
    textsOf: (all) => all.map((id) => texts[id]!),
  }
}
