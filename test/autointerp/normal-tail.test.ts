import { describe, expect, it } from 'vitest'
import { normalTail } from '../../src/autointerp/normal-tail.ts'

// scipy 1.17.1, scipy.stats.norm.sf; at 37, where that is only good to 13 digits, mpmath 1.3 with 40
const TAILS: readonly (readonly [z: number, tail: number])[] = [
  [0, 0.5],
  [0.5, 0.3085375387259869],
  [1, 0.15865525393145707],
  [1.959963984540054, 0.025],
  [2.99, 0.0013948872354922468],
  [3, 0.0013498980316300933],
  [3.01, 0.0013062384487694675],
  [5, 2.866515718791933e-7],
  [8, 6.22096057427174e-16],
  [20, 2.7536241186061556e-89],
  [37, 5.725571222524577e-300],
  [-1.5, 0.9331927987311419],
]

describe('normalTail', () => {
  it.each(TAILS)('at %f is that of scipy', (z, tail) => {
    expect(Math.abs(normalTail(z) / tail - 1)).toBeLessThan(1e-12)
  })

  it('goes to 0 and 1', () => {
    expect(normalTail(50)).toBe(0)
    expect(normalTail(-50)).toBe(1)
    expect(normalTail(Number.POSITIVE_INFINITY)).toBe(0)
  })
})
