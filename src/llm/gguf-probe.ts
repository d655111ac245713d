import type { LlmRequest } from '../core/chat-model.ts'
import type { GgufClient } from './gguf-client.ts'
import { FailedTryError } from './openai-client.ts'
import type { ProbeResult } from './probe.ts'
import { readChat } from './probe-replies.ts'
import { readReply } from './read-reply.ts'

const ALTERNATIVES = 20
const CHAT = {
  messages: [{ role: 'user', content: 'Reply with the number 10 in digits and nothing else.' }],
  maxTokens: 16,
  topLogprobs: ALTERNATIVES,
} as const
const PROMPT = { pieces: ['cat\t3\ndog\t', '?', '\n'], places: [1], maxTokens: 1 } as const

/** Loads a model file and asks it two short questions. @throws {DataError} where it cannot be loaded */
export async function probeGguf(client: GgufClient): Promise<ProbeResult> {
  const notes: string[] = []
  const server = await client.engineName()
  const chat = await ask(client, CHAT, notes)
  const prompt = await ask(client, PROMPT, notes)
  const reply = chat === null ? null : readChat(chat)
  const alternatives = reply?.alternatives ?? 0
  return {
    server,
    models: null,
    modelServed: true,
    chat: reply !== null,
    capabilities: {
      tokenLimit: 'max_tokens',
      temperature: true,
      reasoningEffort: false,
      chatLogprobs: alternatives,
      promptLogprobs: prompt === null ? null : 'prompt_logprobs',
      jsonSchema: false,
      tenIsOneToken: await client.tenIsOneToken(),
      shutdownDate: null,
    },
    calls: [chat, prompt].filter((body) => body !== null).length,
    notes,
  }
}

/** The reply's body; null where the model cannot be asked so. */
async function ask(client: GgufClient, request: LlmRequest, notes: string[]): Promise<string | null> {
  try {
    const { body, question } = await client.send(request)
    const { problem } = readReply(body, question ?? null)
    if (problem !== null) notes.push(problem)
    return problem === null ? body : null
  } catch (error) {
    if (!(error instanceof FailedTryError)) throw error
    notes.push(error.failed.failure.message)
    return null
  }
}
