import type { ReplyToken } from '../core/chat-model.ts'

/** A level read from a distribution over digits. */
export interface ExpectedLevel {
  /** Σ digit · P(digit) / Σ P(digit) over the digits of the scale. */
  readonly level: number
  /** Σ P(digit): how much of the model's belief is about digits at all. */
  readonly mass: number
}

/** Where less of the probability than this is on digits, a level is missing and not a guess. */
export const LEAST_DIGIT_MASS = 0.5

/**
 * The expected level of a distribution over tokens. Variants of a digit (with a blank before it, or a SentencePiece
 * mark) count together. A scale to 10 can only be read so where "10" is one token; else P("1") would hold both.
 *
 * @param prefix what the token holds before its digit, such as `=`
 * @returns null where less than {@link LEAST_DIGIT_MASS} is on digits
 */
export function expectedLevel(
  alternatives: ReplyToken['alternatives'],
  scale: number,
  prefix = '',
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
  return mass < LEAST_DIGIT_MASS ? null : { level: sum / mass, mass: Math.min(1, mass) }
}
