import { z } from 'zod'
import type { ReplyContent } from '../core/chat-model.ts'
import { describeIssues } from '../core/parse.ts'

/** The part of a chat completion that is read. Servers leave out, or set to null, much of what the API names. */
const bodySchema = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        message: z.looseObject({ content: z.string().nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
  usage: z
    .looseObject({
      prompt_tokens: z.number().nullish(),
      completion_tokens: z.number().nullish(),
      prompt_tokens_details: z
        .looseObject({ cached_tokens: z.number().nullish(), cache_write_tokens: z.number().nullish() })
        .nullish(),
      completion_tokens_details: z.looseObject({ reasoning_tokens: z.number().nullish() }).nullish(),
    })
    .nullish()
    .catch(null),
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
  const { message, finish_reason: finish } = parsed.data.choices[0]!
  const usage = parsed.data.usage
  const content = {
    cut: finish === 'length',
    usage: usage
      ? {
          promptTokens: usage.prompt_tokens ?? null,
          cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? null,
          cacheWriteTokens: usage.prompt_tokens_details?.cache_write_tokens ?? null,
          completionTokens: usage.completion_tokens ?? null,
          reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? null,
        }
      : null,
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
  return { text: null, cut: false, problem, usage: null }
}
