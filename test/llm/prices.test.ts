import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TokenUsage } from '../../src/core/chat-model.ts'
import { priceList } from '../../src/llm/prices.ts'

const AT = new Date('2026-06-01T00:00:00Z')
const OPENAI = 'https://api.openai.com/v1'
const mini = priceList(OPENAI, 'gpt-4o-mini', null)

function usage(promptTokens: number, completionTokens: number, more: Partial<TokenUsage> = {}): TokenUsage {
  const unknown = { cachedTokens: null, cacheWriteTokens: null, reasoningTokens: null }
  return { promptTokens, completionTokens, ...unknown, ...more }
}

describe('a price', () => {
  // $0.15 for a million tokens of prompt, $0.075 where they are cached, $0.60 of completion.
  it.each([
    [usage(1e6, 0), 0.15],
    [usage(1e6, 0, { cachedTokens: 1e6 }), 0.075],
    [usage(1e6, 0, { cachedTokens: 4e5 }), 0.6 * 0.15 + 0.4 * 0.075],
    [usage(0, 1e6), 0.6],
    [usage(0, 1e6, { reasoningTokens: 9e5 }), 0.6],
    [usage(2000, 100, { cachedTokens: 1024 }), (976 * 0.15 + 1024 * 0.075 + 100 * 0.6) / 1e6],
    // More cached than there is.
    [usage(1000, 0, { cachedTokens: 5000 }), (1000 * 0.075) / 1e6],
  ])('of %o is %d', (used, usd) => {
    const price = mini.price(used, AT)!
    expect(price.usd).toBeCloseTo(usd, 12)
    expect(price.id).toBe('openai/gpt-4o-mini')
  })

  it('is null where the usage is not known', () => {
    expect(mini.price(usage(1, 1, { promptTokens: null }), AT)).toBeNull()
    expect(mini.price(usage(1, 1, { completionTokens: null }), AT)).toBeNull()
  })

  it.each([
    [OPENAI, 'no-such-model'],
    ['http://127.0.0.1:8000/v1', 'gpt-4o-mini'],
    ['http://localhost:11434/v1', 'gpt-4o-mini'],
    ['https://llm.example.org/v1', 'gpt-4o-mini'],
  ])('is null at %s for %s', (baseUrl, model) => {
    const prices = priceList(baseUrl, model, null)
    expect(prices.price(usage(10, 10), AT)).toBeNull()
    expect(prices.worst(10, 10, AT)).toBeNull()
  })

  it('is what gloss.yaml says where that says one', () => {
    const given = priceList(OPENAI, 'gpt-4o-mini', { input: 2, cachedInput: 0.5, output: 8 })
    expect(given.price(usage(1000, 100, { cachedTokens: 400 }), AT)).toEqual({
      usd: (600 * 2 + 400 * 0.5 + 100 * 8) / 1e6,
      id: 'gloss.yaml',
    })
    const free = priceList('http://localhost:8000/v1', 'm', { input: 0, output: 0 })
    expect(free.price(usage(1000, 100), AT)).toEqual({ usd: 0, id: 'gloss.yaml' })
    expect(free.worst(1000, 100, AT)).toBe(0)
    const plain = priceList('http://localhost:8000/v1', 'm', { input: 3, output: 1 })
    expect(plain.price(usage(1000, 0, { cachedTokens: 1000 }), AT)!.usd).toBeCloseTo(0.003, 12)
  })
})

describe('the worst price', () => {
  const amount = fc.double({ min: 0, max: 100, noNaN: true })
  const lists = fc.oneof(
    // Plain; with a price for writing to the cache and two tiers; with two tiers.
    fc.constantFrom(
      mini,
      priceList('https://api.anthropic.com/v1', 'claude-sonnet-4-5', null),
      priceList('https://generativelanguage.googleapis.com/v1beta/openai', 'gemini-2.5-pro', null),
    ),
    fc
      .record({ input: amount, cachedInput: fc.option(amount, { nil: undefined }), output: amount })
      .map((given) => priceList(OPENAI, 'any', given)),
  )

  it('is never less than what a request of no more tokens costs', () => {
    const count = fc.nat(1_000_000)
    fc.assert(
      fc.property(lists, count, count, count, count, fc.tuple(count, count), (prices, ...counts) => {
        const [prompt, completion, cachedTokens, cacheWriteTokens, [fewerPrompt, fewerCompletion]] = counts
        const worst = prices.worst(prompt, completion, AT)!
        const used = usage(Math.min(prompt, fewerPrompt), Math.min(completion, fewerCompletion), {
          cachedTokens,
          cacheWriteTokens,
        })
        expect(prices.price(used, AT)!.usd).toBeLessThanOrEqual(worst + 1e-9)
      }),
      { numRuns: 500 },
    )
  })

  it('counts a prompt that is written to a cache, where that costs more', () => {
    const claude = priceList('https://api.anthropic.com/v1', 'claude-sonnet-4-5', null)
    // Up to 200,000 tokens: $3 of prompt, $3.75 written, $15 of completion.
    expect(claude.worst(100_000, 10_000, AT)).toBeCloseTo(0.375 + 0.15, 12)
  })
})
