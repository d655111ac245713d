import fc from 'fast-check'
import { sampleCorrelation } from 'simple-statistics'
import { describe, expect, it } from 'vitest'
import { isConstant, pearson, spearman } from '../../src/autointerp/correlation.ts'

describe('correlations', () => {
  it.each([
    // scipy.stats.spearmanr, documentation: spearmanr([1,2,3,4,5], [5,6,7,8,7]).
    [[1, 2, 3, 4, 5], [5, 6, 7, 8, 7], 0.8207826816681233],
    // Average ranks for ties: scipy gives 0.948683298.
    [[1, 2, 2, 3], [1, 3, 2, 4], 0.9486832980505138],
    // Pooled truth and prediction of three sequences; scipy with average ranks.
    [[0, 0, 5, 0, 0, 0, 0, 0, 1, 2, 3, 10], [0.1, 0, 8, 1, 0, 2, 0, 0, 0, 1, 5, 9], 0.7088449],
  ])('Spearman of %j and %j', (x, y, expected) => {
    expect(spearman(x, y)).toBeCloseTo(expected, 7)
  })

  it('Pearson of pooled sequences', () => {
    expect(
      pearson([0, 0, 5, 0, 0, 0, 0, 0, 1, 2, 3, 10], [0.1, 0, 8, 1, 0, 2, 0, 0, 0, 1, 5, 9]),
    ).toBeCloseTo(0.9176338, 7)
  })

  it.each([1e-20, 1e-160, 1e-200, 1e-320, 1e200])('Pearson of values of the size of %s', (size) => {
    expect(pearson([1, 2, 3], [0, 0, size])).toBeCloseTo(Math.sqrt(3) / 2, 12)
  })

  it('Pearson of values that hardly differ', () => {
    // 0.1 + 0.2 is the number after 0.3.
    expect(pearson([1, 2, 3], [0.1 + 0.2, 0.3, 0.3])).toBeCloseTo(-Math.sqrt(3) / 2, 12)
  })

  it('are undefined for constants', () => {
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeNull()
    expect(pearson([1, 2, 3], [4, 4, 4])).toBeNull()
    expect(isConstant([])).toBe(true)
  })

  const numbers = fc.array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20, max: 20 })), {
    minLength: 3,
    maxLength: 40,
  })

  it('stay within −1 and 1, and are 1 with themselves', () => {
    fc.assert(
      fc.property(numbers, (pairs) => {
        const x = pairs.map(([a]) => a)
        const y = pairs.map(([, b]) => b)
        fc.pre(!isConstant(x) && !isConstant(y))
        for (const correlation of [spearman, pearson]) {
          expect(Math.abs(correlation(x, y)!)).toBeLessThanOrEqual(1)
          expect(correlation(x, x)).toBeCloseTo(1, 12)
          expect(correlation(x, y)).toBeCloseTo(correlation(y, x)!, 12)
        }
      }),
    )
  })

  it("Pearson's has the last bit of the plain formula, as stored scores have", () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 1e-9, max: 1e9, noNaN: true }), (pairs, factor) => {
        const x = pairs.map(([a]) => factor * a)
        const y = pairs.map(([, b]) => b)
        fc.pre(!isConstant(x) && !isConstant(y))
        expect(pearson(x, y)).toBe(Math.min(1, Math.max(-1, sampleCorrelation(x, y))))
      }),
    )
  })

  it('do not change under positive affine maps, Spearman under no rising one', () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0.1, max: 5, noNaN: true }), (pairs, factor) => {
        const x = pairs.map(([a]) => a)
        const y = pairs.map(([, b]) => b)
        fc.pre(!isConstant(x) && !isConstant(y))
        expect(
          pearson(
            x.map((a) => factor * a + 3),
            y,
          ),
        ).toBeCloseTo(pearson(x, y)!, 9)
        expect(
          spearman(
            x.map((a) => Math.exp(a)),
            y,
          ),
        ).toBeCloseTo(spearman(x, y)!, 12)
      }),
    )
  })
})
