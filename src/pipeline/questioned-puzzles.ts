import { PLAUSIBILITIES, type Plausibility, type Puzzle } from '../autointerp/puzzles/puzzle.ts'
import type { PuzzleWindow } from '../autointerp/puzzles/puzzle-texts.ts'
import { questionWindows } from '../autointerp/puzzles/question-windows.ts'
import { renderVerdicts } from '../autointerp/question-prompt.ts'
import { accuracyOf } from '../autointerp/question-score.ts'
import {
  detectionQuestions,
  DETECTION_WINDOWS,
  fuzzingQuestions,
  intruderQuestions,
  type Question,
} from '../autointerp/questions.ts'
import { Random } from '../core/random.ts'
import { QuestionAsker } from './ask-questions.ts'
import { allEnded } from './pool.ts'
import { numbered, type PuzzleScorer } from './puzzles.ts'
import { scorerTier } from './scorer.ts'
import type { Llm } from './study.ts'

/** Questions of a puzzle that all five explanations need an answer to, at least. */
const LIMITS = { minimumExamples: 20, minimumFiring: 5 } as const

/** Scorers that ask about windows: puzzles have no logits, and no other features near them. */
export const PUZZLE_QUESTIONS = ['detection', 'fuzzing', 'intruder'] as const
/** One of {@link PUZZLE_QUESTIONS}. */
export type PuzzleQuestions = (typeof PUZZLE_QUESTIONS)[number]

/**
 * Scores the explanations of puzzles by questions, as `score` does those of features. Silent windows are those that false
 * explanations are tempted by, as far as there are any.
 *
 * @param perCall questions of one call
 * @throws {UsageError} `scorer-tier`
 */
export function questionPuzzles(
  name: PuzzleQuestions,
  llm: Llm,
  perCall: number,
  seed: number,
): PuzzleScorer {
  const tier = scorerTier(llm, name)
  const prompt = llm.questions[name]
  const asking = (puzzle: Puzzle): { questions: Question[]; asker: QuestionAsker } => {
    const { questions, textsOf } = questionsOf(name, puzzle, seed)
    return { questions, asker: new QuestionAsker(llm, prompt, perCall, tier, textsOf) }
  }
  return {
    name,
    tier,
    perCall,
    isolated: false,
    solve: async (puzzle, number) => {
      const { questions, asker } = asking(puzzle)
      const asked = await allEnded(
        PLAUSIBILITIES.map((one) => asker.ask(puzzle.explanations[one].text, questions, number)),
      )
      const inAll = questions.map((_, index) => asked.every(({ answers }) => answers[index] !== null))
      const scores = Object.fromEntries(
        PLAUSIBILITIES.map((one, place) => {
          const answers = asked[place]!.answers.map((answer, index) => (inAll[index] ? answer : null))
          const setting = { options: prompt.options.length, limits: LIMITS }
          return [one, accuracyOf(questions, { answers, beliefs: null }, setting)]
        }),
      ) as Record<Plausibility, number | null>
      return {
        name: puzzle.name,
        rule: puzzle.rule,
        scores,
        failedCalls: asked.reduce((sum, { failedCalls }) => sum + failedCalls, 0),
        unreadableCalls: asked.reduce((sum, { unreadableCalls }) => sum + unreadableCalls, 0),
        reasons: asked.flatMap(({ reasons }) => reasons),
      }
    },
    *requests(puzzle) {
      const { questions, asker } = asking(puzzle)
      for (const one of PLAUSIBILITIES)
        for (const { request, questions: asked } of asker.requests(puzzle.explanations[one].text, questions))
          yield {
            request,
            reply: renderVerdicts(asked.map(({ answer }) => prompt.options[answer]!)),
            isIncomplete: (stored) => asker.isIncomplete(stored, asked.length),
          }
    },
  }
}

/** The questions about a puzzle, in an order drawn from the seed. */
function questionsOf(
  name: PuzzleQuestions,
  puzzle: Puzzle,
  seed: number,
): { readonly questions: Question[]; readonly textsOf: (tokens: readonly number[]) => string[] } {
  const windows = questionWindows(puzzle, seed)
  const { idsOf, textsOf } = numbered([...windows.firing, ...windows.silent])
  const inNumbers = ({ tokens, levels }: PuzzleWindow) => ({ tokens: idsOf(tokens), activations: levels })
  const firing = windows.firing.map(inNumbers)
  const silent = windows.silent.map(inNumbers)
  const random = new Random(seed, 'questions', name, puzzle.name)
  const ask = {
    detection: () => detectionQuestions(firing, silent, DETECTION_WINDOWS, random),
    fuzzing: () => fuzzingQuestions(firing, random),
    intruder: () => intruderQuestions(firing, silent, random),
  }
  return { questions: ask[name](), textsOf }
}
