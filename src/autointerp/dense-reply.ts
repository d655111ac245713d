import { readAnswers } from './answer-lines.ts'
import type { ReplyToken } from '../core/chat-model.ts'
import { expectedLevel } from './digit-levels.ts'
import { levelsByToken } from './simulation-reply.ts'

/** The levels of an example's tokens, and where in the reply each of their digits stands. */
export interface DenseAnswer {
  readonly levels: readonly number[]
  readonly offsets: readonly number[]
}

/** What log-probabilities say of an example. */
export interface ExpectedLevels {
  readonly levels: readonly number[]
  /** Mean over its tokens of the probability that is on digits. */
  readonly digitMass: number
}

/**
 * Reads the dense form: one line an example, `number: index=level …` with every index from 1. An example is missing
 * (null, never 0) where `readAnswers` can tell nothing of it, and where its answer leaves a token out, names one twice,
 * or has an index or level out of range.
 *
 * @param lengths tokens of each example
 * @param cut whether the reply ended at its token limit, so that its last line may be incomplete
 */
export function parseDense(
  reply: string,
  lengths: readonly number[],
  scale: number,
  cut: boolean,
): (DenseAnswer | null)[] {
  return readAnswers(reply, lengths.length, cut).map((answer, example) => {
    const length = lengths[example]!
    const named = answer && levelsByToken(answer, length, scale)
    if (named?.size !== length) return null
    const tokens = Array.from({ length }, (_, token) => named.get(token)!)
    return { levels: tokens.map(({ level }) => level), offsets: tokens.map(({ offset }) => offset) }
  })
}

/**
 * Reads expected levels at the digits of a dense reply from the model's own distribution there. An example is missing
 * where too little of that is on digits for one of its tokens.
 *
 * @param tokens the reply's tokens; their texts must join to the reply
 * @returns null where they do not, so that no digit can be found in them
 */
export function expectedDense(
  reply: string,
  tokens: readonly ReplyToken[],
  answers: readonly (DenseAnswer | null)[],
  scale: number,
): (ExpectedLevels | null)[] | null {
  if (tokens.map(({ text }) => text).join('') !== reply) return null
  const starts: number[] = []
  let start = 0
  for (const { text } of tokens) {
    starts.push(start)
    start += text.length
  }
  const levelAt = (offset: number) => {
    const index = tokenAt(starts, offset)
    const { text, alternatives } = tokens[index]!
    const within = offset - starts[index]!
    // A token that goes on behind the digit is no distribution over digits.
    return within + 1 === text.length ? expectedLevel(alternatives, scale, text.slice(0, within)) : null
  }
  return answers.map((answer) => {
    const read = answer?.offsets.map(levelAt) ?? null
    if (read === null || read.includes(null)) return null
    return {
      levels: read.map((one) => one!.level),
      digitMass: read.reduce((sum, one) => sum + one!.mass, 0) / read.length,
    }
  })
}

/** The last token that starts at or before an offset. */
function tokenAt(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (starts[middle]! <= offset) low = middle
    else high = middle - 1
  }
  return low
}
