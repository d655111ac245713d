import { hash32 } from '../../src/core/random.ts'
import type { ToyTokenizer } from './toy-tokenizer.ts'

/** A token that could stand at a position. */
export interface Candidate {
  readonly id: number
  readonly text: string
  readonly logprob: number
}

/** A token at its position, with what the model would have thought of others there. */
export interface ScoredToken extends Candidate {
  /** From 1 for the likeliest. */
  readonly rank: number
  /** By falling probability. */
  readonly candidates: readonly Candidate[]
}

/** The probabilities of next tokens, by text, after a text. Tokens that are not named are next to impossible. */
export type NextToken = (before: string) => Readonly<Record<string, number>>

const IMPOSSIBLE = -20
const SURE = 0.98

/**
 * Log-probabilities without a network: at every position the token that stands there has 0.98, and digits, with and
 * without a space before them, share the rest unevenly; or whatever {@link NextToken} says.
 */
export class ToyModel {
  readonly tokenizer: ToyTokenizer
  readonly #nextToken: NextToken | null
  readonly #digits: readonly number[]

  constructor(tokenizer: ToyTokenizer, nextToken: NextToken | null) {
    this.tokenizer = tokenizer
    this.#nextToken = nextToken
    const numbers = Array.from({ length: 11 }, (_, number) => String(number))
    this.#digits = numbers
      .flatMap((number) => [tokenizer.encode(number), tokenizer.encode(` ${number}`)])
      .flatMap((ids) => (ids.length === 1 ? ids : []))
  }

  /** Scores the tokens from `start` on, each after all that stand before it. */
  score(ids: readonly number[], start: number): ScoredToken[] {
    let before = this.#nextToken ? this.tokenizer.decodeAll(ids.slice(0, start)) : ''
    return ids.slice(start).map((id, index) => {
      const candidates = this.#nextToken
        ? this.#foretold(this.#nextToken(before))
        : this.#invented(id, start + index)
      const text = this.tokenizer.decode(id)
      if (this.#nextToken) before += text
      const place = candidates.findIndex((candidate) => candidate.id === id)
      if (place >= 0) return { ...candidates[place]!, rank: place + 1, candidates }
      return { id, text, logprob: IMPOSSIBLE, rank: candidates.length + 1, candidates }
    })
  }

  /** The log-probability of a token at a scored position. */
  logprobOf(id: number, { candidates }: ScoredToken): number {
    return candidates.find((candidate) => candidate.id === id)?.logprob ?? IMPOSSIBLE
  }

  #invented(id: number, position: number): Candidate[] {
    const others = this.#digits.filter((digit) => digit !== id)
    const weights = others.map((digit) => 1 + (hash32(id, position, digit) % 1000))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return this.#ranked([
      [id, SURE],
      ...others.map((digit, index): [number, number] => [digit, ((1 - SURE) * weights[index]!) / total]),
    ])
  }

  #foretold(probabilities: Readonly<Record<string, number>>): Candidate[] {
    const byId = new Map<number, number>()
    for (const [text, probability] of Object.entries(probabilities)) {
      const id = this.tokenizer.encode(text)[0]
      if (id !== undefined && probability > 0) byId.set(id, (byId.get(id) ?? 0) + probability)
    }
    return this.#ranked([...byId])
  }

  #ranked(probabilities: readonly (readonly [number, number])[]): Candidate[] {
    return probabilities
      .map(([id, probability]) => ({
        id,
        text: this.tokenizer.decode(id),
        logprob: Math.log(probability),
      }))
      .toSorted((a, b) => b.logprob - a.logprob || a.id - b.id)
  }
}
