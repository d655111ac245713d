import { PLAUSIBILITIES, type Plausibility, type Puzzle, scorePuzzle } from '../autointerp/puzzles/puzzle.ts'
import { dealExamples, renderAnswer } from '../autointerp/simulate-messages.ts'
import { askIsolated, type IsolatedFeature, isolatedRequests } from './ask-isolated.ts'
import { allEnded } from './pool.ts'
import { numbered, type PuzzleScorer, type SolvedPuzzle } from './puzzles.ts'
import {
  isIncomplete,
  llmSimulator,
  type SimulatedWindow,
  type Simulation,
  simulationRequest,
} from './simulate.ts'
import type { Llm } from './study.ts'

/** The levels of planted features: 0–9. */
const SCALE = 9
/** A puzzle is ranked on windows that got an answer with all five explanations: this share of them, of which this many fire. */
const ENOUGH = { examples: 1 / 3, firing: 5 } as const

/**
 * Scores the explanations of puzzles by simulation, as `score` does those of features. Replies about false explanations
 * are expected to name as much as those about true ones.
 */
export function simulationPuzzles(llm: Llm, seed: number): PuzzleScorer {
  return {
    name: 'simulation',
    tier: llm.tier,
    perCall: llm.simulate.examplesPerCall,
    isolated: false,
    solve: async (puzzle, number) => {
      const { windows, textsOf } = windowsOf(puzzle)
      const simulator = llmSimulator(llm, SCALE, seed, textsOf)
      const simulations = await allEnded(
        PLAUSIBILITIES.map((one) =>
          simulator.simulate(puzzle.explanations[one].text, number, windows, number),
        ),
      )
      return solved(puzzle, simulations)
    },
    *requests(puzzle, number) {
      const { windows, textsOf } = windowsOf(puzzle)
      for (const call of dealExamples(windows, llm.simulate.examplesPerCall, seed, number))
        for (const one of PLAUSIBILITIES) {
          const asked = call.map((index) => windows[index]!)
          const texts = asked.map(({ tokens }) => textsOf(tokens))
          const levels = call.map((index) => puzzle.examples[index]!.levels)
          yield {
            request: simulationRequest(llm, puzzle.explanations[one].text, texts, SCALE),
            reply: llm.tier === 'promptLogprobs' ? '0' : renderAnswer(levels, llm.simulate.form),
            isIncomplete: (stored) => isIncomplete(stored, asked, llm.tier, SCALE),
          }
        }
    },
  }
}

/**
 * The same where a call holds one example each of several puzzles, with their explanations of one plausibility: as many
 * as the prompt has examples a call, in the order in which they are solved.
 *
 * @param puzzles all that are to be solved
 */
export function isolatedPuzzles(llm: Llm, seed: number, puzzles: readonly Puzzle[]): PuzzleScorer {
  const size = llm.simulate.examplesPerCall
  const { idsOf, textsOf } = numbered(puzzles.flatMap(({ examples }) => examples))
  const blockOf = (number: number): number => Math.floor(number / size)
  const membersOf = (block: number, one: Plausibility): IsolatedFeature<SimulatedWindow>[] =>
    puzzles.slice(size * block, size * (block + 1)).map(({ explanations, examples }, place) => ({
      feature: size * block + place,
      explanation: explanations[one].text,
      examples: examples.map(({ slice, tokens }) => ({ slice, tokens: idsOf(tokens) })),
    }))
  const underWay = new Map<number, Promise<Map<number, Simulation>[]>>()
  return {
    name: 'simulation',
    tier: llm.tier,
    perCall: size,
    isolated: true,
    solve: async (puzzle, number) => {
      const block = blockOf(number)
      const asked =
        underWay.get(block) ??
        allEnded(
          PLAUSIBILITIES.map((one) =>
            askIsolated(llm, membersOf(block, one), SCALE, seed, textsOf, size * block),
          ),
        )
      underWay.set(block, asked)
      const found = await asked
      return solved(
        puzzle,
        found.map((simulations) => simulations.get(number)!),
      )
    },
    *requests(_puzzle, number) {
      // The calls of a block are those of all of its puzzles.
      if (number % size !== 0) return
      for (const one of PLAUSIBILITIES) {
        const members = membersOf(blockOf(number), one)
        for (const { call, asked, request } of isolatedRequests(llm, members, SCALE, seed, textsOf))
          yield {
            request,
            reply: renderAnswer(call.map(([member, example]) => puzzles[member]!.examples[example]!.levels)),
            isIncomplete: (stored) => isIncomplete(stored, asked, llm.tier, SCALE),
          }
      }
    },
  }
}

function solved(puzzle: Puzzle, simulations: readonly Simulation[]): SolvedPuzzle {
  const common = [...puzzle.examples.keys()].filter((index) =>
    simulations.every(({ predicted }) => predicted[index] !== null),
  )
  const examples = common.map((index) => puzzle.examples[index]!)
  const firing = examples.filter(({ levels }) => levels.some((level) => level > 0))
  const enough = common.length >= ENOUGH.examples * puzzle.examples.length && firing.length >= ENOUGH.firing
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
}

function windowsOf({ examples }: Puzzle): {
  readonly windows: readonly SimulatedWindow[]
  readonly textsOf: (tokens: readonly number[]) => string[]
} {
  const { idsOf, textsOf } = numbered(examples)
  return { windows: examples.map(({ slice, tokens }) => ({ slice, tokens: idsOf(tokens) })), textsOf }
}
