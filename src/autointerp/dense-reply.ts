import { readAnswers } from './answer-lines.ts'
import type { ReplyToken } from '../core/chat-model.ts'
import { expectedLevel } from './digit-levels.ts'
import { placesInReply } from './reply-tokens.ts'
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
 * @param tokens the reply's tokens
 * @returns null where they are not, so that no digit can be found in them
 */
export function expectedDense(
  reply: string,
  tokens: readonly ReplyToken[],
  answers: readonly (DenseAnswer | null)[],
  scale: number,
): (ExpectedLevels | null)[] | null {
  const placeAt = placesInReply(reply, tokens)
  if (placeAt === null) return null
  const levelAt = (offset: number) => {
    const place = placeAt(offset)
    if (place === null) return null
    const { text, alternatives } = place.token
    // A token that goes on behind the digit is no distribution over digits.
    return place.within + 1 === text.length
      ? expectedLevel(alternatives, scale, text.slice(0, place.within))
      : null
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
