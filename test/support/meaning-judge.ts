import { type Concept, tokensOf } from '../../src/autointerp/puzzles/concepts.ts'
import { makePuzzles, PLAUSIBILITIES } from '../../src/autointerp/puzzles/puzzle.ts'
import { sha256 } from '../../src/core/hash.ts'
import { Random } from '../../src/core/random.ts'
import { type MarkedWindow, readQuestion, unescapeShown } from '../fake-llm/prompt-reading.ts'

/** The levels that a description means for a window's tokens, and an answer to a question with several windows. */
interface Reader {
  readonly levels: (tokens: readonly string[]) => number[]
  readonly decide: (window: MarkedWindow) => boolean
  readonly choose: (windows: readonly MarkedWindow[]) => number
}

/** The puzzles that gloss makes of this seed. */
export const PUZZLES = makePuzzles(0)

const CONCEPTS = new Map<string, Concept>(
  PUZZLES.flatMap(({ explanations }) => PLAUSIBILITIES.map((one) => explanations[one])).map((concept) => [
    concept.text,
    concept,
  ]),
)

/** Answers questions about planted features by what a description means, from the text of the prompt alone. */
export function byMeaning(content: string): string {
  return answered(content, (description) => {
    const { level } = CONCEPTS.get(unescapeShown(description))!
    const levels = (tokens: readonly string[]): number[] => tokens.map((_, index) => level(tokens, index))
    /** Tokens of a window whose mark is not what the description says. */
    const errors = (window: MarkedWindow): number => {
      const { tokens, marked } = tokensIn(window)
      return levels(tokens).filter((one, index) => one > 0 !== marked[index]).length
    }
    return {
      levels,
      decide: (window) => {
        const { tokens, marked } = tokensIn(window)
        const found = levels(tokens)
        return marked.includes(true)
          ? found.every((one, index) => one > 0 || !marked[index])
          : found.some((one) => one > 0)
      },
      choose: (windows) => {
        const found = windows.map(errors)
        return found.indexOf(Math.max(...found))
      },
    }
  })
}

/** Answers at random, always the same to the same question. */
export function byChance(content: string): string {
  const random = new Random(Number.parseInt(sha256(content).slice(0, 8), 16))
  return answered(content, () => ({
    levels: (tokens) => tokens.map(() => (random.below(8) === 0 ? 9 : 0)),
    decide: () => random.below(2) === 0,
    choose: (windows) => random.below(windows.length),
  }))
}

function answered(content: string, readerOf: (description: string) => Reader): string {
  const question = readQuestion(content)
  const line = (number: number, tokens: readonly string[], { levels }: Reader): string => {
    const named = levels(tokens.map(unescapeShown)).flatMap((one, index) =>
      one > 0 ? [`${index + 1}=${one}`] : [],
    )
    return `${number}: ${named.join(' ') || 'none'}`
  }
  switch (question.task) {
    case 'simulate': {
      const reader = readerOf(question.description)
      return question.examples.map(({ number, tokens }) => line(number, tokens, reader)).join('\n')
    }
    case 'isolate':
      return question.examples
        .map(({ number, tokens, description }) => line(number, tokens, readerOf(description)))
        .join('\n')
    case 'choose': {
      const { decide, choose } = readerOf(question.description)
      return question.questions
        .map((windows, index) => {
          const said = windows.length > 1 ? 'ABCDE'[choose(windows)]! : decide(windows[0]!) ? 'yes' : 'no'
          return `${index + 1}: ${said}`
        })
        .join('\n')
    }
    default:
      throw new Error('expected a question about a description')
  }
}

/** The tokens of a window, which marks and blanks tell apart, and which of them are marked. */
export function tokensIn({ shown }: MarkedWindow): { tokens: string[]; marked: boolean[] } {
  const parts = shown
    .split(/[«»]/)
    .flatMap((text, place) => tokensOf(unescapeShown(text)).map((token) => [token, place % 2 === 1] as const))
  return { tokens: parts.map(([token]) => token), marked: parts.map(([, marked]) => marked) }
}
