import { describe, expect, it } from 'vitest'
import type { ChatRequest, TokenUsage } from '../../src/core/chat-model.ts'
import type { ReplySample } from '../../src/core/ledger.ts'
import { Forecaster } from '../../src/llm/forecaster.ts'

/** A request of as many estimated tokens: short words, and five for the message. */
function request(tokens: number, maxTokens = 4000): ChatRequest {
  return { messages: [{ role: 'user', content: words(tokens - 5) }], maxTokens }
}

function words(count: number): string {
  return 'word '.repeat(count).trimEnd()
}

function usage(promptTokens: number | null, completionTokens: number | null): TokenUsage {
  return { promptTokens, completionTokens, cachedTokens: null, cacheWriteTokens: null, reasoningTokens: null }
}

function sample(prompt: number, reply: number, counted: TokenUsage): ReplySample {
  const { messages } = request(prompt)
  return {
    body: JSON.stringify({ model: 'm', messages, max_tokens: 5 }),
    response: JSON.stringify({ choices: [{ message: { content: words(reply) }, finish_reason: 'stop' }] }),
    usage: counted,
  }
}

describe('a forecast', () => {
  it('is the estimate where nothing is known of the model', () => {
    const forecaster = new Forecaster([])
    expect(forecaster.promptTokens(request(105))).toBe(105)
    expect(forecaster.forecast(request(105), words(40))).toEqual({ promptTokens: 105, completionTokens: 40 })
    const two = { ...request(105), messages: [...request(105).messages, ...request(20).messages] }
    expect(forecaster.promptTokens(two)).toBe(125)
  })

  it('expects no reply longer than the limit', () => {
    expect(new Forecaster([]).forecast(request(10, 30), words(40)).completionTokens).toBe(30)
  })

  it('is corrected by what earlier replies were counted as, as if 500 tokens had been right', () => {
    // Prompts of 1,500 tokens were counted as 3,000, replies of 250 as 1,750.
    const forecaster = new Forecaster([
      sample(1000, 100, usage(2000, 1000)),
      sample(500, 150, usage(1000, 750)),
    ])
    expect(forecaster.promptTokens(request(200))).toBe(200 * (3500 / 2000))
    expect(forecaster.forecast(request(200), words(30)).completionTokens).toBe(30 * (2250 / 750))
  })

  it('passes over what says nothing', () => {
    const good = sample(1000, 100, usage(2000, 1000))
    const forecaster = new Forecaster([
      { ...good, body: '{"prompt":"x"}' },
      { ...good, body: '"x"', response: 'half of a bo' },
      sample(1000, 100, usage(null, null)),
    ])
    // The reply of the first one counts.
    expect(forecaster.forecast(request(200), words(30))).toEqual({
      promptTokens: 200,
      completionTokens: 30 * (1500 / 600),
    })
  })

  it('learns from prompts while a run goes on, until enough is known', () => {
    const forecaster = new Forecaster([])
    forecaster.learn(request(500), usage(1500, 1))
    expect(forecaster.promptTokens(request(100))).toBe(200)
    forecaster.learn(request(500), null)
    forecaster.learn(request(500), usage(null, 5))
    expect(forecaster.promptTokens(request(100))).toBe(200)
    forecaster.learn(request(500_000), usage(1_500_000, 1))
    const settled = forecaster.promptTokens(request(100))
    expect(settled).toBeGreaterThan(290)
    forecaster.learn(request(500_000), usage(1, 1))
    expect(forecaster.promptTokens(request(100))).toBe(settled)
  })
})
