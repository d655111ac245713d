import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bootstrap } from '../../src/autointerp/bootstrap.ts'
import { pearson } from '../../src/autointerp/correlation.ts'
import { ResampledPearson } from '../../src/autointerp/resampled-pearson.ts'

const value = fc.oneof(
  fc.constant(0),
  fc.integer({ min: -500, max: 100_000 }).map((hundredths) => hundredths / 100),
  fc.double({ min: 0, max: 50, noNaN: true }),
  fc.constantFrom(50, 49.99999999999999, 8.000000000000002, 8),
)
const examples = fc
  .tuple(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 1, max: 6 }))
  .chain(([count, tokens]) => {
    const table = fc.array(fc.array(value, { minLength: tokens, maxLength: tokens }), {
      minLength: count,
      maxLength: count,
    })
    return fc.tuple(table, table, table)
  })

describe('Pearson on resamples', () => {
  it('equals repeating the examples and correlating their tokens', () => {
    let compared = 0
    fc.assert(
      fc.property(examples, fc.nat(1000), ([truth, first, second], seed) => {
        const statistic = new ResampledPearson(truth, [first, second])
        const resample = new Bootstrap(seed).resample([truth.length], 0)
        const repeated = (values: number[][]): number[] =>
          values.flatMap((example, index) =>
            Array.from({ length: resample.counts[index]! }, () => example).flat(),
          )
        const into = new Float64Array(2)
        const expected = [first, second].map((one) => pearson(repeated(truth), repeated(one)))
        const constantTruth = new Set(repeated(truth).map((one) => one + 0)).size === 1
        expect(statistic.correlations(resample, into)).toBe(!constantTruth)
        if (constantTruth) return
        for (const [place, correlation] of expected.entries()) {
          compared++
          expect(into[place]!).toBeCloseTo(correlation ?? 0, 8)
        }
      }),
      { numRuns: 300 },
    )
    expect(compared).toBeGreaterThan(100)
  })

  it('keeps its digits on resamples without the one value that stands out', () => {
    const truth = [
      [0, 8],
      [0, 1e-12],
      [3e-12, 2e-12],
    ]
    const predicted = [
      [0, 0],
      [1e-200, 0],
      [3e-200, 0],
    ]
    const into = new Float64Array(1)
    const counts = Float64Array.of(0, 2, 1)
    expect(new ResampledPearson(truth, [predicted]).correlations({ counts }, into)).toBe(true)
    // numpy.corrcoef([0, 1, 0, 1, 3, 2], [1, 0, 1, 0, 3, 0])
    expect(into[0]).toBeCloseTo(0.4634146341463415, 12)
  })

  it('says which predictions are constant, and of a constant truth nothing', () => {
    const truth = [
      [0, 1],
      [2, 0],
    ]
    const found = new ResampledPearson(truth, [
      [
        [3, 3],
        [3, 3],
      ],
      truth,
    ]).plain()!
    expect([...found.correlations]).toEqual([0, 1])
    expect(found.constant).toEqual([true, false])
    expect(
      new ResampledPearson(
        [
          [1, 1],
          [1, 1],
        ],
        [truth],
      ).plain(),
    ).toBeNull()
  })
})
