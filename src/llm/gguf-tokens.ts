import { DataError } from '../core/errors.ts'
import type { EvaluateResult, LlamaModel } from './llama-library.ts'

/** A token with its natural log-probability. */
export interface TokenLogprob {
  readonly id: number
  readonly logprob: number
}

/** Log-probabilities, the likeliest first. The engine sums in 32 bits: they are right to about 2e-4. */
export function logprobsOf({ next: { logits, totalLogitWeight } }: EvaluateResult): TokenLogprob[] {
  if (!logits?.size || totalLogitWeight === undefined)
    throw new DataError(
      'gguf-unusable',
      'expected logits from node-llama-cpp, found none; install a version that is known to work: npm i -D node-llama-cpp@3.22.1',
    )
  const most = Math.max(...logits.values())
  return [...logits]
    .map(([id, logit]) => ({
      id,
      logprob: Number((logit - most - Math.log(totalLogitWeight)).toFixed(6)),
    }))
    .toSorted((a, b) => b.logprob - a.logprob || a.id - b.id)
}

const LONGEST_CIRCLE = 64
const SEEN_IN_CIRCLES = 4 * LONGEST_CIRCLE

/** Whether the last tokens only repeat each other: a model that always takes the likeliest will not stop any more. */
export function goesRoundInCircles(ids: readonly number[]): boolean {
  if (ids.length < SEEN_IN_CIRCLES) return false
  const from = ids.length - SEEN_IN_CIRCLES
  for (let period = 1; period <= LONGEST_CIRCLE; period++) {
    let index = from + period
    while (index < ids.length && ids[index] === ids[index - period]) index++
    if (index === ids.length) return true
  }
  return false
}

/** A token that was written, with the likeliest in its place, itself among them. */
export interface WrittenToken {
  readonly text: string
  readonly logprob: number
  readonly alternatives: readonly { readonly text: string; readonly logprob: number }[]
}

/**
 * Takes a text and what follows it off the end of a reply, if its last token brought it; says whether it did. Of a token
 * in which the text begins, what stands before it stays.
 */
export function cutBefore(stop: string, tokens: WrittenToken[]): boolean {
  let first = tokens.length
  let end = ''
  while (first > 0 && end.length < stop.length + tokens.at(-1)!.text.length) end = tokens[--first]!.text + end
  let kept = end.indexOf(stop)
  if (kept < 0) return false
  while (kept >= tokens[first]!.text.length) kept -= tokens[first++]!.text.length
  const broken = tokens[first]!
  tokens.length = first
  if (kept > 0) tokens.push({ ...broken, text: broken.text.slice(0, kept) })
  return true
}

/** Tokens that decide how the next one is spelled, such as whether its space is shown. */
const TOKENS_BEFORE = 8

/** Texts of tokens one after the other. A character of several tokens belongs to the last of them. */
export class Spelling {
  readonly #model: LlamaModel
  readonly #before: number[]
  #pending: number[] = []

  constructor(model: LlamaModel, prompt: readonly number[]) {
    this.#model = model
    this.#before = prompt.slice(-TOKENS_BEFORE)
  }

  /** The text of a token that may come next. */
  alone(id: number): string {
    return this.#model.detokenize([id], false, this.#before)
  }

  next(id: number): string {
    this.#pending.push(id)
    const text = this.#model.detokenize(this.#pending, false, this.#before)
    if (text.endsWith('\uFFFD') && this.#pending.length < 4) return ''
    this.#before.push(...this.#pending)
    this.#before.splice(0, this.#before.length - TOKENS_BEFORE)
    this.#pending = []
    return text
  }
}
