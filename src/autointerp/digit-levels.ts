import type { ReplyToken } from '../core/chat-model.ts'

/** A level read from a distribution over digits. */
export interface ExpectedLevel {
  /** Σ digit · P(digit) / Σ P(digit) over the digits of the scale. */
  readonly level: number
  /** Σ P(digit), of what is not elsewhere: how much of the model's belief is about digits at all. */
  readonly mass: number
}

/** Where less of the probability than this is on digits, a level is missing and not a guess. */
export const LEAST_DIGIT_MASS = 0.5

const LEAST_REST = 1e-3

/**
 * The expected level of a distribution over tokens. Variants of a digit (with a blank before it, or a SentencePiece
 * mark) count together. A scale to 10 can only be read so where "10" is one token; else P("1") would hold both.
 *
 * @param prefix what the token holds before its digit, such as `=`
 * @param elsewhere the probability of what is known to stand there for no level, such as a mark for unknown ones: the
 *   more of these marks a model reads, the more it expects another, which says nothing of the level
 * @returns null where less than {@link LEAST_DIGIT_MASS} is on digits
 */
export function expectedLevel(
  alternatives: ReplyToken['alternatives'],
  scale: number,
  prefix = '',
  elsewhere = 0,
): ExpectedLevel | null {
  let mass = 0
  let sum = 0
  for (const { text, logprob } of alternatives) {
    if (!text.startsWith(prefix)) continue
    const digit = /^[\s▁]*(\d{1,2})$/.exec(text.slice(prefix.length))?.[1]
    if (digit === undefined || Number(digit) > scale) continue
    const probability = Math.exp(logprob)
    mass += probability
    sum += Number(digit) * probability
  }
  const rest = 1 - elsewhere
  // Of numbers in 32 bits, what is left of nearly everything is only noise.
  if (rest < LEAST_REST || mass < LEAST_DIGIT_MASS * rest) return null
  return { level: sum / mass, mass: Math.min(1, mass / rest) }
}
