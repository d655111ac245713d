import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { discoveries } from '../../src/autointerp/false-discovery.ts'

describe('discoveries', () => {
  it('are the four of the example of Benjamini and Hochberg (1995), section 4', () => {
    const p = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
      0.759, 1,
    ]
    expect(discoveries(p, 0.05)).toEqual(p.map((_, index) => index < 4))
  })

  it('reach beyond a p that alone is too large', () => {
    expect(discoveries([0.03, 0.01, 0.029], 0.03)).toEqual([true, true, true])
    expect(discoveries([], 0.05)).toEqual([])
  })

  it('do not depend on the order, and none is lost at a higher rate', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 }), (p) => {
        const found = discoveries(p, 0.05)
        expect(discoveries(p.toReversed(), 0.05)).toEqual(found.toReversed())
        const more = discoveries(p, 0.2)
        for (const [index, holds] of found.entries()) if (holds) expect(more[index]).toBe(true)
      }),
    )
  })
})
