import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectedLevel, LEAST_DIGIT_MASS } from '../../src/autointerp/digit-levels.ts'

const of = (probabilities: Record<string, number>) =>
  Object.entries(probabilities).map(([text, probability]) => ({ text, logprob: Math.log(probability) }))

describe('an expected level', () => {
  it('is the mean of the digits by their probability', () => {
    const found = expectedLevel(of({ '3': 0.5, '7': 0.25, '0': 0.25 }), 9)!
    expect(found.level).toBeCloseTo(0.5 * 3 + 0.25 * 7, 12)
    expect(found.mass).toBeCloseTo(1, 12)
  })

  it('counts what is not a digit of the scale out, and says how much is left', () => {
    const found = expectedLevel(of({ '4': 0.3, '8': 0.3, ' the': 0.2, '10': 0.1, '٣': 0.1 }), 9)!
    expect(found.level).toBeCloseTo(6, 12)
    expect(found.mass).toBeCloseTo(0.6, 12)
    expect(expectedLevel(of({ '4': 0.6, '8': 0.4 }), 5)!.level).toBeCloseTo(4, 12)
  })

  it('puts variants of a digit together', () => {
    const found = expectedLevel(of({ '5': 0.2, ' 5': 0.3, '▁5': 0.1, '\t1': 0.4 }), 9)!
    expect(found.level).toBeCloseTo((0.6 * 5 + 0.4 * 1) / 1, 12)
  })

  it('reads a digit that shares its token with what stands before it', () => {
    const found = expectedLevel(of({ '=2': 0.5, '=6': 0.25, '6': 0.25 }), 9, '=')!
    expect(found.level).toBeCloseTo((0.5 * 2 + 0.25 * 6) / 0.75, 12)
    expect(found.mass).toBeCloseTo(0.75, 12)
  })

  it('is missing, and no zero, where too little is on digits', () => {
    expect(expectedLevel(of({ '0': 0.3, '9': 0.1, ' none': 0.6 }), 9)).toBeNull()
    expect(expectedLevel([], 9)).toBeNull()
  })

  it('reads a "10" that is one token, on a scale that has it', () => {
    // The published example: 2.9 of the distribution over the numbers alone.
    expect(expectedLevel(of({ '0': 0.5, '3': 0.3, '10': 0.2 }), 10)!.level).toBeCloseTo(2.9, 12)
    expect(expectedLevel(of({ '0': 0.5, '3': 0.3, '10': 0.2 }), 9)!.level).toBeCloseTo(1.125, 12)
    expect(expectedLevel(of({ '=10': 0.8, '=100': 0.2 }), 10, '=')!.level).toBeCloseTo(10, 12)
  })

  it('lies between the least and the greatest digit that have probability', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 2, maxLength: 10 }),
        (weights) => {
          const total = weights.reduce((a, b) => a + b, 0)
          const alternatives = weights.map((weight, digit) => ({
            text: String(digit),
            logprob: Math.log(weight / total),
          }))
          const found = expectedLevel(alternatives, 9)!
          expect(found.mass).toBeCloseTo(1, 9)
          expect(found.mass).toBeGreaterThan(LEAST_DIGIT_MASS)
          expect(found.level).toBeGreaterThanOrEqual(0)
          expect(found.level).toBeLessThanOrEqual(weights.length - 1)
        },
      ),
    )
  })
})
