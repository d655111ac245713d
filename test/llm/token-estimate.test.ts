import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { estimateTokens, mostPromptTokens } from '../../src/llm/token-estimate.ts'
import { ROOT } from '../support/paths.ts'

/**
 * The messages of the golden prompts, in order, in tokens of o200k_base: counted once with gpt-tokenizer 4.0.0,
 * `encode(content).length`. A change of a golden file wants them counted anew.
 */
const COUNTED = {
  'explain-pairs.txt': [196, 172, 20, 137, 24, 136],
  'simulate-sparse.txt': [200, 131, 30, 104, 26, 88],
} as const
const GOLDEN = Object.entries(COUNTED)

function messagesOf(file: string): string[] {
  const text = readFileSync(join(ROOT, 'test/golden', file), 'utf8')
  return text.split(/^--- .*\n/m).slice(1, -1)
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

describe('the estimate of tokens', () => {
  it.each(GOLDEN)('meets %s within 6 %%, and each of its messages within 16 %%', (file, counted) => {
    const estimates = messagesOf(file).map(estimateTokens)
    expect(estimates).toHaveLength(counted.length)
    for (const [index, estimate] of estimates.entries())
      expect(Math.abs(estimate / counted[index]! - 1)).toBeLessThan(0.16)
    expect(Math.abs(sum(estimates) / sum(counted) - 1)).toBeLessThan(0.06)
  })

  it.each([
    ['', 0],
    ['word', 1],
    [' word', 1],
    ['two words', 2],
    ['internationally', 1 + 7 / 4],
    ['1234', 2],
    [' 1234', 3],
    ['   x', 2],
    ['a\n\nb', 3],
    ['a.b', 2.9],
    ['¹', 1.1],
    ['⁴', 2],
    ['日本', 1.5],
  ])('of %j is %d', (text, tokens) => {
    expect(estimateTokens(text)).toBeCloseTo(tokens, 10)
  })
})

describe('the most tokens that a prompt can have', () => {
  it.each(GOLDEN)('are more than those of %s', (file, counted) => {
    const messages = messagesOf(file).map((content) => ({ role: 'user' as const, content }))
    expect(mostPromptTokens({ messages, maxTokens: 1 })).toBeGreaterThan(sum(counted))
  })

  it('are one a byte, with room for a template', () => {
    const messages = [
      { role: 'system' as const, content: '日本' },
      { role: 'user' as const, content: 'abc' },
    ]
    expect(mostPromptTokens({ messages, maxTokens: 1 })).toBe(6 + 3 + 3 * 32)
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (content) => {
        const most = mostPromptTokens({ messages: [{ role: 'user', content }], maxTokens: 1 })
        expect(most).toBe(new TextEncoder().encode(content).length + 64)
        expect(estimateTokens(content)).toBeLessThanOrEqual(most)
      }),
    )
  })
})
