import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cliffsDelta, Dominance } from '../../src/core/dominance.ts'

// Small integers, so that ties abound.
const sample = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 30 })

/** By its definition, pair by pair. */
function deltaByPairs(x: readonly number[], y: readonly number[]): number {
  const signs = x.flatMap((a) => y.map((b) => Math.sign(a - b)))
  return signs.reduce((sum, sign) => sum + sign, 0) / signs.length
}

describe("Cliff's δ", () => {
  it('is −.25 for the worked example of the R package effsize', () => {
    const treatment = [10, 10, 20, 20, 20, 30, 30, 30, 40, 50]
    expect(cliffsDelta(treatment, [10, 20, 30, 40, 40, 50])).toBeCloseTo(-0.25, 14)
  })

  it('is what its definition says', () => {
    fc.assert(
      fc.property(sample, sample, (x, y) => {
        expect(cliffsDelta(x, y)).toBeCloseTo(deltaByPairs(x, y), 12)
      }),
    )
  })

  it('changes its sign with the order of the samples, and nothing under increasing maps', () => {
    fc.assert(
      fc.property(sample, sample, (x, y) => {
        expect(cliffsDelta(y, x)! + cliffsDelta(x, y)!).toBe(0)
        expect(
          cliffsDelta(
            x.map((value) => Math.exp(value)),
            y.map((value) => Math.exp(value)),
          ),
        ).toBe(cliffsDelta(x, y))
      }),
    )
  })

  it('is not defined for an empty sample', () => {
    expect(cliffsDelta([], [1])).toBeNull()
    expect(cliffsDelta([1], [])).toBeNull()
  })

  it('counts a weight as so many copies', () => {
    fc.assert(
      fc.property(sample, sample, fc.array(fc.nat(3), { minLength: 60, maxLength: 60 }), (x, y, weights) => {
        const own = x.flatMap((value, i) => Array.from({ length: weights[i]! }, () => value))
        const other = y.flatMap((value, i) => Array.from({ length: weights[x.length + i]! }, () => value))
        const copied = new Dominance(own, other).count()
        expect(new Dominance(x, y).count(weights)).toEqual(copied)
      }),
    )
  })
})
