import { PLAUSIBILITIES, type Plausibility, type Puzzle, scorePuzzle } from '../autointerp/puzzles/puzzle.ts'
import { type PuzzleScores, rankPuzzles, type Ranking } from '../autointerp/puzzles/ranking.ts'
import { dealExamples, renderAnswer } from '../autointerp/simulate-messages.ts'
import { StoppedError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import type { Tier } from '../core/scores.ts'
import { chatEvents } from './chat-events.ts'
import { type Estimate, Tally } from './estimate.ts'
import { allEnded, runPool } from './pool.ts'
import { isIncomplete, llmSimulator, type SimulatedWindow, simulationRequest } from './simulate.ts'
import type { Llm } from './study.ts'

/** The levels of planted features: 0–9. */
const SCALE = 9
/** An explanation is judged on examples that all five got answers to; fewer than these are too few. */
const LEAST_EXAMPLES = 20
const LEAST_FIRING = 5

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
  /** @param priority calls of lower numbers are sent first */
  solve(puzzle: Puzzle, priority: number): Promise<SolvedPuzzle>
}

/** How a scorer did. */
export interface PuzzleOutcome {
  readonly ranking: Ranking | null
  readonly solved: readonly SolvedPuzzle[]
}

/** Scores the explanations of puzzles by simulation, as `score` does those of features. */
export function simulationPuzzles(llm: Llm, seed: number): PuzzleScorer {
  return {
    name: 'simulation',
    tier: llm.tier,
    solve: async (puzzle, priority) => {
      const { windows, textsOf } = windowsOf(puzzle)
      const simulator = llmSimulator(llm, SCALE, seed, textsOf)
      const simulations = await allEnded(
        PLAUSIBILITIES.map((one) =>
          simulator.simulate(puzzle.explanations[one].text, priority, windows, priority),
        ),
      )
      const common = [...windows.keys()].filter((index) =>
        simulations.every(({ predicted }) => predicted[index] !== null),
      )
      const firing = common.filter((index) => puzzle.examples[index]!.levels.some((level) => level > 0))
      const enough = common.length >= LEAST_EXAMPLES && firing.length >= LEAST_FIRING
      const examples = common.map((index) => puzzle.examples[index]!)
      const scores = Object.fromEntries(
        PLAUSIBILITIES.map((one, place) => {
          const predicted = common.map((index) => simulations[place]!.predicted[index]!)
          return [one, enough ? scorePuzzle({ examples }, predicted) : null]
        }),
      ) as Record<Plausibility, number | null>
      return {
        name: puzzle.name,
        rule: puzzle.rule,
        scores,
        failedCalls: simulations.reduce((sum, { failedCalls }) => sum + failedCalls, 0),
        unreadableCalls: simulations.reduce((sum, { unreadableCalls }) => sum + unreadableCalls, 0),
        reasons: simulations.flatMap(({ reasons }) => reasons),
      }
    },
  }
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

/** What puzzles would take by simulation. Replies about false explanations are taken to name as much as true ones. */
export function estimatePuzzles(llm: Llm, puzzles: readonly Puzzle[], seed: number): Estimate {
  const tally = new Tally(llm, 'score', puzzles.length)
  for (const [number, puzzle] of puzzles.entries()) {
    const { windows, textsOf } = windowsOf(puzzle)
    for (const call of dealExamples(windows, llm.simulate.examplesPerCall, seed, number))
      for (const one of PLAUSIBILITIES) {
        const asked = call.map((index) => windows[index]!)
        const texts = asked.map(({ tokens }) => textsOf(tokens))
        const levels = call.map((index) => puzzle.examples[index]!.levels)
        tally.add(
          simulationRequest(llm, puzzle.explanations[one].text, texts, SCALE),
          llm.tier === 'promptLogprobs' ? '0' : renderAnswer(levels, llm.simulate.form),
          (stored) => isIncomplete(stored, asked, llm.tier, SCALE),
        )
      }
  }
  return tally.estimate()
}

/** A puzzle's windows as those of a feature, whose tokens are numbers. */
function windowsOf({ examples }: Puzzle): {
  readonly windows: readonly SimulatedWindow[]
  readonly textsOf: (tokens: readonly number[]) => string[]
} {
  const texts = [...new Set(examples.flatMap(({ tokens }) => tokens))]
  const ids = new Map(texts.map((text, id) => [text, id]))
  return {
    windows: examples.map(({ slice, tokens }) => ({ slice, tokens: tokens.map((text) => ids.get(text)!) })),
    textsOf: (tokens) => tokens.map((id) => texts[id]!),
  }
}
