import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cliffsDelta } from '../../src/core/dominance.ts'
import { matchedDelta } from '../../src/core/matched-delta.ts'

describe("Cliff's δ within strata", () => {
  it('compares within strata only', () => {
    const a = [
      { stratum: 'rare', value: 3 },
      { stratum: 'dense', value: 1 },
    ]
    const b = [
      { stratum: 'rare', value: 2 },
      { stratum: 'dense', value: 9 },
      { stratum: 'dense', value: 0 },
      { stratum: 'elsewhere', value: 0 },
    ]
    // δ is 1 of one pair and 0 of two, with weights 1/2 and 2/3.
    expect(matchedDelta(a, b)).toBeCloseTo(3 / 7, 12)
    expect(matchedDelta(a, [{ stratum: 'elsewhere', value: 1 }])).toBeNull()
  })

  it('changes sign with the sides', () => {
    const value = fc.record({ stratum: fc.constantFrom('a', 'b'), value: fc.integer({ min: 0, max: 9 }) })
    fc.assert(
      fc.property(fc.array(value), fc.array(value), (a, b) => {
        const delta = matchedDelta(a, b)
        if (delta === null) expect(matchedDelta(b, a)).toBeNull()
        else expect(matchedDelta(b, a)).toBeCloseTo(-delta, 12)
      }),
    )
  })

  it('is the plain one with one stratum', () => {
    const value = fc.integer({ min: 0, max: 9 })
    const inOne = (values: readonly number[]) => values.map((one) => ({ stratum: 'all', value: one }))
    fc.assert(
      fc.property(fc.array(value), fc.array(value), (a, b) => {
        const plain = cliffsDelta(a, b)
        if (plain === null) expect(matchedDelta(inOne(a), inOne(b))).toBeNull()
        else expect(matchedDelta(inOne(a), inOne(b))).toBeCloseTo(plain, 12)
      }),
    )
  })
})
