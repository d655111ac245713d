import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Candidate, planSession, queueOf, type SessionDraw } from '../../src/review/plan-session.ts'

const DRAW: SessionDraw = { seed: 1, items: 60, repeats: 0.1, checks: 0.1, overlap: 0.25, raters: null }

function candidates(counts: Readonly<Partial<Record<Candidate['kind'], number>>>): Candidate[] {
  return Object.entries(counts).flatMap(([kind, count]) =>
    Array.from({ length: count }, (_, feature) => ({
      kind: kind as Candidate['kind'],
      setId: kind,
      feature,
      density: (feature + 1) / 1000,
      explained: kind === 'feature',
    })),
  )
}

const ALL = candidates({ feature: 400, neuron: 300, random: 200 })

describe('a session', () => {
  const plan = planSession(ALL, DRAW, true)
  const ratings = plan.filter(({ role }) => role === 'rating')

  it('shares its items among the kinds, each spread over the deciles of density', () => {
    for (const kind of ['feature', 'neuron', 'random'] as const) {
      const ofKind = ratings.filter((item) => item.kind === kind)
      expect(ofKind).toHaveLength(20)
      const size = ALL.filter((candidate) => candidate.kind === kind).length
      const deciles = ofKind.map(({ feature }) => Math.floor((10 * feature) / size))
      for (let decile = 0; decile < 10; decile++)
        expect(deciles.filter((one) => one === decile)).toHaveLength(2)
    }
    expect(new Set(ratings.map(({ setId, feature }) => `${setId} ${feature}`)).size).toBe(60)
  })

  it('interleaves the kinds', () => {
    for (let round = 0; round < 20; round++)
      expect(new Set(ratings.slice(3 * round, 3 * round + 3).map(({ kind }) => kind)).size).toBe(3)
    // Not always in the same order.
    expect(new Set(ratings.flatMap(({ kind }, place) => (place % 3 === 0 ? [kind] : []))).size).toBe(3)
  })

  it('has codes that say nothing but the order', () => {
    expect(plan.map(({ code }) => code)).toEqual(
      plan.map((_, index) => `item ${String(index + 1).padStart(3, '0')}`),
    )
  })

  it('repeats a tenth of the items, at a distance', () => {
    const repeats = plan.filter(({ role }) => role === 'repeat')
    expect(repeats).toHaveLength(6)
    for (const repeat of repeats) {
      const first = plan.findIndex(({ code }) => code === repeat.original)
      expect(plan[first]).toMatchObject({ role: 'rating', setId: repeat.setId, feature: repeat.feature })
      expect(plan.indexOf(repeat) - first).toBeGreaterThanOrEqual(10)
    }
    expect(new Set(repeats.map(({ original }) => original)).size).toBe(6)
  })

  it('checks attention with explanations of others, on units that are not rated', () => {
    const checks = plan.filter(({ role }) => role === 'check')
    expect(checks).toHaveLength(6)
    for (const { kind, feature, explanationOf, setId } of checks) {
      expect(kind).toBe('feature')
      expect(explanationOf).not.toBe(feature)
      expect(ratings.some((item) => item.setId === setId && item.feature === feature)).toBe(false)
    }
    expect(planSession(ALL, DRAW, false).some(({ role }) => role === 'check')).toBe(false)
  })

  it('is the same for the same seed, whatever the order of the candidates', () => {
    expect(planSession(ALL.toReversed(), DRAW, true)).toEqual(plan)
    const order = (items: typeof plan): string[] => items.map(({ setId, feature }) => `${setId} ${feature}`)
    expect(order(planSession(ALL, { ...DRAW, seed: 2 }, true))).not.toEqual(order(plan))
  })

  it('deals what is not shared, each rater as much', () => {
    const raters = ['ana', 'ben', 'cy']
    const dealt = planSession(ALL, { ...DRAW, raters }, true)
    const shared = dealt.filter((item) => item.role === 'rating' && item.raters === null)
    expect(shared).toHaveLength(15)
    for (const rater of raters) {
      const queue = queueOf(dealt, rater)
      expect(queue.filter(({ role }) => role === 'rating')).toHaveLength(30)
      expect(queue.filter(({ role }) => role === 'check')).toHaveLength(6)
      for (const { original } of queue.filter(({ role }) => role === 'repeat'))
        expect(queue.some(({ code }) => code === original)).toBe(true)
    }
  })

  it('takes what there is where a kind has less', () => {
    const few = planSession(candidates({ feature: 400, neuron: 5 }), DRAW, true)
    const kinds = few.filter(({ role }) => role === 'rating').map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'neuron')).toHaveLength(5)
    expect(kinds).toHaveLength(60)
    expect(() => planSession([], DRAW, true)).toThrow(/run gloss sample first/)
  })

  it('holds for any sizes', () => {
    const sizes = fc.record({
      features: fc.integer({ min: 1, max: 40 }),
      neurons: fc.integer({ min: 0, max: 20 }),
      items: fc.integer({ min: 1, max: 50 }),
      seed: fc.nat(),
    })
    fc.assert(
      fc.property(sizes, ({ features, neurons, items, seed }) => {
        const made = planSession(
          candidates({ feature: features, neuron: neurons }),
          { ...DRAW, items, seed },
          true,
        )
        expect(made.filter(({ role }) => role === 'rating')).toHaveLength(Math.min(items, features + neurons))
        expect(new Set(made.map(({ code }) => code)).size).toBe(made.length)
      }),
    )
  })
})
