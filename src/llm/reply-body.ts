import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import type { ReplyContent, ReplyToken, TokenUsage } from '../core/chat-model.ts'
import { describeIssues } from '../core/parse.ts'

const logprobSchema = z.looseObject({
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.number().int().min(0).max(255)).nullish().catch(null),
})

/** Not every server that says 200 to `logprobs` returns any: what is not of this form counts as none. */
const logprobsSchema = z
  .looseObject({
    content: z.array(logprobSchema.extend({ top_logprobs: z.array(logprobSchema) })).nullish(),
  })
  .nullish()
  .catch(null)

/** What a body says of tokens; null where that is not to be understood. */
export const usageSchema = z
  .looseObject({
    prompt_tokens: z.number().nullish(),
    completion_tokens: z.number().nullish(),
    prompt_tokens_details: z
      .looseObject({ cached_tokens: z.number().nullish(), cache_write_tokens: z.number().nullish() })
      .nullish(),
    completion_tokens_details: z.looseObject({ reasoning_tokens: z.number().nullish() }).nullish(),
  })
  .nullish()
  .catch(null)

/** The usage of a body in our terms. */
export function toUsage(usage: z.output<typeof usageSchema>): TokenUsage | null {
  if (!usage) return null
  return {
    promptTokens: usage.prompt_tokens ?? null,
    cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? null,
    cacheWriteTokens: usage.prompt_tokens_details?.cache_write_tokens ?? null,
    completionTokens: usage.completion_tokens ?? null,
    reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? null,
  }
}

/** The part of a chat completion that is read. Servers leave out, or set to null, much of what the API names. */
const bodySchema = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        message: z.looseObject({ content: z.string().nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
        logprobs: logprobsSchema,
      }),
    )
    .min(1),
  usage: usageSchema,
})

/** Reads the body of a chat completion. Never throws: a body that holds no message is a reply with a problem. */
export function readReplyBody(body: string): ReplyContent {
  let raw: unknown
  try {
    raw = JSON.parse(body)
  } catch {
    return unreadable('the body is no JSON')
  }
  const parsed = bodySchema.safeParse(raw)
  if (!parsed.success)
    return unreadable(`the body is no chat completion (${describeIssues(parsed.error).slice(0, 200)})`)
  const { message, finish_reason: finish, logprobs } = parsed.data.choices[0]!
  const content = {
    tokens: logprobs?.content?.length ? logprobs.content.map(toReplyToken) : null,
    cut: finish === 'length',
    usage: toUsage(parsed.data.usage),
  }
  if (message.content) return { ...content, text: message.content, problem: null }
  const problem = message.refusal
    ? 'the model refused'
    : finish === 'length'
      ? 'the token limit was reached before an answer'
      : 'the message is empty'
  return { ...content, text: null, problem }
}

function unreadable(problem: string): ReplyContent {
  return { text: null, cut: false, problem, usage: null, tokens: null }
}

function toReplyToken({ token, bytes, top_logprobs: top }: LogprobEntry): ReplyToken {
  const isWhole = !bytes || isUtf8(Uint8Array.from(bytes))
  return {
    // A part of a character is named in other words, such as `\\xe2\\x81`, which the reply does not hold.
    text: isWhole ? token : '',
    alternatives: top.map((one) => ({ text: one.token, logprob: one.logprob })),
  }
}

type LogprobEntry = z.output<typeof logprobSchema> & {
  readonly top_logprobs: readonly z.output<typeof logprobSchema>[]
}
