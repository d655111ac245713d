import { describe, expect, it } from 'vitest'
import { NO, type Question, YES } from '../../src/autointerp/questions.ts'
import { bundledExplainPrompt, bundledQuestionPrompts, bundledSimulatePrompt } from '../../src/cli/assets.ts'
import type { Answer, ChatModel, ChatRequest, ReplyToken } from '../../src/core/chat-model.ts'
import type { LlmTier } from '../../src/core/scores.ts'
import { QuestionAsker } from '../../src/pipeline/ask-questions.ts'
import { judgeChat } from '../support/judge-chat.ts'

const QUESTIONS = [YES, NO, YES, NO, NO].map((answer, index): Question => ({
  windows: [{ tokens: [index], highlighted: [] }],
  answer,
  group: answer === YES ? 'firing' : 'silent',
}))

type Reply = Partial<Extract<Answer, { kind: 'reply' }>> | null

/** Asks in calls of two questions. */
async function asked(tier: LlmTier, replies: readonly Reply[]) {
  const seen: ChatRequest[] = []
  const chat: ChatModel = {
    ...judgeChat(() => ''),
    ask: (request) => {
      const reply = replies[seen.push(request as ChatRequest) - 1]
      return Promise.resolve(
        reply
          ? { kind: 'reply', hash: 'h', text: '', cut: false, problem: null, tokens: null, ...reply }
          : { kind: 'failed', hash: 'h', reason: 'no reply' },
      )
    },
  }
  const questions = bundledQuestionPrompts()
  const llm = {
    chat,
    explain: bundledExplainPrompt(),
    simulate: bundledSimulatePrompt(),
    choose: bundledSimulatePrompt(),
    questions,
    tier,
    reask: false,
  }
  const asker = new QuestionAsker(llm, questions.detection, 2, tier, (tokens) =>
    tokens.map((id) => ` w${id}`),
  )
  return { ...(await asker.ask('Words.', QUESTIONS, 0)), seen }
}

/** A reply with `1: WORD` and `2: WORD` in which each word's token has its own P(yes). */
function believed(...shares: number[]): Reply {
  const tokens = shares.flatMap((share, index): ReplyToken[] => {
    const plain = (text: string): ReplyToken => ({ text, alternatives: [{ text, logprob: 0 }] })
    const word = share >= 0.5 ? ' yes' : ' no'
    return [
      plain(`${index === 0 ? '' : '\n'}${index + 1}:`),
      {
        text: word,
        alternatives: [
          { text: ' yes', logprob: Math.log(0.9 * share) },
          { text: ' no', logprob: Math.log(0.9 * (1 - share)) },
        ],
      },
    ]
  })
  return { text: tokens.map(({ text }) => text).join(''), tokens }
}

describe('asking questions', () => {
  it('keeps answers in their places, and tells calls without a reply from replies without an answer', async () => {
    const found = await asked('integersSparse', [{ text: '1: yes\n2: no' }, null, { text: 'Hm.' }])
    expect(found).toMatchObject({
      answers: [1, 0, null, null, null],
      beliefs: null,
      calls: 3,
      failedCalls: 1,
      unreadableCalls: 1,
      optionMass: null,
      reasons: ['no reply', '1 of 1 questions without an answer that can be read'],
    })
    expect(found.seen.every(({ topLogprobs }) => topLogprobs === undefined)).toBe(true)
    expect(found.seen[1]!.messages.at(-1)!.content).toBe('Description: Words.\n\n1:  w2\n2:  w3')
  })

  it('takes beliefs from log-probabilities, and the answer that is believed', async () => {
    const found = await asked('chatLogprobs', [believed(0.8, 0.3), believed(0.6, 0.1), believed(0.2)])
    expect(found.answers).toEqual([1, 0, 1, 0, 0])
    for (const [index, share] of [0.8, 0.3, 0.6, 0.1, 0.2].entries())
      expect(found.beliefs![index]).toBeCloseTo(share, 12)
    expect(found.optionMass).toBeCloseTo(0.9, 12)
    expect(found.seen.every(({ topLogprobs }) => topLogprobs === 20)).toBe(true)
  })

  it('takes no certainty for a belief where a reply has no log-probabilities', async () => {
    const found = await asked('chatLogprobs', [{ text: '1: yes\n2: no' }, believed(0.6, 0.1), believed(0.2)])
    expect(found.answers).toEqual([null, null, 1, 0, 0])
    expect(found.unreadableCalls).toBe(1)
    expect(found.reasons[0]).toContain('score with --tier integersSparse')
  })
})
