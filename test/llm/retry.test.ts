import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RetryBudget, retryPause } from '../../src/llm/retry.ts'

describe('the pause before a retry', () => {
  it.each([
    [1, 0.5, 250],
    [2, 0.5, 500],
    [3, 0.5, 1000],
    [6, 0.5, 8000],
    // 500 · 2⁶ = 32,000 is beyond the longest.
    [7, 0.5, 15_000],
    [40, 0.5, 15_000],
    [3, 0, 0],
  ])('after %d tries and a draw of %d is %d ms', (tries, uniform, ms) => {
    expect(retryPause(tries, uniform, 500)).toBe(ms)
  })

  it('is anything from 0 to its bound', () => {
    const uniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), uniform, fc.nat(10_000), (tries, draw, first) => {
        const pause = retryPause(tries, draw, first)
        expect(pause).toBeGreaterThanOrEqual(0)
        expect(pause).toBeLessThanOrEqual(Math.min(30_000, first * 2 ** (tries - 1)))
      }),
    )
  })
})

describe('the budget of retries', () => {
  it('is fifty, and one more for four replies', () => {
    const budget = new RetryBudget()
    const spend = (most: number): number => {
      let spent = 0
      while (spent < most && budget.spend()) spent++
      return spent
    }
    expect(spend(1000)).toBe(50)
    for (let reply = 0; reply < 3; reply++) budget.replied()
    expect(spend(1000)).toBe(0)
    budget.replied()
    expect(spend(1000)).toBe(1)
    for (let reply = 0; reply < 400; reply++) budget.replied()
    expect(spend(1000)).toBe(100)
  })
})
