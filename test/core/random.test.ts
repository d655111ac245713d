import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hash32, Random } from '../../src/core/random.ts'

describe('hash32', () => {
  // Published vectors of MurmurHash3_x86_32 with seed 0 for four-byte keys, as little-endian words.
  it.each([
    [0x00000000, 0x2362f9de],
    [0xffffffff, 0x76293b50],
    [0x87654321, 0xf55b516b],
    [0x74736574, 0xba6bd213], // "test"
  ])('of %i is MurmurHash3', (word, expected) => {
    expect(hash32(word)).toBe(expected)
  })

  it('depends on the order of words', () => {
    expect(hash32(1, 2)).not.toBe(hash32(2, 1))
  })
})

describe('Random', () => {
  it('repeats itself for equal seeds and streams, and for no others', () => {
    const draw = (random: Random): number[] => Array.from({ length: 8 }, () => random.next())
    expect(draw(new Random(1, 'a', 2))).toEqual(draw(new Random(1, 'a', 2)))
    const others = [new Random(2, 'a', 2), new Random(1, 'b', 2), new Random(1, 'a', 3), new Random(1, 'a')]
    for (const other of others) expect(draw(other)).not.toEqual(draw(new Random(1, 'a', 2)))
  })

  it('draws below a bound uniformly', () => {
    const random = new Random(3, 'uniform')
    const counts = Array.from({ length: 7 }, () => 0)
    for (let i = 0; i < 70_000; i++) counts[random.below(7)]!++
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
    // 99.9 % of a chi-square distribution with 6 degrees of freedom lies below 22.46.
    expect(chiSquare).toBeLessThan(22.46)
  })

  it('stays below every bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffff_ffff }), fc.nat(), (bound, seed) => {
        expect(new Random(seed).below(bound)).toBeLessThan(bound)
      }),
    )
  })

  it('shuffles into every order equally often', () => {
    const counts = new Map<string, number>()
    for (let seed = 0; seed < 6000; seed++) {
      const order = new Random(seed, 'shuffle').shuffle([0, 1, 2]).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
    expect(chiSquare).toBeLessThan(20.52)
  })

  it('has normal numbers of mean 0 and variance 1', () => {
    const random = new Random(5, 'normal')
    const numbers = Array.from({ length: 20_000 }, () => random.normal())
    const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length
    const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length
    expect(Math.abs(mean)).toBeLessThan(0.03)
    expect(Math.abs(variance - 1)).toBeLessThan(0.04)
  })
})
