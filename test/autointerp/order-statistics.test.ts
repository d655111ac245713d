import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { percentileInterval, quantile } from '../../src/autointerp/bootstrap.ts'
import { tails } from '../../src/autointerp/order-statistics.ts'

/** Zeros of either sign are equal values. */
const values = fc.array(
  fc.oneof(fc.double({ noNaN: true }), fc.nat(3)).map((value) => value + 0),
  { minLength: 1, maxLength: 60 },
)

describe('the tails of a list', () => {
  it('are those of the sorted list', () => {
    fc.assert(
      fc.property(values, fc.nat(60), (list, most) => {
        const count = most % (list.length + 1)
        const sorted = Float64Array.from(list).toSorted()
        const { low, high } = tails(list, count)
        expect(low).toEqual(sorted.slice(0, count))
        expect(high).toEqual(sorted.slice(list.length - count))
      }),
    )
  })

  it('give the interval that sorting gives', () => {
    const finite = fc.array(fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constant(0)), {
      minLength: 1,
      maxLength: 90,
    })
    fc.assert(
      fc.property(finite, (list) => {
        const sorted = Float64Array.from(list).toSorted()
        const { low, high } = percentileInterval(Float64Array.from(list))
        expect(low).toBe(quantile(sorted, (1 - 0.95) / 2))
        expect(high).toBe(quantile(sorted, (1 + 0.95) / 2))
      }),
    )
  })
})
