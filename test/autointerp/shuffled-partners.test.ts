import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shuffledPartners } from '../../src/autointerp/shuffled-partners.ts'

const features = (count: number) =>
  Array.from({ length: count }, (_, feature) => ({ feature, density: ((feature * 37) % count) / count }))
const unlike = (): number => 0

describe('the partners of the shuffled control', () => {
  it('are a derangement within density deciles', () => {
    const all = features(200)
    const partners = shuffledPartners(all, unlike, 1)
    expect(partners.size).toBe(200)
    expect(new Set(partners.values()).size).toBe(200)
    const decile = (feature: number): number => Math.floor((all[feature]!.density * 200) / 20)
    for (const [feature, partner] of partners) {
      expect(partner).not.toBe(feature)
      expect(decile(partner)).toBe(decile(feature))
    }
  })

  it('are never alike, and still all used once where that can be', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 150 }), fc.nat(), (count, seed) => {
        // Features in pairs of twins.
        const cosine = (a: number, b: number): number => (a >> 1 === b >> 1 ? 0.9 : 0.1)
        const partners = shuffledPartners(features(count), cosine, seed)
        for (const [feature, partner] of partners) expect(cosine(feature, partner)).toBeLessThan(0.3)
        expect(new Set(partners.values()).size).toBe(partners.size)
      }),
    )
  })

  it('do not exist for a feature with fewer than two candidates', () => {
    expect(shuffledPartners(features(10), unlike, 1).size).toBe(0)
    expect(shuffledPartners(features(29), unlike, 1).size).toBe(27)
    expect(shuffledPartners(features(30), unlike, 1).size).toBe(30)
    expect(shuffledPartners(features(100), () => 1, 1).size).toBe(0)
  })

  it('depend on the seed and on nothing else', () => {
    const all = features(100)
    expect(shuffledPartners(all.toReversed(), unlike, 4)).toEqual(new Map(shuffledPartners(all, unlike, 4)))
    expect(shuffledPartners(all, unlike, 5)).not.toEqual(shuffledPartners(all, unlike, 4))
  })
})
