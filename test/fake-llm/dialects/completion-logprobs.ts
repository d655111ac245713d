import type { Generation } from '../generation.ts'
import { type LlmRequest, numberIn } from '../request.ts'
import type { ScoredToken, ToyModel } from '../toy-model.ts'
import { top } from './dialect.ts'

/** A candidate with its place in the order of probabilities, from 1. */
export interface RankedCandidate {
  readonly id: number
  readonly text: string
  readonly logprob: number
  readonly rank: number
}

/**
 * Log-probabilities as /completions has them: parallel lists, with the prompt's tokens first under `echo`. The
 * prompt's first token has nothing before it, so its entries are null. Offsets count characters.
 */
export function completionLogprobs(
  { body }: LlmRequest,
  { scored, promptIds }: Generation,
  model: ToyModel,
): object | null {
  const most = numberIn(body, 'logprobs')
  if (most === null || !scored) return null
  const echo = body['echo'] === true
  const all = echo ? [...model.score(promptIds, 0), ...scored] : scored
  const orNullAtFirst = <T>(of: (token: ScoredToken) => T): (T | null)[] =>
    all.map((token, index) => (echo && index === 0 ? null : of(token)))
  let offset = 0
  return {
    text_offset: all.map(({ text }) => {
      const start = offset
      offset += Array.from(text).length
      return start
    }),
    token_logprobs: orNullAtFirst(({ logprob }) => logprob),
    tokens: all.map(({ text }) => text),
    top_logprobs: orNullAtFirst((token) =>
      Object.fromEntries(withActual(token, most).map(({ text, logprob }) => [text, logprob])),
    ),
  }
}

/** The token that stands at a position, then the likeliest others. */
export function withActual(token: ScoredToken, most: number): RankedCandidate[] {
  const { id, text, logprob, rank } = token
  const others = top(token, most)
    .map((candidate, index) => ({ ...candidate, rank: index + 1 }))
    .filter((candidate) => candidate.id !== id)
  return [{ id, text, logprob, rank }, ...others]
}
