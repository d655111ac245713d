import type { ReplyContent } from '../core/chat-model.ts'
import { parseBody } from './probe-replies.ts'
import { type PromptQuestion, promptQuestionSchema } from './prompt-question.ts'
import { readPromptReply } from './prompt-reply.ts'
import { readReplyBody } from './reply-body.ts'

/** Reads a body as what was asked for. @param question what was asked of a prompt; null for a chat */
export function readReply(body: string, question: PromptQuestion | null): ReplyContent {
  return question === null ? readReplyBody(body) : readPromptReply(body, question)
}

/** The question in the stored body of a request; null where that was a chat. */
export function storedQuestion(body: string): PromptQuestion | null {
  return parseBody(body, promptQuestionSchema)
}
