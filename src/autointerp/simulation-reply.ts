import { readAnswers } from './answer-lines.ts'
import type { AnsweredToken } from './answer-pairs.ts'

/** Predictions by example; null for an example that was not answered or whose answer cannot be read. */
export type ParsedSimulation = readonly (readonly number[] | null)[]

/**
 * Reads the sparse form: one line an example, `number: index=level …` or `number: none`, indices and examples from 1.
 * A token not named in an answered example is 0. An example is missing (null, never 0) where `readAnswers` can tell
 * nothing of it, and where its answer names a token twice, or an index or level out of range.
 *
 * @param lengths tokens of each example
 * @param cut whether the reply ended at its token limit, so that its last line may be incomplete
 */
export function parseSimulation(
  reply: string,
  lengths: readonly number[],
  scale: number,
  cut: boolean,
): ParsedSimulation {
  return readAnswers(reply, lengths.length, cut).map((answer, example) => {
    const named = answer && levelsByToken(answer, lengths[example]!, scale)
    return named && Array.from({ length: lengths[example]! }, (_, token) => named.get(token)?.level ?? 0)
  })
}

/** What an answer says by token, from 0; null where a token is named twice, or anything is out of range. */
export function levelsByToken(
  answer: readonly AnsweredToken[],
  length: number,
  scale: number,
): Map<number, AnsweredToken> | null {
  const named = new Map(answer.map((one) => [one.index - 1, one]))
  const fits = answer.every(({ index, level }) => index >= 1 && index <= length && level <= scale)
  return fits && named.size === answer.length ? named : null
}
