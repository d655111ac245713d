import { sha256 } from '../../src/core/hash.ts'
import type { Answer, ChatModel, ChatRequest } from '../../src/core/chat-model.ts'

/** A chat model inside the test's own process: a function from requests to replies; null is a call that failed. */
export function judgeChat(answer: (request: ChatRequest) => string | null): ChatModel {
  return {
    group: 'judge',
    model: 'judge',
    mostInFlight: 16,
    ask: (request) => {
      if ('pieces' in request) throw new Error('a judge reads chats alone')
      const text = answer(request)
      const hash = sha256(JSON.stringify(request))
      const reply: Answer =
        text === null
          ? { kind: 'failed', hash, reason: 'the call failed' }
          : { kind: 'reply', hash, text, cut: false, problem: null, tokens: null }
      return Promise.resolve(reply)
    },
    answered: () => null,
    forecast: () => ({ promptTokens: 0, completionTokens: 0, usd: null }),
    expectedSeconds: () => null,
    spending: () => ({
      requests: 0,
      fromCache: 0,
      failed: 0,
      retries: 0,
      promptTokens: 0,
      cachedTokens: 0,
      completionTokens: 0,
      usd: null,
      inFlight: 0,
      window: 0,
    }),
    takeEvents: () => [],
  }
}
