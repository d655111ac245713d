import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ComparedFeature, compareScores } from '../../src/autointerp/compare-scores.ts'
import { cliffsDelta } from '../../src/core/dominance.ts'
import { Random } from '../../src/core/random.ts'

const RESAMPLES = 200

const feature = fc.record({
  score: fc.integer({ min: -10, max: 10 }).map((value) => value / 10),
  density: fc.integer({ min: 1, max: 1000 }).map((value) => value / 1000),
  tokenShare: fc.integer({ min: 0, max: 100 }).map((value) => value / 100),
  cluster: fc.nat(9),
})
const features = fc.array(feature, { minLength: 1, maxLength: 40 })

/** Features whose score rises with density, plus an effect. */
function planted(
  count: number,
  density: (random: Random) => number,
  effect: number,
  seed: number,
  perCluster = 1,
): ComparedFeature[] {
  const random = new Random(seed, 'planted')
  let shared = 0
  return Array.from({ length: count }, (_, i) => {
    if (i % perCluster === 0) shared = random.normal()
    const own = density(random)
    const noise = perCluster === 1 ? random.normal() : shared + 0.01 * random.normal()
    return {
      score: 3 * own + noise + effect,
      density: own,
      tokenShare: 0.5,
      cluster: Math.floor(i / perCluster),
    }
  })
}

const widthOf = (interval: { low: number; high: number } | null): number => interval!.high - interval!.low

describe('compareScores', () => {
  it("is Cliff's δ over all features, and within its interval", () => {
    fc.assert(
      fc.property(features, features, (a, b) => {
        const found = compareScores(a, b, 0, RESAMPLES)!
        const scores = (side: readonly ComparedFeature[]): number[] => side.map(({ score }) => score)
        expect(found.delta.value).toBeCloseTo(cliffsDelta(scores(a), scores(b))!, 12)
        const { low, high } = found.delta.interval!
        expect(low).toBeLessThanOrEqual(high)
        expect(Math.min(Math.abs(low), Math.abs(high))).toBeLessThanOrEqual(1 + 1e-12)
      }),
      { numRuns: 30 },
    )
  })

  it('is 0 for a set against itself, whole and matched', () => {
    fc.assert(
      fc.property(features, (a) => {
        const { delta, matched } = compareScores(a, a, 0, 1)!
        expect(delta.value).toBeCloseTo(0, 12)
        expect(matched!.value).toBeCloseTo(0, 12)
        expect(matched!.features).toEqual([a.length, a.length])
      }),
    )
  })

  it('is blind to copies within a cluster: the interval is no narrower by them', () => {
    fc.assert(
      fc.property(features, features, (a, b) => {
        const thrice = (side: ComparedFeature[]): ComparedFeature[] => side.flatMap((one) => [one, one, one])
        const [once, copied] = [
          compareScores(a, b, 5, RESAMPLES)!,
          compareScores(thrice(a), thrice(b), 5, RESAMPLES)!,
        ]
        expect(copied.clusters).toEqual(once.clusters)
        expect(copied.delta.value).toBeCloseTo(once.delta.value, 10)
        expect(copied.delta.interval!.low).toBeCloseTo(once.delta.interval!.low, 10)
        expect(copied.delta.interval!.high).toBeCloseTo(once.delta.interval!.high, 10)
      }),
      { numRuns: 20 },
    )
  })

  it('does not depend on how clusters are numbered', () => {
    const [a, b] = [planted(60, () => 0.1, 0, 1, 3), planted(40, () => 0.1, 0, 2, 2)]
    const renamed = a.map((one) => ({ ...one, cluster: 1000 - 7 * one.cluster }))
    expect(compareScores(renamed, b, 0)).toEqual(compareScores(a, b, 0))
    expect(compareScores(a, b, 0)).toEqual(compareScores(a, b, 0))
    expect(compareScores(a, b, 1)!.delta.interval).not.toEqual(compareScores(a, b, 0)!.delta.interval)
  })

  it('gives wider intervals where features of a cluster are alike', () => {
    const [a, b] = [planted(400, () => 0.1, 0.3, 1, 10), planted(400, () => 0.1, 0, 2, 10)]
    const apart = (side: ComparedFeature[]): ComparedFeature[] =>
      side.map((one, cluster) => ({ ...one, cluster }))
    const clustered = compareScores(a, b, 0)!
    const naive = compareScores(apart(a), apart(b), 0)!
    expect(widthOf(clustered.delta.interval)).toBeGreaterThan(2 * widthOf(naive.delta.interval))
    expect(clustered.clusters).toEqual([40, 40])
  })

  it('covers the true δ of clustered samples', () => {
    // The same population twice, so that δ is 0; 120 intervals, of which about six miss it.
    let covered = 0
    for (let trial = 0; trial < 120; trial++) {
      const [a, b] = [planted(120, () => 0.1, 0, 2 * trial, 4), planted(120, () => 0.1, 0, 2 * trial + 1, 4)]
      const { low, high } = compareScores(a, b, trial, RESAMPLES)!.delta.interval!
      if (low <= 0 && high >= 0) covered++
    }
    expect(covered).toBeGreaterThanOrEqual(106)
    expect(covered).toBeLessThan(120)
  })

  it('takes away what density explains', () => {
    // The first set is denser, and score rises with density; nothing else differs.
    const a = planted(1500, (random) => random.uniform(), 0, 1)
    const b = planted(1500, (random) => random.uniform() ** 3, 0, 2)
    const { delta, matched } = compareScores(a, b, 0)!
    expect(delta.value).toBeGreaterThan(0.15)
    expect(delta.interval!.low).toBeGreaterThan(0)
    expect(Math.abs(matched!.value)).toBeLessThan(0.08)
    expect(matched!.strata).toBe(10)
  })

  it('keeps what density does not explain', () => {
    const a = planted(1000, (random) => random.uniform(), 1, 1)
    const b = planted(1000, (random) => random.uniform() ** 3, 0, 2)
    expect(compareScores(a, b, 0)!.matched!.interval!.low).toBeGreaterThan(0.4)
  })

  it('matches by token share too', () => {
    const scored = (tokenShare: number, score: number, cluster: number): ComparedFeature => ({
      score,
      density: 0.1,
      tokenShare,
      cluster,
    })
    // Within each half of η² the second set is better; the first has more features of the better half.
    const a = [...Array.from({ length: 90 }, (_, i) => scored(0.9, 0.8, i)), scored(0.1, 0.2, 90)]
    const b = [scored(0.9, 0.9, 0), ...Array.from({ length: 90 }, (_, i) => scored(0.1, 0.3, i + 1))]
    const { delta, matched } = compareScores(a, b, 0)!
    expect(delta.value).toBeGreaterThan(0.9)
    expect(matched!.value).toBe(-1)
  })

  it('says so where no two features are alike, and where a set is empty', () => {
    const sparse = [{ score: 1, density: 0.001, tokenShare: 0.9, cluster: 0 }]
    const dense = [{ score: 0, density: 0.4, tokenShare: 0.1, cluster: 0 }]
    expect(compareScores(sparse, dense, 0)).toMatchObject({ delta: { value: 1 }, matched: null })
    expect(compareScores([], dense, 0)).toBeNull()
  })
})
