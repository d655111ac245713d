import {
  bundledExplainPrompt,
  bundledQuestionPrompts,
  bundledSimulatePrompt,
  type SimulateChoices,
} from '../../src/cli/assets.ts'
import type { ChatModel, ChatRequest } from '../../src/core/chat-model.ts'
import { sha256 } from '../../src/core/hash.ts'
import type { LlmTier } from '../../src/core/scores.ts'
import type { Llm } from '../../src/pipeline/study.ts'

const EMPTY_SPENDING = {
  requests: 0,
  fromCache: 0,
  failed: 0,
  retries: 0,
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  usd: 0,
  inFlight: 0,
  window: 0,
}

/** A judge in this process; what it is asked and answers are real texts. Null is a call without a reply. */
export function judge(
  answer: (content: string) => string | null,
  tier: LlmTier = 'integersSparse',
  choices: SimulateChoices = {},
): Llm & { readonly asked: string[] } {
  const asked: string[] = []
  const chat: ChatModel = {
    group: 'judge',
    model: 'judge',
    mostInFlight: 16,
    ask: async (request) => {
      const { content } = (request as ChatRequest).messages.at(-1)!
      asked.push(content)
      const text = answer(content)
      return text === null
        ? { kind: 'failed', hash: '', reason: 'lost' }
        : { kind: 'reply', hash: '', text, cut: false, problem: null, tokens: null }
    },
    answered: () => null,
    forecast: () => ({ promptTokens: 1, completionTokens: 1, usd: 1 }),
    expectedSeconds: () => null,
    spending: () => EMPTY_SPENDING,
    takeEvents: () => [],
  }
  return {
    chat,
    explain: bundledExplainPrompt(),
    choose: bundledSimulatePrompt(),
    questions: bundledQuestionPrompts(),
    simulate: bundledSimulatePrompt(tier, choices),
    tier,
    reask: false,
    asked,
  }
}

/** Whether a call is lost: the same ones every time, about this share of all. */
export function isLost(content: string, share: number): boolean {
  return Number.parseInt(sha256(content).slice(0, 8), 16) / 0x1_0000_0000 < share
}
