import { createHash } from 'node:crypto'
import { DigestTable, wordsOf } from './digest-table.ts'
import type { LlmRequest } from './request.ts'

const LEAST = 1024
const STEP = 128

/** Remembers the prefixes of messages that prompts began with, as OpenAI's prompt cache does. */
export class PrefixCache {
  readonly #seen = new DigestTable()

  /**
   * Tokens of a prompt's longest known prefix of messages, in multiples of 128 from 1,024; the prompt's own prefixes
   * are known from then on.
   */
  look({ messages }: LlmRequest, countTokens: (text: string) => number): number {
    const hash = createHash('sha256')
    let tokens = 0
    let cached = 0
    for (const { role, content } of messages) {
      hash.update(`${role}\0${content.length}\0${content}`)
      tokens += countTokens(content)
      const digest = wordsOf(hash.copy().digest())
      if (this.#seen.has(digest)) cached = tokens
      else this.#seen.add(digest)
    }
    return cached < LEAST ? 0 : Math.floor(cached / STEP) * STEP
  }
}
