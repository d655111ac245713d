import type { ReplyToken } from '../core/chat-model.ts'
import { withoutThoughts } from './explanation-reply.ts'
import { placesInReply, type TokenPlace } from './reply-tokens.ts'

/** The option that a question was answered with, and where in the reply its word begins. */
export interface Verdict {
  readonly option: number
  readonly offset: number
}

const LINE =
  /^(\s*(?:[-*]\s+)?\**(?:(?:question|example|text)\s+)?(\d+)\**\s*[:.)=]\s*\**["'(]?)([A-Za-z]+)["')]?\**[.!,;]?\s*$/i

/**
 * Reads one line a question, `number: option`, numbers from 1. A question is missing (null, never a guess) if it has
 * no line, two that disagree, or a word that is none of the options or more than one word.
 *
 * @param cut whether the reply ended at its token limit, so that its last line may be incomplete
 */
export function parseVerdicts(
  reply: string,
  questions: number,
  options: readonly string[],
  cut: boolean,
): (Verdict | null)[] {
  const words = options.map((option) => option.toLowerCase())
  const verdicts = Array.from({ length: questions }, (): Verdict | null | undefined => undefined)
  let start = reply.length - withoutThoughts(reply).length
  const lines = reply.slice(start).split('\n')
  if (cut) lines.pop()
  for (const line of lines) {
    const match = line.length > LONGEST_LINE ? null : (LINE.exec(line) ?? OTHER_ANSWER.exec(line))
    const number = Number(match?.[2]) - 1
    if (match && number >= 0 && number < questions) {
      const option = words.indexOf((match[3] ?? '').toLowerCase())
      const verdict = option < 0 ? null : { option, offset: start + match[1]!.length }
      const earlier = verdicts[number]
      verdicts[number] = earlier === undefined || earlier?.option === verdict?.option ? verdict : null
    }
    start += line.length + 1
  }
  return verdicts.map((verdict) => verdict ?? null)
}

/** A line that answers a question in another way: what it says cannot be read, and contradicts any other answer. */
const OTHER_ANSWER = /^(\s*(?:[-*]\s+)?\**(\d+)\**\s*:)/
/** No answer is longer, and the patterns need not look at what is. */
const LONGEST_LINE = 1000

/** What log-probabilities say of a question. */
export interface OptionBelief {
  /** P(option) / Σ P(options), by option. */
  readonly shares: readonly number[]
  /** Σ P(options): how much of the model's belief is about options at all. */
  readonly mass: number
}

/** Where less of the probability than this is on options, an answer is missing. */
const LEAST_MASS = 0.5

/**
 * The model's own distribution over the options at the first token of each answer. Null where an answer is, or where
 * less than half of the probability is on options.
 *
 * @param tokens the reply's tokens
 * @returns null where they are not, so that no answer can be found in them
 */
export function believedVerdicts(
  reply: string,
  tokens: readonly ReplyToken[],
  verdicts: readonly (Verdict | null)[],
  options: readonly string[],
): (OptionBelief | null)[] | null {
  const placeAt = placesInReply(reply, tokens)
  if (placeAt === null) return null
  const words = options.map((option) => option.toLowerCase())
  return verdicts.map((verdict) => {
    const place = verdict && placeAt(verdict.offset)
    return place && beliefAt(place, words)
  })
}

function beliefAt({ token, within }: TokenPlace, words: readonly string[]): OptionBelief | null {
  // What the token holds before the answer's word, such as a blank.
  const prefix = token.text.slice(0, within)
  const sums = words.map(() => 0)
  for (const { text, logprob } of token.alternatives) {
    const option = optionOf(text, prefix, words)
    if (option !== null) sums[option]! += Math.exp(logprob)
  }
  const mass = sums.reduce((sum, one) => sum + one, 0)
  return mass < LEAST_MASS ? null : { shares: sums.map((one) => one / mass), mass }
}

/** The one option that a token's text begins, or that begins with it; case and blanks do not count. */
function optionOf(text: string, prefix: string, words: readonly string[]): number | null {
  const rest = (text.startsWith(prefix) ? text.slice(prefix.length) : prefix.trim() === '' ? text : '')
    .replace(/^[\s▁]+/, '')
    .trimEnd()
    .toLowerCase()
  if (rest === '') return null
  const fitting = words.flatMap((word, option) => (word.startsWith(rest) ? [option] : []))
  return fitting.length === 1 ? fitting[0]! : null
}
