import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { estimateByFeature } from '../../src/review/bootstrap-features.ts'
import { intraclassCorrelation } from '../../src/review/intraclass.ts'
import { krippendorffAlpha } from '../../src/review/krippendorff.ts'
import { kendallTau, spearmanRho } from '../../src/review/rank-correlation.ts'
import { weightedKappa } from '../../src/review/weighted-kappa.ts'

/** Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve units. */
const OBSERVERS = [
  [1, 2, 3, 3, 2, 1, 4, 1, 2, null, null, null],
  [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, null, 3],
  [null, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, null],
  [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, null],
]
const UNITS = OBSERVERS[0]!.map((_, unit) =>
  OBSERVERS.map((ratings) => ratings[unit]!).filter((rating) => rating !== null),
)

const ratings = fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }), { maxLength: 12 })

/** Alpha from its definition: mean squared distance within units over that of all pairable values. */
function directAlpha(units: readonly (readonly number[])[], distance: (a: number, b: number) => number) {
  const pairable = units.filter(({ length }) => length > 1)
  const all = pairable.flat()
  let observed = 0
  for (const unit of pairable)
    for (const a of unit) for (const b of unit) observed += distance(a, b) / (unit.length - 1) / all.length
  let expected = 0
  for (const a of all) for (const b of all) expected += distance(a, b) / (all.length * (all.length - 1))
  return expected > 0 ? 1 - observed / expected : null
}

describe("Krippendorff's alpha", () => {
  it.each([
    ['nominal', 0.743],
    ['ordinal', 0.815],
    ['interval', 0.849],
  ] as const)('is as published, %s', (metric, alpha) => {
    expect(krippendorffAlpha(UNITS, metric)).toBeCloseTo(alpha, 3)
  })

  it('is null, not 1, without variance, and without pairs', () => {
    expect(
      krippendorffAlpha(
        [
          [2, 2],
          [2, 2, 2],
        ],
        'ordinal',
      ),
    ).toBeNull()
    expect(krippendorffAlpha([[1], [2], []], 'nominal')).toBeNull()
    expect(krippendorffAlpha([], 'interval')).toBeNull()
  })

  it('equals its definition', () => {
    fc.assert(
      fc.property(ratings, (units) => {
        const same = directAlpha(units, (a, b) => Number(a !== b))
        const squared = directAlpha(units, (a, b) => (a - b) ** 2)
        for (const [found, wanted] of [
          [krippendorffAlpha(units, 'nominal'), same],
          [krippendorffAlpha(units, 'interval'), squared],
        ]) {
          if (wanted == null) expect(found).toBeNull()
          else expect(found).toBeCloseTo(wanted, 10)
        }
      }),
    )
  })

  it('does not depend on the order of units or raters', () => {
    fc.assert(
      fc.property(ratings, (units) => {
        const turned = units.toReversed().map((unit) => unit.toReversed())
        const [a, b] = [krippendorffAlpha(units, 'ordinal'), krippendorffAlpha(turned, 'ordinal')]
        if (a === null) expect(b).toBeNull()
        else expect(b).toBeCloseTo(a, 12)
      }),
    )
  })
})

/** Shrout and Fleiss 1979, table 2: six targets, four judges. */
const JUDGED = [
  [9, 2, 5, 8],
  [6, 1, 3, 2],
  [8, 4, 6, 8],
  [7, 1, 2, 6],
  [10, 5, 6, 9],
  [6, 2, 4, 7],
]

describe('the intraclass correlation', () => {
  it('is as published', () => {
    const found = intraclassCorrelation(JUDGED)!
    expect(found.single).toBeCloseTo(0.29, 2)
    expect(found.average).toBeCloseTo(0.62, 2)
    expect(found).toMatchObject({ k: 4, n: 6 })
  })

  it('of the mean follows from the single one by Spearman and Brown', () => {
    const { single, average, k } = intraclassCorrelation(JUDGED)!
    expect(average).toBeCloseTo((k * single) / (1 + (k - 1) * single), 10)
  })

  it('is 1 for raters who agree and null without variance, with one unit or one rater', () => {
    expect(
      intraclassCorrelation([
        [1, 1],
        [5, 5],
        [3, 3],
      ]),
    ).toMatchObject({ single: 1, average: 1 })
    expect(
      intraclassCorrelation([
        [2, 2],
        [2, 2],
      ]),
    ).toBeNull()
    expect(intraclassCorrelation([[1, 2]])).toBeNull()
    expect(intraclassCorrelation([[1], [2]])).toBeNull()
  })
})

describe('the weighted kappa', () => {
  it("is Cohen's kappa for two categories", () => {
    // 50 grant proposals, two readers: 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no; kappa 0.4.
    const table = [
      [1, 1, 20],
      [1, 0, 5],
      [0, 1, 10],
      [0, 0, 15],
    ] as const
    const pairs = table.flatMap(([a, b, count]) => Array.from({ length: count }, () => [a, b] as const))
    expect(weightedKappa(pairs)).toBeCloseTo(0.4, 10)
  })

  it('equals the concordance correlation coefficient (Lin 1989)', () => {
    const pair = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }))
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 30 }), (pairs) => {
        const mean = (pick: (p: readonly [number, number]) => number): number =>
          pairs.reduce((sum, p) => sum + pick(p), 0) / pairs.length
        const [x, y] = [mean(([a]) => a), mean(([, b]) => b)]
        const scale = mean(([a]) => (a - x) ** 2) + mean(([, b]) => (b - y) ** 2) + (x - y) ** 2
        const kappa = weightedKappa(pairs)
        if (scale < 1e-12) expect(kappa).toBeNull()
        else expect(kappa).toBeCloseTo((2 * mean(([a, b]) => (a - x) * (b - y))) / scale, 10)
      }),
    )
  })

  it('is null for no pairs and for one value alone', () => {
    expect(weightedKappa([])).toBeNull()
    expect(
      weightedKappa([
        [2, 2],
        [2, 2],
      ]),
    ).toBeNull()
  })
})

describe('rank correlations', () => {
  it('are as scipy.stats has them in its documentation', () => {
    const kendall = [12, 2, 1, 12, 2].map((x, i) => [x, [1, 4, 7, 1, 0][i]!] as const)
    expect(kendallTau(kendall)).toBeCloseTo(-0.47140452079103173, 12)
    const spearman = [1, 2, 3, 4, 5].map((x, i) => [x, [5, 6, 7, 8, 7][i]!] as const)
    expect(spearmanRho(spearman)).toBeCloseTo(0.8207826816681233, 12)
  })

  it('of Kendall count pairs', () => {
    const pair = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }))
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 25 }), (pairs) => {
        let [sum, x, y] = [0, 0, 0]
        for (const [i, a] of pairs.entries())
          for (const b of pairs.slice(0, i)) {
            sum += Math.sign(a[0] - b[0]) * Math.sign(a[1] - b[1])
            x += Math.abs(Math.sign(a[0] - b[0]))
            y += Math.abs(Math.sign(a[1] - b[1]))
          }
        const tau = kendallTau(pairs)
        if (x * y === 0) expect(tau).toBeNull()
        else expect(tau).toBeCloseTo(sum / Math.sqrt(x * y), 10)
      }),
    )
  })

  it('are null where a side is constant', () => {
    expect(
      spearmanRho([
        [1, 1],
        [1, 2],
      ]),
    ).toBeNull()
    expect(
      kendallTau([
        [1, 1],
        [2, 1],
      ]),
    ).toBeNull()
    expect(kendallTau([])).toBeNull()
  })
})

describe('the bootstrap by feature', () => {
  const mean = (values: readonly number[]): number | null =>
    values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length

  it('draws features, not ratings: copies of one rating add nothing', () => {
    const features = Array.from({ length: 40 }, (_, feature) => feature % 5)
    const once = estimateByFeature(
      features.map((value) => [value]),
      mean,
      7,
      'mean',
    )
    const often = estimateByFeature(
      features.map((value) => [value, value, value]),
      mean,
      7,
      'mean',
    )
    expect(often.value).toBeCloseTo(once.value!, 12)
    expect(often.low).toBeCloseTo(once.low!, 12)
    expect(often.high).toBeCloseTo(once.high!, 12)
    // The standard error of the mean is √2 / √40 = 0.224.
    expect(once.high! - once.low!).toBeGreaterThan(0.7)
    expect(once.high! - once.low!).toBeLessThan(1.05)
  })

  it('is the same for a seed, and null where the statistic is', () => {
    const groups = [[1], [2], [5]]
    expect(estimateByFeature(groups, mean, 1, 'x')).toEqual(estimateByFeature(groups, mean, 1, 'x'))
    expect(estimateByFeature(groups, () => null, 1, 'x')).toEqual({ value: null, low: null, high: null })
    expect(estimateByFeature([[1]], mean, 1, 'x')).toEqual({ value: 1, low: null, high: null })
  })
})
