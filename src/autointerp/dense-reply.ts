import type { ReplyToken } from '../core/chat-model.ts'
import { expectedLevel } from './digit-levels.ts'
import { withoutThoughts } from './explanation-reply.ts'

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

const LINE = /^\s*(?:[-*]\s+)?(?:example\s+)?(\d+)\s*[:.)]\s*/i
const PAIR = /(\d+)\s*=\s*(\d+)/g

/**
 * Reads the dense form: one line an example, `number: index=level …` with every index from 1. An example is missing
 * (null, never 0) if it has no line, two lines, or one that leaves a token out, names one twice, or has a level out of
 * range or anything else in it.
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
  const answers = lengths.map((): DenseAnswer | null | undefined => undefined)
  let start = reply.length - withoutThoughts(reply).length
  const lines = reply.slice(start).split('\n')
  if (cut) lines.pop()
  for (const line of lines) {
    const head = LINE.exec(line)
    const example = Number(head?.[1]) - 1
    if (head && lengths[example] !== undefined) {
      const at = start + head[0].length
      const answer = parseLine(line.slice(head[0].length), at, lengths[example], scale)
      answers[example] = answers[example] === undefined ? answer : null
    }
    start += line.length + 1
  }
  return answers.map((answer) => answer ?? null)
}

function parseLine(text: string, at: number, length: number, scale: number): DenseAnswer | null {
  const levels: number[] = Array.from({ length }, () => -1)
  const offsets: number[] = Array.from({ length }, () => -1)
  if (text.replace(PAIR, '').replace(/[\s,;]/g, '') !== '') return null
  for (const match of text.matchAll(PAIR)) {
    const index = Number(match[1]) - 1
    const level = Number(match[2])
    if (index < 0 || index >= length || level > scale || levels[index] !== -1) return null
    levels[index] = level
    offsets[index] = at + match.index + match[0].length - match[2]!.length
  }
  return levels.includes(-1) ? null : { levels, offsets }
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
