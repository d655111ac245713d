import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bootstrap, percentileInterval } from '../../src/autointerp/bootstrap.ts'
import { pearson, spearman } from '../../src/autointerp/correlation.ts'
import { absoluteDeviationExplained, powerExplained } from '../../src/autointerp/prediction-errors.ts'
import { ResampledPearson } from '../../src/autointerp/resampled-pearson.ts'
import type { SimulatedExample } from '../../src/autointerp/simulated-examples.ts'
import { scoreSimulation } from '../../src/autointerp/simulation-score.ts'
import { pearsonOnResamples, shareOnResamples } from '../../src/autointerp/sums-on-resamples.ts'
import type { Slice } from '../../src/core/protocol.ts'
import { Random } from '../../src/core/random.ts'

const SLICES: readonly Slice[] = ['top', 'interval 3', 'random', 'other']
const RESAMPLES = 80

/** Thirty examples in the order of the strata; half of them fire, predictions are off and not whole. */
function examples(seed: number): SimulatedExample[] {
  const random = new Random(seed, 'further')
  return Array.from({ length: 32 }, (_, place) => {
    const slice = SLICES[place >> 3]!
    const nominal = random.below(9)
    const fires = place < 16 || random.uniform() < 0.2
    const activations = Array.from({ length: 9 }, (__, token) =>
      (token === nominal && fires) || random.uniform() < 0.05 ? 0.1 + random.below(40) / 7 : 0,
    )
    return {
      slice,
      nominal,
      silent: activations[nominal] === 0,
      activations,
      predicted: activations.map((one) => (random.uniform() < 0.8 ? one : random.below(50) / 5)),
    }
  })
}

type Pairs = readonly (readonly [truth: number, predicted: number])[]

/** The interval that comes of repeating examples as often as they are drawn, one resample after the other. */
function byRepeating(
  of: readonly SimulatedExample[],
  pairsOf: (example: SimulatedExample) => Pairs,
  statistic: (truth: readonly number[], predicted: readonly number[]) => number | null,
): { low: number; high: number } {
  const bootstrap = new Bootstrap(3, RESAMPLES)
  const values: number[] = []
  for (let index = 0; values.length < RESAMPLES; index++) {
    const { counts } = bootstrap.resample([8, 8, 8, 8], index)
    const pairs = of.flatMap((example, place) =>
      Array.from({ length: counts[place]! }, () => pairsOf(example)).flat(),
    )
    const truth = pairs.map(([one]) => one)
    if (new Set(truth).size === 1) continue
    values.push(
      statistic(
        truth,
        pairs.map(([, one]) => one),
      ) ?? 0,
    )
  }
  return percentileInterval(values)
}

const all = ({ activations, predicted }: SimulatedExample): Pairs =>
  activations.map((one, token) => [one, predicted![token]!])
const nominals = ({ silent, nominal, activations, predicted }: SimulatedExample): Pairs =>
  silent ? [] : [[activations[nominal]!, Math.round(predicted![nominal]!)]]

describe('statistics beside the headline', () => {
  const limits = { minimumExamples: 20, minimumFiring: 5 }
  const scored = (of: readonly SimulatedExample[], headline: 'spearman' | 'pearson') =>
    scoreSimulation(of, [], limits, new Bootstrap(3, RESAMPLES), true, {
      importance: null,
      expectedValues: true,
      headline,
      levelSize: 0.7,
    })

  it.each([1, 2, 3])('have the interval of the same resamples of examples (%i)', (seed) => {
    const of = examples(seed)
    const bySpearman = scored(of, 'spearman')
    const byPearson = scored(of, 'pearson')
    const close = (
      found: { value: number | null; low: number | null; high: number | null } | null,
      { low, high }: { low: number; high: number },
    ): void => {
      expect(found!.low).toBeCloseTo(low, 10)
      expect(found!.high).toBeCloseTo(high, 10)
      expect(found!.low!).toBeLessThan(found!.value!)
      expect(found!.high!).toBeGreaterThan(found!.value!)
    }
    const scaled = (example: SimulatedExample): Pairs => all(example).map(([one, two]) => [one, 0.7 * two])
    const whole = (example: SimulatedExample): Pairs =>
      all(example).map(([one, two]) => [one, Math.round(two)])
    close(bySpearman.pearson, byRepeating(of, all, pearson))
    close(bySpearman.raw, byRepeating(of, all, spearman))
    close(bySpearman.fireOnly, byRepeating(of, nominals, spearman))
    close(bySpearman.r2, byRepeating(of, scaled, powerExplained))
    close(bySpearman.absoluteDeviation, byRepeating(of, scaled, absoluteDeviationExplained))
    close(byPearson.spearman, byRepeating(of, whole, spearman))
    expect([bySpearman.spearman, byPearson.pearson]).toEqual([null, null])
  })

  it('leave the headline as it is, and the weighted one without an interval', () => {
    const of = examples(4)
    const importance = { density: 0.01, max: 6, shares: Array.from({ length: 12 }, () => 1 / 12) }
    const alone = scoreSimulation(of, [], limits, new Bootstrap(3, RESAMPLES), true)
    const found = scoreSimulation(of, [], limits, new Bootstrap(3, RESAMPLES), true, {
      importance,
      expectedValues: false,
    })
    expect(found.simulation).toEqual(alone.simulation)
    expect(found.weighted!.value).not.toBeNull()
    expect([found.weighted!.low, found.weighted!.high]).toEqual([null, null])
  })

  it('have none where too many resamples have a constant truth', () => {
    // One of sixteen firing windows differs, and a third of the resamples miss it.
    const of = examples(5).map((example, place) => ({
      ...example,
      silent: place >= 16,
      activations: example.activations.map((_, token) =>
        token === example.nominal && place < 16 ? (place === 0 ? 2 : 1) : 0,
      ),
    }))
    const { fireOnly, pearson: beside } = scored(of, 'spearman')
    expect(fireOnly.undefined).toBeNull()
    expect([fireOnly.low, fireOnly.high]).toEqual([null, null])
    expect(beside!.low).not.toBeNull()
  })
})

describe('sums on resamples', () => {
  const value = fc.oneof(
    fc.constant(0),
    fc.integer({ min: 0, max: 9 }),
    fc.double({ min: 0, max: 50, noNaN: true }),
  )
  const table = fc.integer({ min: 2, max: 12 }).chain((count) => {
    const one = fc.array(fc.array(value, { minLength: 3, maxLength: 3 }), {
      minLength: count,
      maxLength: count,
    })
    return fc.tuple(one, one)
  })

  it("have Pearson's correlation as the exact way has it, wherever they begin", () => {
    let compared = 0
    fc.assert(
      fc.property(table, fc.nat(99), fc.nat(20), fc.integer({ min: 1, max: 30 }), ([x, y], seed, from, n) => {
        const drawn = new Bootstrap(seed).drawn([x.length], from + n)
        const [exact] = new ResampledPearson(x, [y]).onResamples(drawn, from, from + n)
        const [found] = pearsonOnResamples(x, y).onResamples(drawn, from, from + n)
        expect(found).toHaveLength(n)
        for (let i = 0; i < n; i++) {
          if (Number.isNaN(exact![i])) expect(found![i]).toBeNaN()
          else expect(found![i]).toBeCloseTo(exact![i]!, 8)
          if (found![i]) compared++
        }
      }),
    )
    expect(compared).toBeGreaterThan(500)
  })

  it('say nothing of a constant truth, and 0 of a constant prediction', () => {
    const drawn = new Bootstrap(0).drawn([2], 40)
    const [x, constant] = [
      [
        [0.1, 0.3],
        [0.7, 0.1],
      ],
      [
        [0.3, 0.3],
        [0.3, 0.3],
      ],
    ]
    expect(new Set(pearsonOnResamples(constant, x).onResamples(drawn, 0, 40)[0])).toEqual(
      new Set([Number.NaN]),
    )
    expect(new Set(pearsonOnResamples(x, constant).onResamples(drawn, 0, 40)[0])).toEqual(new Set([0]))
    const silent = [
      [0, 0],
      [0, 0],
    ]
    expect(new Set(shareOnResamples(silent, x, Math.abs).onResamples(drawn, 0, 40)[0])).toEqual(
      new Set([Number.NaN]),
    )
  })
})
