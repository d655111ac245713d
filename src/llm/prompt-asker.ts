import { z } from 'zod'
import type { Capabilities } from '../core/capabilities.ts'
import type { PromptRequest } from '../core/chat-model.ts'
import { parseBody } from './probe-replies.ts'
import type { PromptQuestion } from './prompt-question.ts'

/** How log-probabilities of a prompt are had. */
type Way = NonNullable<Capabilities['promptLogprobs']>

/** Posts to the server's tokenizer; null where it has none. */
export type Tokenize = (body: Readonly<Record<string, unknown>>) => Promise<string | null>

/** Candidates that are asked for at each token where they cannot be named: the most that servers agree on. */
const TOP_LOGPROBS = 20
const TOKENIZED_AT_ONCE = 16

const tokensSchema = z.looseObject({ tokens: z.array(z.int()) })

interface Digits {
  /** What the tokenizer puts before every text, such as SentencePiece's mark. */
  readonly lead: readonly number[]
  readonly ids: number[][]
}

/**
 * Turns requests about a prompt into what one endpoint understands. Where the server has a tokenizer the pieces are
 * tokenized one by one, so that the index of every place is known; elsewhere places are known by their offsets.
 */
export class PromptAsker {
  readonly #way: Way
  readonly #model: string
  readonly #tokenize: Tokenize
  readonly #known = new Map<string, Promise<readonly number[] | null>>()

  constructor(way: Way, model: string, tokenize: Tokenize) {
    this.#way = way
    this.#model = model
    this.#tokenize = tokenize
  }

  async questionOf(request: PromptRequest): Promise<PromptQuestion> {
    const byId = this.#way === 'echo' ? null : await this.#byId(request, this.#way)
    return byId ?? this.#byText(request)
  }

  async #byId(
    { pieces, places, maxTokens }: PromptRequest,
    way: 'prompt_logprobs' | 'generate',
  ): Promise<PromptQuestion | null> {
    const digits = await this.#digits()
    if (digits === null) return null
    const tokenized = await this.#ids(pieces)
    if (tokenized === null) return null
    const ids: number[] = await this.#beginning(pieces[0]!, tokenized[0]!)
    const scored = new Set(places)
    const found: PromptQuestion['places'] = []
    for (const [index, own] of tokenized.entries()) {
      if (scored.has(index)) {
        const holds = idBehind(digits.lead, own)
        if (holds === null) return null
        found.push({ at: ids.length + digits.lead.length, holds })
      }
      if (index > 0) ids.push(...own)
    }
    const body =
      way === 'generate'
        ? {
            input_ids: ids,
            sampling_params: { max_new_tokens: maxTokens },
            return_logprob: true,
            // Up to here a prefix cache can be used; the first entry is always empty.
            logprob_start_len: found[0]!.at - 1,
            token_ids_logprob: digits.ids.flat(),
          }
        : { model: this.#model, prompt: ids, max_tokens: maxTokens, prompt_logprobs: TOP_LOGPROBS }
    return { way, body, length: ids.length, places: found, digits: digits.ids }
  }

  #byText({ pieces, places, maxTokens }: PromptRequest): PromptQuestion {
    const scored = new Set(places)
    const found: PromptQuestion['places'] = []
    let offset = 0
    for (const [index, piece] of pieces.entries()) {
      if (scored.has(index)) found.push({ at: offset, holds: piece })
      offset += Array.from(piece).length
    }
    const prompt = pieces.join('')
    const body = {
      model: this.#model,
      prompt,
      max_tokens: maxTokens,
      echo: true,
      logprobs: TOP_LOGPROBS,
    }
    return { way: 'echo', body, length: 0, places: found, digits: [] }
  }

  async #digits(): Promise<Digits | null> {
    const names = Array.from({ length: 10 }, (_, digit) => String(digit))
    const bare = await this.#ids(names)
    const spaced = await this.#ids(names.map((name) => ` ${name}`))
    if (bare === null || spaced === null) return null
    const lead = bare[0]!.slice(0, -1)
    const own = bare.map((ids) => (ids.length === lead.length + 1 ? idBehind(lead, ids) : null))
    const distinct = new Set(own)
    if (distinct.size < own.length || distinct.has(null)) return null
    const both = own.map((id, digit) => {
      const other = spaced[digit]!
      return [...new Set([id!, ...(other.length === 1 ? other : [])])]
    })
    // One id for several digits, as that of unknown tokens, says nothing of any.
    const all = both.flat()
    return { lead, ids: new Set(all).size === all.length ? both : own.map((id) => [id!]) }
  }

  /** The first piece with the marks that the tokenizer puts before a text, but not those that end one. */
  async #beginning(piece: string, plain: readonly number[]): Promise<number[]> {
    const marked = (await this.#idsOf(piece, true)) ?? plain
    const before = marked.length - plain.length
    return before > 0 && plain.every((id, index) => marked[before + index] === id) ? [...marked] : [...plain]
  }

  async #ids(texts: readonly string[]): Promise<(readonly number[])[] | null> {
    const all: (readonly number[])[] = []
    for (let first = 0; first < texts.length; first += TOKENIZED_AT_ONCE) {
      const some = texts.slice(first, first + TOKENIZED_AT_ONCE)
      for (const ids of await Promise.all(some.map((text) => this.#idsOf(text, false)))) {
        if (ids === null) return null
        all.push(ids)
      }
    }
    return all
  }

  #idsOf(text: string, marked: boolean): Promise<readonly number[] | null> {
    const key = `${marked ? 'marked' : 'plain'} ${text}`
    const known = this.#known.get(key)
    if (known) return known
    const asked = this.#tokenize({ model: this.#model, prompt: text, add_special_tokens: marked }).then(
      (body) => (body === null ? null : (parseBody(body, tokensSchema)?.tokens ?? null)),
    )
    this.#known.set(key, asked)
    asked.catch(() => this.#known.delete(key))
    return asked
  }
}

/** The id that follows a lead; null where the ids begin otherwise. */
function idBehind(lead: readonly number[], ids: readonly number[]): number | null {
  return lead.every((id, index) => ids[index] === id) ? (ids[lead.length] ?? null) : null
}
