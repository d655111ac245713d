import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { largestActivation, quantize } from '../../src/autointerp/quantize.ts'

describe('quantize', () => {
  it.each([
    [0, 0],
    [-3, 0],
    [0.001, 1],
    [1 / 9, 1],
    [0.12, 2],
    [0.5, 5],
    [1, 9],
    [7, 9],
  ])('takes %d of 1 to level %i', (activation, level) => {
    expect(quantize(activation, 1, 9)).toBe(level)
  })

  it('is 0 exactly for silent tokens, and never falls as activations rise', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -5, max: 20, noNaN: true }),
        fc.double({ min: -5, max: 20, noNaN: true }),
        fc.double({ min: 0.01, max: 10, noNaN: true }),
        (a, b, max) => {
          const [low, high] = [Math.min(a, b), Math.max(a, b)]
          expect(quantize(low, max, 9)).toBeLessThanOrEqual(quantize(high, max, 9))
          expect(quantize(a, max, 9) === 0).toBe(a <= 0)
          expect(quantize(a, max, 9)).toBeLessThanOrEqual(9)
        },
      ),
    )
  })

  it('rounds down as published where the protocol says so', () => {
    // Bills et al.: min(10, floor(10 · a / max)); at a maximum of 4.24 they print 0.44 as 1 and 2.83 as 6.
    expect(quantize(0.44, 4.24, 10, 'floor')).toBe(1)
    expect(quantize(2.83, 4.24, 10, 'floor')).toBe(6)
    expect(quantize(4.24, 4.24, 10, 'floor')).toBe(10)
    expect(quantize(9, 4.24, 10, 'floor')).toBe(10)
    expect(quantize(0.42, 4.24, 10, 'floor')).toBe(0)
    expect(quantize(-1, 4.24, 10, 'floor')).toBe(0)
    expect(quantize(0.44, 4.24, 10)).toBe(2)
    expect(quantize(2.83, 4.24, 10)).toBe(7)
  })

  it('is 0 where nothing fires', () => {
    expect(largestActivation([{ activations: [-1, 0] }])).toBe(0)
    expect(quantize(1, 0, 9)).toBe(0)
    expect(largestActivation([{ activations: [1, 3] }, { activations: [2] }])).toBe(3)
  })
})
