import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spearman } from '../../src/autointerp/correlation.ts'
import {
  importanceWeight,
  intervalShares,
  weightedSpearman,
} from '../../src/autointerp/importance-weights.ts'

describe('weighted Spearman', () => {
  it('with whole weights equals repeating every value that often', () => {
    const tokens = fc.array(fc.tuple(fc.nat(5), fc.nat(4), fc.nat(3)), { minLength: 2, maxLength: 30 })
    fc.assert(
      fc.property(tokens, (rows) => {
        const repeat = (place: 0 | 1): number[] =>
          rows.flatMap((row) => Array.from({ length: row[2] }, () => row[place]))
        const found = weightedSpearman(
          rows.map(([x]) => x),
          rows.map(([, y]) => y),
          rows.map(([, , weight]) => weight),
        )
        const repeated = repeat(0).length === 0 ? null : spearman(repeat(0), repeat(1))
        if (repeated === null) expect(found).toBeNull()
        else expect(found).toBeCloseTo(repeated, 10)
      }),
    )
  })

  it('with equal weights is scipy.stats.spearmanr', () => {
    // scipy 1.17.1
    const x = [1, 2, 2, 3, 5, 5, 5, 8]
    const y = [2, 1, 2, 4, 4, 5, 7, 7]
    for (const weight of [1, 0.003])
      expect(
        weightedSpearman(
          x,
          y,
          x.map(() => weight),
        ),
      ).toBeCloseTo(0.8813188557253854, 12)
  })
})

describe('shares of the intervals', () => {
  it('are exact where bins fit into intervals', () => {
    const histogram = Array.from({ length: 36 }, (_, bin) => (bin < 3 ? 10 : bin === 35 ? 30 : 0))
    expect(intervalShares(histogram, 12)).toEqual([0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5])
  })

  it('split bins across a border, and always add up to 1', () => {
    expect(intervalShares([3, 0], 3)).toEqual([expect.closeTo(2 / 3, 12), expect.closeTo(1 / 3, 12), 0])
    fc.assert(
      fc.property(
        fc.array(fc.nat(100), { minLength: 1, maxLength: 50 }),
        fc.integer({ min: 1, max: 20 }),
        (histogram, intervals) => {
          fc.pre(histogram.some((count) => count > 0))
          const shares = intervalShares(histogram, intervals)
          expect(shares).toHaveLength(intervals)
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9)
        },
      ),
    )
  })
})

describe('importance weights', () => {
  const importance = {
    density: 0.01,
    max: 12,
    shares: Array.from({ length: 12 }, (_, part) => (part + 1) / 78),
  }
  const weigh = (slice: Parameters<typeof importanceWeight>[0]['slice'], activation: number): number =>
    importanceWeight({ slice, nominal: 0, activations: [activation] }, importance)

  it('are 1 for random, density times the share of the interval for firing slices, 0 for other', () => {
    expect(weigh('random', 0)).toBe(1)
    expect(weigh('top', 12)).toBeCloseTo(0.01 * (12 / 78), 12)
    // The third interval is (2, 3].
    expect(weigh('interval 3', 3)).toBeCloseTo(0.01 * (3 / 78), 12)
    expect(weigh('interval 3', 3.001)).toBeCloseTo(0.01 * (4 / 78), 12)
    expect(weigh('other', 5)).toBe(0)
  })
})
