import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  Bootstrap,
  bootstrapIntervals,
  percentileInterval,
  quantile,
} from '../../src/autointerp/bootstrap.ts'
import { isConstant, spearman } from '../../src/autointerp/correlation.ts'
import { ResampledSpearman } from '../../src/autointerp/resampled-spearman.ts'
import { Random } from '../../src/core/random.ts'

const examplesArbitrary = fc.array(
  fc.array(
    fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 2 })),
    { minLength: 1, maxLength: 6 },
  ),
  { minLength: 2, maxLength: 10 },
)

describe('the resampled correlation', () => {
  it('equals Spearman of the examples repeated as often as they are drawn', () => {
    fc.assert(
      fc.property(
        examplesArbitrary,
        fc.array(fc.nat(3), { minLength: 10, maxLength: 10 }),
        (examples, counts) => {
          const column = (place: 0 | 1 | 2): number[][] =>
            examples.map((example) => example.map((token) => token[place]))
          const [truth, first, second] = [column(0), column(1), column(2)]
          const weights = counts.slice(0, examples.length)
          const drawn = weights.flatMap((weight, index) => (weight > 0 ? [index] : []))
          const statistic = new ResampledSpearman(truth, [first, second])
          const found = new Float64Array(2)
          const resample = {
            examples: Uint16Array.from(drawn),
            weights: Float64Array.from(drawn, (index) => weights[index]!),
            counts: Float64Array.from(weights),
          }
          const defined = statistic.correlations(resample, found)
          const repeat = (values: number[][]): number[] =>
            values.flatMap((example, index) => Array.from({ length: weights[index]! }, () => example).flat())
          expect(defined).toBe(!isConstant(repeat(truth)))
          if (!defined) return
          expect(found[0]).toBeCloseTo(spearman(repeat(truth), repeat(first)) ?? 0, 10)
          expect(found[1]).toBeCloseTo(spearman(repeat(truth), repeat(second)) ?? 0, 10)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('the resampled correlation without ties among firing tokens', () => {
  it('equals Spearman of the examples repeated', () => {
    fc.assert(
      fc.property(
        examplesArbitrary,
        fc.array(fc.nat(3), { minLength: 10, maxLength: 10 }),
        (examples, counts) => {
          let fired = 0
          // Every firing token has a value of its own, in no order.
          const truth = examples.map((example) =>
            example.map(([value]) => (value > 3 ? ((++fired * 37) % 101) + fired / 1000 : 0)),
          )
          const predicted = examples.map((example) => example.map(([, level]) => level))
          const repeat = (values: number[][]): number[] =>
            values.flatMap((example, index) => Array.from({ length: counts[index]! }, () => example).flat())
          const found = new Float64Array(1)
          const statistic = new ResampledSpearman(truth, [predicted])
          const drawn = { counts: Float64Array.from(counts.slice(0, examples.length)) }
          const defined = statistic.correlations(drawn, found)
          expect(defined).toBe(!isConstant(repeat(truth)))
          if (defined) expect(found[0]).toBeCloseTo(spearman(repeat(truth), repeat(predicted)) ?? 0, 10)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('resamples', () => {
  it('draw each stratum as often as it has examples, and are the same again', () => {
    const sizes = [6, 24, 10, 20]
    const bootstrap = new Bootstrap(3, 50)
    for (let index = 0; index < 50; index++) {
      const { examples, weights } = bootstrap.resample(sizes, index)
      const counts = Array.from({ length: 60 }, () => 0)
      for (const [place, example] of examples.entries()) counts[example] = weights[place]!
      let first = 0
      for (const size of sizes) {
        expect(counts.slice(first, first + size).reduce((a, b) => a + b, 0)).toBe(size)
        first += size
      }
    }
    expect(new Bootstrap(3).resample(sizes, 7)).toEqual(bootstrap.resample(sizes, 7))
    expect(new Bootstrap(4).resample(sizes, 7)).not.toEqual(bootstrap.resample(sizes, 7))
  })
})

describe('bootstrap intervals', () => {
  /** Examples in which a third of the tokens fire, predicted with noise. */
  function simulated(seed: number): { truth: number[][]; predicted: number[][] } {
    const random = new Random(seed, 'examples')
    const truth = Array.from({ length: 60 }, () =>
      Array.from({ length: 9 }, () => (random.below(3) === 0 ? 1 + random.below(9) : 0)),
    )
    return {
      truth,
      predicted: truth.map((example) =>
        example.map((value) => (random.below(3) === 0 ? random.below(10) : value)),
      ),
    }
  }

  it('agree with a plain implementation on the same resamples', () => {
    const { truth, predicted } = simulated(1)
    const control = truth.map((example) => example.map((_, index) => (index === 4 ? 1 : 0)))
    const bootstrap = new Bootstrap(9, 200)
    const sizes = [6, 24, 10, 20]
    const found = bootstrapIntervals(bootstrap, sizes, truth, predicted, [control])!
    const scores: number[] = []
    const gains: number[] = []
    for (let index = 0; index < 200; index++) {
      const { examples, weights } = bootstrap.resample(sizes, index)
      const repeat = (values: number[][]): number[] =>
        [...examples].flatMap((example, place) =>
          Array.from({ length: weights[place]! }, () => values[example]!).flat(),
        )
      const score = spearman(repeat(truth), repeat(predicted)) ?? 0
      scores.push(score)
      gains.push(score - (spearman(repeat(truth), repeat(control)) ?? 0))
    }
    const sorted = (values: number[]): number[] => values.toSorted((a, b) => a - b)
    expect(found.score.low).toBeCloseTo(quantile(sorted(scores), 0.025), 10)
    expect(found.score.high).toBeCloseTo(quantile(sorted(scores), 0.975), 10)
    expect(found.gains[0]!.low).toBeCloseTo(quantile(sorted(gains), 0.025), 10)
    expect(found.gains[0]!.high).toBeCloseTo(quantile(sorted(gains), 0.975), 10)
  })

  it('cover the truth of fresh samples about as often as they promise', () => {
    // The population value, from many fresh samples pooled.
    const many = Array.from({ length: 60 }, (_, seed) => simulated(10_000 + seed))
    const population = spearman(
      many.flatMap(({ truth }) => truth.flat()),
      many.flatMap(({ predicted }) => predicted.flat()),
    )!
    const bootstrap = new Bootstrap(2, 300)
    let covered = 0
    for (let seed = 0; seed < 150; seed++) {
      const { truth, predicted } = simulated(seed)
      const { score } = bootstrapIntervals(bootstrap, [6, 24, 10, 20], truth, predicted, [])!
      if (score.low <= population && population <= score.high) covered++
    }
    expect(covered / 150).toBeGreaterThan(0.88)
    expect(covered / 150).toBeLessThan(0.995)
  })

  it('do not exist where more than a twentieth of the resamples have a constant truth', () => {
    const truth = Array.from({ length: 10 }, (_, example) => [example === 0 ? 1 : 0, 0])
    // One firing example of ten: a resample misses it with probability 0.35.
    expect(bootstrapIntervals(new Bootstrap(1, 100), [10], truth, truth, [])).toBeNull()
    const rich = truth.map((_, example) => [example, 0])
    expect(bootstrapIntervals(new Bootstrap(1, 100), [10], rich, rich, [])!.score).toEqual({
      low: 1,
      high: 1,
    })
  })

  it('count a constant prediction as 0', () => {
    const { truth } = simulated(4)
    const zeros = truth.map((example) => example.map(() => 0))
    const found = bootstrapIntervals(new Bootstrap(1, 100), [6, 24, 10, 20], truth, zeros, [zeros])!
    expect(found).toEqual({ score: { low: 0, high: 0 }, gains: [{ low: 0, high: 0, p: 1 }] })
  })
})

describe('quantiles', () => {
  it('are those of numpy', () => {
    // numpy.quantile([1, 2, 3, 4, 10], [0, .025, .5, .9, 1])
    const expected = [1, 1.1, 3, 7.6, 10]
    for (const [index, share] of [0, 0.025, 0.5, 0.9, 1].entries())
      expect(quantile([1, 2, 3, 4, 10], share)).toBeCloseTo(expected[index]!, 12)
    const { low, high } = percentileInterval(Float64Array.from({ length: 1001 }, (_, i) => 1000 - i))
    expect(low).toBeCloseTo(25, 9)
    expect(high).toBeCloseTo(975, 9)
  })
})
