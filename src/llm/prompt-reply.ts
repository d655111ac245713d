import { z } from 'zod'
import type { ReplyContent, ReplyToken } from '../core/chat-model.ts'
import { parseBody } from './probe-replies.ts'
import type { PromptQuestion } from './prompt-question.ts'
import { toUsage, usageSchema } from './reply-body.ts'

/** What could stand at a place; null where the reply does not say. */
type Place = Pick<ReplyToken, 'alternatives'> | null

const choicesOf = <S extends z.ZodType>(choice: S) =>
  z.looseObject({ choices: z.array(choice).min(1), usage: usageSchema })

// Entries are checked one by one, only where a place is: there may be thousands.
const byIdSchema = choicesOf(z.looseObject({ prompt_logprobs: z.array(z.unknown()).nullish().catch(null) }))
const entrySchema = z.record(z.string(), z.looseObject({ logprob: z.number() }))

const echoSchema = choicesOf(
  z.looseObject({
    logprobs: z
      .looseObject({
        tokens: z.array(z.unknown()),
        text_offset: z.array(z.unknown()),
        top_logprobs: z.array(z.unknown()),
      })
      .nullish()
      .catch(null),
  }),
)
const topSchema = z.record(z.string(), z.number())

const generateSchema = z.looseObject({
  meta_info: z.looseObject({
    prompt_tokens: z.number().nullish(),
    completion_tokens: z.number().nullish(),
    cached_tokens: z.number().nullish(),
    input_token_logprobs: z.array(z.unknown()).nullish().catch(null),
    input_token_ids_logprobs: z.array(z.unknown()).nullish().catch(null),
  }),
})
const actualSchema = z.tuple([z.number().nullable().catch(null), z.number()]).rest(z.unknown())
const chosenSchema = z.array(z.tuple([z.number().nullable(), z.number()]).rest(z.unknown()))

/** Reads the reply to a question about a prompt. Never throws: what is not there has no alternatives. */
export function readPromptReply(body: string, question: PromptQuestion): ReplyContent {
  const { places, usage } = READERS[question.way](body, question)
  const unread = places?.filter((place) => place === null).length ?? question.places.length
  if (places === null || unread === question.places.length)
    return { text: null, cut: false, problem: NOTHING, usage, tokens: null }
  return {
    text: '',
    cut: false,
    problem:
      unread === 0
        ? null
        : `${unread} of ${question.places.length} places of the prompt came without log-probabilities`,
    usage,
    tokens: places.map((place) => ({ text: '', ...(place ?? { alternatives: [] }) })),
  }
}

const NOTHING =
  'the reply has no log-probabilities of the prompt; run gloss doctor again, or score with --tier integersDense'

interface Reading {
  readonly places: readonly Place[] | null
  readonly usage: ReplyContent['usage']
}

const READERS: Readonly<Record<PromptQuestion['way'], (body: string, question: PromptQuestion) => Reading>> =
  {
    prompt_logprobs: (body, { places, digits, length }) => {
      const parsed = parseBody(body, byIdSchema)
      const entries = parsed?.choices[0]!.prompt_logprobs
      const usage = toUsage(parsed?.usage)
      if (entries?.length !== length) return { places: null, usage }
      const read = places.map(({ at, holds }): Place => {
        const entry = entrySchema.safeParse(entries[at]).data
        // The token that stands there is always named: without it, this is another place.
        if (!entry?.[String(holds)]) return null
        return { alternatives: alternativesOf(digits, (id) => entry[String(id)]?.logprob) }
      })
      return { places: read, usage }
    },
    generate: (body, { places, digits, length, body: asked }) => {
      const info = parseBody(body, generateSchema)?.meta_info
      const usage = info
        ? toUsage({
            prompt_tokens: info.prompt_tokens,
            completion_tokens: info.completion_tokens,
            prompt_tokens_details: { cached_tokens: info.cached_tokens },
          })
        : null
      const start = Number(asked['logprob_start_len'])
      const actual = info?.input_token_logprobs
      const chosen = info?.input_token_ids_logprobs
      if (!actual || chosen?.length !== length - start) return { places: null, usage }
      const read = places.map(({ at, holds }): Place => {
        const entry = chosenSchema.safeParse(chosen[at - start]).data
        const own = actualSchema.safeParse(actual[at - start]).data
        if (!entry || own?.[1] !== holds) return null
        const logprobs = new Map(entry.map(([logprob, id]) => [id, logprob]))
        return { alternatives: alternativesOf(digits, (id) => logprobs.get(id)) }
      })
      return { places: read, usage }
    },
    echo: (body, { places }) => {
      const parsed = parseBody(body, echoSchema)
      const logprobs = parsed?.choices[0]!.logprobs
      const usage = toUsage(parsed?.usage)
      if (!logprobs) return { places: null, usage }
      const { tokens, text_offset: offsets, top_logprobs: tops } = logprobs
      // Of tokens without text at the same offset, the last is the one that has the text behind it.
      const starts = new Map(offsets.map((offset, index) => [offset, index]))
      const named = tops.map((top) => topSchema.safeParse(top).data ?? null)
      const late = isOneLate(tokens, named) ? 1 : 0
      const read = places.map(({ at, holds }): Place => {
        const index = starts.get(at)
        if (index === undefined || !String(tokens[index]).startsWith(String(holds))) return null
        const top = named[index - late]
        if (!top) return null
        return { alternatives: Object.entries(top).map(([text, logprob]) => ({ text, logprob })) }
      })
      return { places: read, usage }
    },
  }

const LEAST_HITS = 8

/**
 * Whether a reply names, with each token, what could stand after it and not in its place: llama-cpp-python does so for
 * models that begin a text with no token of their own. A prompt full of tabs and line breaks shows it, since the
 * likeliest candidates then are the next tokens and not the ones they come with.
 */
function isOneLate(
  tokens: readonly unknown[],
  tops: readonly (Readonly<Record<string, number>> | null)[],
): boolean {
  let inPlace = 0
  let late = 0
  for (const [index, top] of tops.entries()) {
    if (top === null) continue
    const [likeliest] = Object.entries(top).reduce((best, one) => (one[1] > best[1] ? one : best), [
      '',
      Number.NEGATIVE_INFINITY,
    ] as [string, number])
    if (likeliest === tokens[index]) inPlace++
    if (likeliest === tokens[index + 1]) late++
  }
  return late >= LEAST_HITS && late > 2 * inPlace
}

function alternativesOf(
  digits: PromptQuestion['digits'],
  logprobOf: (id: number) => number | null | undefined,
): ReplyToken['alternatives'] {
  return digits.flatMap((ids, digit) =>
    ids.flatMap((id) => {
      const logprob = logprobOf(id)
      return logprob == null ? [] : [{ text: String(digit), logprob }]
    }),
  )
}
