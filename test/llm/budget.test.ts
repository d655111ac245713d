import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Budget } from '../../src/llm/budget.ts'

describe('the budget', () => {
  it('lets nothing begin that could pass the cap, earlier runs included', () => {
    const budget = new Budget(10, 4)
    expect(budget.reserve(5)).toBe(true)
    expect(budget.reserve(2)).toBe(false)
    expect(budget.reserve(1)).toBe(true)
    expect(budget.reserve(0.01)).toBe(false)
    // What costs nothing always fits.
    expect(budget.reserve(0)).toBe(true)
    budget.settle(5, 2)
    expect(budget.reserve(3)).toBe(true)
    expect(budget.reserve(0.01)).toBe(false)
  })

  it('is spent when nothing is left of it, or less than nothing', () => {
    expect(new Budget(5, 5).reserve(0.01)).toBe(false)
    expect(new Budget(5, 6).reserve(0)).toBe(false)
    expect(new Budget(0, 0).reserve(0)).toBe(true)
    expect(new Budget(Number.POSITIVE_INFINITY, 1e9).reserve(1e9)).toBe(true)
  })

  it('is never passed, whatever is reserved and settled in whatever order', () => {
    // Whole cents, so that sums are exact.
    const step = fc.record({
      worst: fc.nat(30),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      now: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.nat(200), fc.array(step, { maxLength: 60 }), (cap, steps) => {
        const budget = new Budget(cap, 0)
        const open: { worst: number; cost: number }[] = []
        let spent = 0
        const settle = (): void => {
          const { worst, cost } = open.shift()!
          spent += cost
          budget.settle(worst, cost)
        }
        for (const { worst, share, now } of steps) {
          const reserved = open.reduce((sum, one) => sum + one.worst, 0)
          const fits = budget.reserve(worst)
          expect(fits).toBe(spent + reserved + worst <= cap)
          if (fits) open.push({ worst, cost: Math.floor(worst * share) })
          if (now && open.length > 0) settle()
          expect(spent).toBeLessThanOrEqual(cap)
        }
        while (open.length > 0) settle()
        expect(spent).toBeLessThanOrEqual(cap)
      }),
    )
  })
})
