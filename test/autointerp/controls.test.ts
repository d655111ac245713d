import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bootstrap } from '../../src/autointerp/bootstrap.ts'
import { compositionPredictions, positionPredictions } from '../../src/autointerp/controls.ts'
import type { SimulatedExample } from '../../src/autointerp/simulated-examples.ts'
import { scoreSimulation } from '../../src/autointerp/simulation-score.ts'

describe('the composition control', () => {
  it('predicts log((c + ½)/(e + ½)) for tokens seen at least twice in a call, by hand', () => {
    const examples = [{ tokens: [1, 2, 3] }, { tokens: [1, 4, 5] }, { tokens: [1, 2, 6] }]
    const frequency = (token: number): number => (token === 1 ? 0.5 : 0.01)
    const [first, second, third] = compositionPredictions(examples, [[0, 2], [1]], frequency)
    // Six tokens in the first call: 1 twice, expected 3 times; 2 twice, expected 0.06 times.
    expect(first).toEqual([Math.log(2.5 / 3.5), Math.log(2.5 / 0.56), 0])
    expect(third).toEqual([Math.log(2.5 / 3.5), Math.log(2.5 / 0.56), 0])
    expect(second).toEqual([0, 0, 0])
  })

  it('says nothing of one example a call without a repeated token', () => {
    const examples = [{ tokens: [1, 2] }, { tokens: [1, 3] }]
    expect(compositionPredictions(examples, [[0], [1]], () => 0.001)).toEqual([
      [0, 0],
      [0, 0],
    ])
  })
})

describe('a judge that ignores the explanation', () => {
  it('has a gain over shuffled of exactly 0, bit for bit, and p 1', () => {
    const activation = fc.oneof(
      { weight: 5, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.double({ min: 0.001, max: 9, noNaN: true }) },
    )
    const level = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(9) })
    const slices = ['top', 'interval 3', 'random', 'other'] as const
    const examples = fc.array(
      fc.record({
        activations: fc.array(activation, { minLength: 9, maxLength: 9 }),
        predicted: fc.array(level, { minLength: 9, maxLength: 9 }),
      }),
      { minLength: 24, maxLength: 40 },
    )
    const bootstrap = new Bootstrap(5, 100)
    fc.assert(
      fc.property(examples, (drawn) => {
        const all: SimulatedExample[] = drawn.map((one, index) => ({
          ...one,
          slice: slices[index % 4]!,
          nominal: 4,
          silent: one.activations[4] === 0,
        }))
        const { simulation, controls } = scoreSimulation(
          all,
          [
            { name: 'shuffled', predicted: drawn.map(({ predicted }) => [...predicted]) },
            { name: 'position', predicted: positionPredictions(all) },
          ],
          { minimumExamples: 20, minimumFiring: 0 },
          bootstrap,
          true,
        )
        if (simulation.value === null) return
        const [shuffled] = controls
        expect(shuffled!.gain).toBe(0)
        expect(shuffled!.value).toBe(simulation.value)
        if (shuffled!.p !== null)
          expect([shuffled!.gainLow, shuffled!.gainHigh, shuffled!.p]).toEqual([0, 0, 1])
      }),
    )
  })
})
