import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mannWhitney } from '../../src/autointerp/mann-whitney.ts'

// Small integers, so that ties abound.
const sample = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 30 })

describe('the Mann–Whitney test', () => {
  // scipy 1.17.1, scipy.stats.mannwhitneyu(x, y, method='asymptotic'); the first is the example of its documentation.
  it.each([
    [[19, 22, 16, 29, 24], [20, 11, 17, 12], 17, 0.11134688653314041],
    [[1, 2, 2, 3, 3, 3, 7], [2, 2, 3, 5, 5, 8, 9, 9], 14.5, 0.12480599705746624],
    [[10, 10, 20, 20, 20, 30, 30, 30, 40, 50], [10, 20, 30, 40, 40, 50], 22.5, 0.4377586729619217],
    [
      Array.from({ length: 100 }, (_, i) => ((i * 37) % 101) / 10),
      Array.from({ length: 80 }, (_, i) => ((i * 53) % 97) / 9 + 2.5),
      2197,
      2.1143003093014648e-7,
    ],
    [
      Array.from({ length: 400 }, (_, i) => Math.floor(((i * 37) % 101) / 10)),
      Array.from({ length: 300 }, (_, i) => Math.floor(((i * 53) % 97) / 9) + 2),
      36344,
      2.984816529014141e-19,
    ],
  ])('is that of scipy (%#)', (x, y, u, p) => {
    const found = mannWhitney(x, y)!
    expect(found.u).toBe(u)
    expect(Math.abs(found.p / p - 1)).toBeLessThan(1e-11)
  })

  it('is two-sided: the order of the samples does not matter', () => {
    fc.assert(
      fc.property(sample, sample, (x, y) => {
        const [one, other] = [mannWhitney(x, y), mannWhitney(y, x)]
        expect(one?.p).toBe(other?.p)
        if (one && other) expect(one.u + other.u).toBeCloseTo(x.length * y.length, 9)
      }),
    )
  })

  it('is not defined where all values are equal or a sample is empty', () => {
    expect(mannWhitney([1, 1], [1])).toBeNull()
    expect(mannWhitney([], [1, 2])).toBeNull()
  })
})
