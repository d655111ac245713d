import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { percentileInterval, quantile } from '../../src/autointerp/bootstrap.ts'
import { placeOrderStatistics } from '../../src/autointerp/order-statistics.ts'

const values = fc.array(fc.oneof(fc.double({ noNaN: true }), fc.nat(3)), { minLength: 1, maxLength: 60 })

describe('order statistics', () => {
  it('are those of the sorted list', () => {
    fc.assert(
      fc.property(values, fc.nat(59), (list, at) => {
        const place = at % list.length
        const sorted = Float64Array.from(list).toSorted()
        const found = Float64Array.from(list)
        placeOrderStatistics(found, place)
        expect(found[place]).toBe(sorted[place])
        expect(found[place + 1]).toBe(sorted[place + 1])
        expect(found.toSorted()).toEqual(sorted)
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
