import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { binOf, binsOf, middleOf } from '../../../src/export/charts/numbers.ts'

describe('bins', () => {
  it('hold a border in the bin that it begins, and the end in the last one', () => {
    expect(binsOf([-1, -0.5, 0, 0.49, 0.5, 1], -1, 1, 4).map(({ count }) => count)).toEqual([1, 1, 2, 2])
    expect(binOf(0.3, 0, 1, 10)).toBe(3)
  })

  it('count every value once, and shares sum to 1', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 1 }),
        fc.integer({ min: 1, max: 50 }),
        (values, bins) => {
          const found = binsOf(values, -1, 1, bins)
          expect(found).toHaveLength(bins)
          expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(values.length)
          expect(found.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9)
        },
      ),
    )
  })
})

describe('the middle', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
  ])('of %j is %d', (values, expected) => expect(middleOf(values)).toBe(expected))
})
