import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pairedDifference } from '../../src/autointerp/paired-difference.ts'
import { Random } from '../../src/core/random.ts'

describe('paired differences', () => {
  it('are second minus first', () => {
    const found = pairedDifference(
      [
        [0.1, 0.3],
        [0.5, 0.5],
        [0.4, 0.3],
        [0.2, 0.6],
      ],
      0,
    )!
    expect(found.mean).toBeCloseTo(0.125, 12)
    expect(found.median).toBeCloseTo(0.1, 12)
    expect(found).toMatchObject({ n: 4, higher: 0.5, equal: 0.25 })
    expect(pairedDifference([], 0)).toBeNull()
  })

  it('swap their sign with the sides', () => {
    const pair = fc.tuple(
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.double({ min: -1, max: 1, noNaN: true }),
    )
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 30 }), (pairs) => {
        const there = pairedDifference(pairs, 3, undefined, 200)!
        const back = pairedDifference(
          pairs.map(([first, second]) => [second, first] as const),
          3,
          undefined,
          200,
        )!
        expect(back.mean).toBeCloseTo(-there.mean, 12)
        expect(back.interval.low).toBeCloseTo(-there.interval.high, 12)
        expect(back.interval.high).toBeCloseTo(-there.interval.low, 12)
      }),
    )
  })

  it('have an interval as wide as the normal approximation of a mean says', () => {
    const random = new Random(1, 'pairs')
    const noise = (): number => random.below(1_000_001) / 1e6
    const pairs = Array.from({ length: 400 }, () => {
      const ease = noise()
      return [ease, ease + 0.1 * noise()] as const
    })
    const { mean, interval } = pairedDifference(pairs, 0)!
    // A uniform difference over [0, .1] has the standard deviation .1 / √12.
    const half = (1.96 * (0.1 / Math.sqrt(12))) / Math.sqrt(400)
    expect(mean).toBeCloseTo(0.05, 2)
    expect((interval.high - interval.low) / 2 / half).toBeGreaterThan(0.85)
    expect((interval.high - interval.low) / 2 / half).toBeLessThan(1.15)
  })

  it('learn nothing from a feature that is there twice, where its copies are one cluster', () => {
    const pair = fc.tuple(fc.integer({ min: -100, max: 100 }), fc.integer({ min: -100, max: 100 }))
    fc.assert(
      fc.property(
        fc.array(pair, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 2, max: 4 }),
        (pairs, copies) => {
          const once = pairedDifference(pairs, 5, undefined, 200)!
          const copied = Array.from({ length: copies }, () => pairs).flat()
          const together = pairedDifference(copied, 5, (place) => place % pairs.length, 200)!
          expect(together).toMatchObject({ n: copies * pairs.length, clusters: pairs.length })
          expect(together.interval.low).toBeCloseTo(once.interval.low, 9)
          expect(together.interval.high).toBeCloseTo(once.interval.high, 9)
        },
      ),
    )
  })

  it('have a narrower interval where copies count as features of their own', () => {
    const pairs = Array.from({ length: 40 }, (_, place) => [0, Math.sin(place)] as const)
    const copied = Array.from({ length: 16 }, () => pairs).flat()
    const width = ({ low, high }: { low: number; high: number }): number => high - low
    const together = pairedDifference(copied, 1, (place) => place % pairs.length)!
    const alone = pairedDifference(copied, 1)!
    // Sixteen copies: a quarter of the standard error.
    expect(width(together.interval) / width(alone.interval)).toBeGreaterThan(3.4)
    expect(width(together.interval) / width(alone.interval)).toBeLessThan(4.6)
  })
})
