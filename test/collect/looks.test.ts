import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  examplesByLook,
  LOOKS,
  mixAt,
  spreadOverIntervals,
  type StratumCounts,
  stratumOf,
} from '../../src/collect/looks.ts'
import { examplesWanted, type Slice, type SliceMix } from '../../src/core/protocol.ts'
import { Random } from '../../src/core/random.ts'

const MIX = { top: 6, perInterval: 2, random: 10, other: 20 }

function slicesOf(mix: StratumCounts, intervals: number): Slice[] {
  const of = (count: number, name: (i: number) => Slice): Slice[] =>
    Array.from({ length: count }, (_, i) => name(i))
  return [
    ...of(mix.top, () => 'top'),
    ...of(mix.interval, (i) => `interval ${1 + (i % intervals)}`),
    ...of(mix.random, () => 'random'),
    ...of(mix.other, () => 'other'),
  ]
}

function countsOf(examples: readonly { readonly slice: Slice }[]): number[] {
  return ['top', 'interval', 'random', 'other'].map(
    (stratum) => examples.filter(({ slice }) => stratumOf(slice) === stratum).length,
  )
}

describe('the mix at a look', () => {
  it.each([
    [40, [4, 16, 7, 13]],
    [60, [6, 24, 10, 20]],
    [90, [9, 36, 15, 30]],
    [120, [12, 48, 20, 40]],
    [180, [18, 72, 30, 60]],
  ])('of %i examples is %j', (examples, expected) => {
    const { top, interval, random, other } = mixAt(MIX, 12, examples)
    expect([top, interval, random, other]).toEqual(expected)
  })

  it('adds up, is within one of the exact share, and is the mix itself at its own number', () => {
    const mixes = fc.record({
      top: fc.integer({ min: 1, max: 20 }),
      perInterval: fc.nat(4),
      random: fc.nat(20),
      other: fc.nat(30),
    })
    fc.assert(
      fc.property(
        mixes,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 300 }),
        (mix, intervals, n) => {
          const whole = examplesWanted(mix, intervals)
          const wanted = [mix.top, mix.perInterval * intervals, mix.random, mix.other]
          const { top, interval, random, other } = mixAt(mix, intervals, n)
          const counts = [top, interval, random, other]
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(n)
          for (const [place, count] of counts.entries())
            expect(Math.abs(count - (wanted[place]! * n) / whole)).toBeLessThan(1)
          const own = mixAt(mix, intervals, whole)
          expect([own.top, own.interval, own.random, own.other]).toEqual(wanted)
        },
      ),
    )
  })

  it('is spread over intervals as evenly as it goes', () => {
    const counts = spreadOverIntervals(16, 12, new Random(1))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(16)
    expect(counts.toSorted((a, b) => a - b)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2])
  })
})

describe('examples by look', () => {
  const numbered = (slices: readonly Slice[], from: number) =>
    slices.map((slice, i) => ({ slice, id: from + i }))
  const standard = numbered(slicesOf(mixAt(MIX, 12, 60), 12), 0)
  const extra = [30, 30, 60].flatMap((count, round) =>
    numbered(slicesOf(mixAt(MIX, 12, count), 12), 100 * (round + 1)),
  )

  it('keep the mix at every look, and are the standard ones at their number', () => {
    const looks = examplesByLook(standard, extra, MIX, 12, 5, 9)
    const used: typeof standard = []
    for (const [place, added] of looks.entries()) {
      used.push(...added)
      const { top, interval, random, other } = mixAt(MIX, 12, LOOKS[place]!)
      expect(countsOf(used)).toEqual([top, interval, random, other])
      if (used.length === 60) expect(new Set(used)).toEqual(new Set(standard))
    }
    expect(new Set(used.map(({ id }) => id)).size).toBe(180)
    expect(used.length).toBe(180)
    // Rounds go in the order in which they were drawn.
    expect(looks.slice(2).map((added) => Math.min(...added.map(({ id }) => id)))).toEqual([100, 200, 300])
    // At 40, every interval has one example or two.
    const first = looks[0]!.filter(({ slice }) => stratumOf(slice) === 'interval').map(({ slice }) => slice)
    expect(new Set(first).size).toBe(12)
  })

  it('draw from all of a slice alike, and depend on nothing but seed and feature', () => {
    const times = new Map<number, number>()
    for (let feature = 0; feature < 600; feature++)
      for (const { id } of examplesByLook(standard, extra, MIX, 12, 1, feature)[0]!)
        times.set(id, (times.get(id) ?? 0) + 1)
    // 4 of 6 of the top, 16 of 24, 7 of 10, 13 of 20: about two thirds each.
    for (const { id } of standard) expect(Math.abs(times.get(id)! / 600 - 2 / 3)).toBeLessThan(0.1)
    const ids = (seed: number, feature: number): number[] =>
      examplesByLook(standard, extra, MIX, 12, seed, feature)
        .flat()
        .map(({ id }) => id)
    expect(ids(1, 2)).toEqual(ids(1, 2))
    expect(ids(1, 2)).not.toEqual(ids(2, 2))
    expect(ids(1, 2)).not.toEqual(ids(1, 3))
  })

  it('lose none and add none where a feature has too few', () => {
    fc.assert(
      fc.property(fc.subarray(standard), fc.subarray(extra), fc.nat(), (some, more, seed) => {
        const used = examplesByLook(some, more, MIX, 12, seed, 1).flat()
        expect(new Set(used).size).toBe(used.length)
        for (const one of some) expect(used).toContain(one)
        for (const one of more) expect(used).toContain(one)
      }),
    )
  })

  it('start with all of a protocol that scores 40', () => {
    const mix: SliceMix = { top: 4, perInterval: 2, random: 7, other: 13 }
    const own = numbered(slicesOf(mixAt(mix, 8, 40), 8), 0)
    expect(examplesByLook(own, [], mix, 8, 1, 1).map(({ length }) => length)).toEqual([40])
  })
})
