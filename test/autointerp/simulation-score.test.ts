import { describe, expect, it } from 'vitest'
import { Bootstrap } from '../../src/autointerp/bootstrap.ts'
import * as correlation from '../../src/autointerp/correlation.ts'
import { quantize } from '../../src/autointerp/quantize.ts'
import { positionPredictions } from '../../src/autointerp/controls.ts'
import type { SimulatedExample } from '../../src/autointerp/simulated-examples.ts'
import { type ControlPredictions, scoreSimulation } from '../../src/autointerp/simulation-score.ts'
import type { Slice } from '../../src/core/protocol.ts'
import { Random } from '../../src/core/random.ts'

const LIMITS = { minimumExamples: 20, minimumFiring: 5 }
const bootstrap = new Bootstrap(0, 200)

const SLICES: Slice[] = [
  ...Array.from({ length: 6 }, (): Slice => 'top'),
  ...Array.from({ length: 24 }, (_, i): Slice => `interval ${1 + (i >> 1)}`),
  ...Array.from({ length: 10 }, (): Slice => 'random'),
  ...Array.from({ length: 20 }, (): Slice => 'other'),
]

/** The 60 examples of a feature: firing windows fire on the nominal token and sometimes beside it. */
function examplesOf(seed: number): SimulatedExample[] {
  const random = new Random(seed, 'examples')
  return SLICES.map((slice) => {
    const nominal = random.below(9)
    const fires = slice === 'top' || slice.startsWith('interval')
    const activations = Array.from({ length: 9 }, (_, index) =>
      fires && (index === nominal || random.below(6) === 0) ? 0.1 + random.uniform() : 0,
    )
    return {
      slice,
      nominal,
      silent: activations[nominal] === 0,
      activations,
      predicted: activations.map((a) => quantize(a, 1.1, 9)),
    }
  })
}

const positionOf = (examples: readonly SimulatedExample[]): ControlPredictions => ({
  name: 'position',
  predicted: positionPredictions(examples),
})
const predicting = (
  examples: readonly SimulatedExample[],
  predicted: (example: SimulatedExample, index: number) => readonly number[] | null,
): SimulatedExample[] =>
  examples.map((example, index) => ({ ...example, predicted: predicted(example, index) }))

describe('the score of a simulation', () => {
  it('is nearly 1 for the quantized truth, with an interval, over 540 tokens', () => {
    const { simulation, pearson, fireOnly, coverage } = scoreSimulation(
      examplesOf(1),
      [],
      LIMITS,
      bootstrap,
      true,
    )
    expect(simulation).toMatchObject({ n: 540, undefined: null, flag: null })
    expect(simulation.value).toBeGreaterThan(0.995)
    expect(simulation.low!).toBeLessThanOrEqual(simulation.value!)
    expect(simulation.high!).toBeGreaterThanOrEqual(simulation.value!)
    expect(pearson!.value).toBeGreaterThan(0.98)
    expect(fireOnly.value).toBeGreaterThan(0.9)
    expect(fireOnly.n).toBe(30)
    expect(coverage).toMatchObject({ top: [6, 6], 'interval 7': [2, 2], random: [10, 10], other: [20, 20] })
  })

  it('is not hurt by a fifth of the examples missing', () => {
    const { simulation } = scoreSimulation(
      predicting(examplesOf(2), ({ predicted }, index) => (index % 5 === 1 ? null : predicted)),
      [],
      LIMITS,
      bootstrap,
      true,
    )
    expect(simulation.n).toBe(48 * 9)
    expect(simulation.value).toBeGreaterThan(0.995)
  })

  it('does not depend on the order of examples', () => {
    const examples = examplesOf(3)
    const shuffled = new Random(1).shuffle([...examples])
    expect(scoreSimulation(shuffled, [], LIMITS, bootstrap, true).simulation.value).toBeCloseTo(
      scoreSimulation(examples, [], LIMITS, bootstrap, true).simulation.value!,
      12,
    )
  })

  it('rounds predictions for ranks and takes them as they are for Pearson', () => {
    const examples = predicting(examplesOf(4), ({ predicted }) => predicted!.map((level) => level + 0.004))
    const exact = scoreSimulation(examplesOf(4), [], LIMITS, bootstrap, true)
    const noisy = scoreSimulation(examples, [], LIMITS, bootstrap, true)
    expect(noisy.simulation).toEqual(exact.simulation)
    expect(noisy.pearson!.value).toBeCloseTo(exact.pearson!.value!, 12)
  })

  it('is 0, and says so, for a constant prediction', () => {
    for (const level of [0, 9]) {
      const { simulation } = scoreSimulation(
        predicting(examplesOf(5), ({ activations }) => activations.map(() => level)),
        [],
        LIMITS,
        bootstrap,
        true,
      )
      expect(simulation).toMatchObject({
        value: 0,
        low: 0,
        high: 0,
        undefined: null,
        flag: 'constantPrediction',
      })
    }
  })
})

describe('a score without a value names the first reason that holds', () => {
  const reasonFor = (examples: readonly SimulatedExample[], anyReply = true): string | null =>
    scoreSimulation(examples, [], LIMITS, bootstrap, anyReply).simulation.undefined

  it('callsFailed, where no call got a reply', () => {
    expect(
      reasonFor(
        predicting(examplesOf(1), () => null),
        false,
      ),
    ).toBe('callsFailed')
  })

  it('lowCoverage, where nothing in the replies could be read', () => {
    expect(reasonFor(predicting(examplesOf(1), () => null))).toBe('lowCoverage')
  })

  it('lowCoverage, below 20 examples or half of them', () => {
    const keep = (count: number) =>
      predicting(examplesOf(1), ({ predicted }, index) => ((index * 7) % 60 < count ? predicted : null))
    expect(reasonFor(keep(29))).toBe('lowCoverage')
    const small = examplesOf(1).filter((_, index) => index % 3 === 0)
    expect(reasonFor(predicting(small, ({ predicted }, index) => (index === 7 ? null : predicted)))).toBe(
      'lowCoverage',
    )
  })

  it('lowCoverage, below 5 firing examples', () => {
    const silent = examplesOf(1).map((example, index) =>
      index < 4 ? example : { ...example, silent: true, activations: example.activations.map(() => 0) },
    )
    expect(reasonFor(silent)).toBe('lowCoverage')
    const five = examplesOf(1).map((example, index) =>
      index < 5 ? example : { ...example, silent: true, activations: example.activations.map(() => 0) },
    )
    expect(reasonFor(five)).toBeNull()
  })

  it.each(['top', 'interval 4', 'random', 'other'])('lowCoverage, where all of %s is unanswered', (slice) => {
    expect(
      reasonFor(predicting(examplesOf(1), (example) => (example.slice === slice ? null : example.predicted))),
    ).toBe('lowCoverage')
  })

  it('constantTruth, where every token fires alike', () => {
    expect(
      reasonFor(
        examplesOf(1).map((example) => ({ ...example, activations: example.activations.map(() => 2) })),
      ),
    ).toBe('constantTruth')
  })
})

describe('controls', () => {
  it('stand on the same examples and resamples: the gain over oneself is exactly 0', () => {
    const examples = examplesOf(6)
    const self: ControlPredictions = {
      name: 'shuffled',
      predicted: examples.map(({ predicted }) => predicted),
    }
    const { simulation, controls } = scoreSimulation(examples, [self], LIMITS, bootstrap, true)
    expect(controls).toEqual([
      { name: 'shuffled', value: simulation.value, gain: 0, gainLow: 0, gainHigh: 0, p: 1 },
    ])
  })

  it('give a judge that reads nothing about 0, and the gain over it the score', () => {
    const values: number[] = []
    for (let seed = 0; seed < 40; seed++) {
      const examples = examplesOf(seed)
      const { simulation, controls } = scoreSimulation(
        examples,
        [positionOf(examples)],
        LIMITS,
        bootstrap,
        true,
      )
      const [position] = controls
      values.push(position!.value!)
      expect(position!.gain).toBeCloseTo(simulation.value! - position!.value!, 12)
      expect(position!.gainLow!).toBeLessThan(position!.gain!)
    }
    expect(Math.abs(values.reduce((a, b) => a + b, 0) / 40)).toBeLessThan(0.03)
  })

  it('count as 0 where they are constant', () => {
    const examples = examplesOf(7)
    const { simulation, controls } = scoreSimulation(
      examples,
      [{ name: 'constant', predicted: examples.map(() => Array.from({ length: 9 }, () => 0)) }],
      LIMITS,
      bootstrap,
      true,
    )
    expect(controls[0]).toMatchObject({ value: 0, gain: simulation.value })
    expect(controls[0]!.gainLow).toBe(simulation.low)
  })

  it('that lack some examples are compared on those that both have', () => {
    const examples = examplesOf(8)
    const partial: ControlPredictions = {
      name: 'shuffled',
      predicted: positionPredictions(examples).map((predicted, index) =>
        index % 10 === 3 ? null : predicted,
      ),
    }
    const { controls, simulation } = scoreSimulation(examples, [partial], LIMITS, bootstrap, true)
    const common = examples.filter((_, index) => index % 10 !== 3)
    const alone = scoreSimulation(common, [positionOf(common)], LIMITS, bootstrap, true)
    expect(controls[0]).toEqual({ ...alone.controls[0], name: 'shuffled' })
    expect(simulation.n).toBe(540)
  })

  it('that lack too many examples have no value', () => {
    const examples = examplesOf(9)
    const none: ControlPredictions = { name: 'shuffled', predicted: examples.map(() => null) }
    const { controls, simulation } = scoreSimulation(examples, [none], LIMITS, bootstrap, true)
    expect(controls[0]).toEqual({
      name: 'shuffled',
      value: null,
      gain: null,
      gainLow: null,
      gainHigh: null,
      p: null,
    })
    expect(simulation.value).not.toBeNull()
  })
})

describe('the score by Pearson, as Bills et al. have it', () => {
  const TRUTH = [
    [0, 0, 5, 0],
    [0, 0, 0, 0],
    [1, 2, 3, 10],
  ]
  const PREDICTED = [
    [0.1, 0, 8, 1],
    [0, 2, 0, 0],
    [0, 1, 5, 9],
  ]
  const examples = TRUTH.map((activations, index): SimulatedExample => ({
    slice: index === 1 ? 'random' : 'top',
    nominal: 0,
    silent: activations[0] === 0,
    activations,
    predicted: PREDICTED[index]!,
  }))
  const further = { importance: null, expectedValues: true, headline: 'pearson', truth: 'raw' } as const
  const limits = { minimumExamples: 2, minimumFiring: 1 }

  it('has the published values of a pooled example', () => {
    const found = scoreSimulation(examples, [], limits, bootstrap, true, { ...further, levelSize: 1 })
    expect(found.simulation.value).toBeCloseTo(0.9176338, 7)
    expect(found.raw!.value).toBeCloseTo(0.7088449, 7)
    expect(found.r2!.value).toBeCloseTo(0.8488489, 7)
    expect(found.absoluteDeviation!.value).toBeCloseTo(0.4714286, 7)
    expect(found.pearson).toBeNull()
    expect(found.simulation.low!).toBeLessThan(found.simulation.value!)
    expect(found.simulation.high!).toBeLessThanOrEqual(1)
  })

  it('measures errors on the scale of activations', () => {
    const tenfold = examples.map((one) => ({ ...one, activations: one.activations.map((a) => a * 10) }))
    const found = scoreSimulation(tenfold, [], limits, bootstrap, true, { ...further, levelSize: 10 })
    expect(found.r2!.value).toBeCloseTo(0.8488489, 7)
    expect(found.absoluteDeviation!.value).toBeCloseTo(0.4714286, 7)
  })

  it('counts activations below zero, which the positive side does not', () => {
    const signed = examples.map((one) => ({ ...one, activations: one.activations.map((a) => a - 1) }))
    const of = (truth: 'raw' | 'positive'): number =>
      scoreSimulation(signed, [], limits, bootstrap, true, { ...further, truth }).simulation.value!
    expect(of('raw')).toBeCloseTo(0.9176338, 7)
    expect(of('positive')).not.toBeCloseTo(0.9176338, 4)
  })

  it('compares controls by the same statistic', () => {
    const own = predicting(examplesOf(4), ({ activations }) => activations.map((a) => quantize(a, 1.1, 9)))
    const { controls, simulation } = scoreSimulation(own, [positionOf(own)], LIMITS, bootstrap, true, further)
    const truth = own.flatMap(({ activations }) => activations)
    const position = positionPredictions(own).flat()
    expect(controls[0]!.value).toBeCloseTo(correlation.pearson(truth, position)!, 12)
    expect(controls[0]!.gain).toBeCloseTo(simulation.value! - controls[0]!.value!, 12)
    expect(controls[0]!.gainLow!).toBeLessThan(controls[0]!.gain!)
  })
})
