import type { Tokens } from './ledger.ts'
import type { Answer } from './options.ts'
import { asksLogprobs, type LlmRequest, numberIn } from './request.ts'
import type { ScoredToken, ToyModel } from './toy-model.ts'

/** An answer, cut at the request's limit and counted. */
export interface Generation {
  readonly text: string
  readonly finish: string
  readonly tokens: Tokens
  /** The generated tokens, where log-probabilities are asked for. */
  readonly scored: readonly ScoredToken[] | null
  /** The prompt's tokens, where the server has to know them. */
  readonly promptIds: readonly number[]
  /** What replaces the usage of the body. */
  readonly usage: object | null | undefined
}

/** Whether the toy tokenizer counts a request's prompt: what is reported by token has to add up. */
export function countsByTokens({ kind, body }: LlmRequest): boolean {
  return kind !== 'chat' || numberIn(body, 'prompt_logprobs') !== null
}

/** The tokens of a prompt; those of a chat with the marks of a template. */
export function promptIdsOf(request: LlmRequest, model: ToyModel): readonly number[] {
  if (request.promptIds) return request.promptIds
  if (request.kind !== 'chat') return model.tokenizer.encode(request.messages[0]!.content)
  const rendered = request.messages.map(({ role, content }) => `<|${role}|>\n${content}\n`).join('')
  return model.tokenizer.encode(`${rendered}<|assistant|>\n`)
}

/** Turns what is answered into what a server would have generated. */
export function generate(
  request: LlmRequest,
  answered: string | Answer,
  prompt: Pick<Tokens, 'prompt' | 'cached'>,
  model: ToyModel,
  countTokens: (text: string) => number,
): Generation {
  const answer: Answer = typeof answered === 'string' ? { text: answered } : answered
  const most = request.maxTokens ?? Number.POSITIVE_INFINITY
  const byTokens = asksLogprobs(request) || request.kind !== 'chat'
  let { text } = answer
  let cut: boolean
  let completion: number
  let scored: ScoredToken[] | null = null
  let promptIds: readonly number[] = countsByTokens(request) ? promptIdsOf(request, model) : []
  if (byTokens) {
    const all = model.tokenizer.encode(text)
    const ids = all.slice(0, most)
    cut = ids.length < all.length
    if (cut) text = model.tokenizer.decodeAll(ids)
    completion = ids.length
    if (asksLogprobs(request)) {
      if (promptIds.length === 0) promptIds = promptIdsOf(request, model)
      scored = model.score([...promptIds, ...ids], promptIds.length)
    }
  } else {
    completion = countTokens(text)
    cut = completion > most
    if (cut) {
      text = longestWithin(text, most, countTokens)
      completion = most
    }
  }
  const reasoning = answer.reasoningTokens ?? 0
  return {
    text,
    finish: answer.finish ?? (cut ? 'length' : 'stop'),
    tokens: { ...prompt, completion: completion + reasoning, reasoning },
    scored,
    promptIds,
    usage: answer.usage,
  }
}

/** The longest beginning of a text that has no more than so many tokens. */
function longestWithin(text: string, most: number, countTokens: (text: string) => number): string {
  let fits = 0
  let exceeds = text.length
  while (exceeds - fits > 1) {
    const middle = (fits + exceeds) >> 1
    if (countTokens(text.slice(0, middle)) <= most) fits = middle
    else exceeds = middle
  }
  return text.slice(0, fits)
}
