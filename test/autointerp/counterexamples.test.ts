import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { counterexamplesOf, type PredictedWindow } from '../../src/autointerp/counterexamples.ts'

const windowOf = (truth: number[], predicted: number[]): PredictedWindow => ({
  truth: truth.map((level, index) => [`t${index}`, level] as const),
  predicted: predicted.map((level, index) => [`t${index}`, level] as const),
})

describe('counterexamples', () => {
  it('are the windows with the worst tokens, by the side of the error', () => {
    const windows = [
      windowOf([0, 9], [0, 9]),
      windowOf([0, 9], [0, 5]),
      windowOf([0, 0], [6, 0]),
      null,
      windowOf([9, 0], [0, 0]),
      windowOf([0, 3], [9, 0]),
      windowOf([2, 0], [0, 0]),
    ]
    const { falsePositives, falseNegatives, places } = counterexamplesOf(windows, 3, 4)
    expect(falseNegatives).toEqual([windows[4], windows[1]])
    expect(falsePositives).toEqual([windows[5], windows[2]])
    expect(places).toEqual([1, 2, 4, 5])
  })

  it('are few, the first of equal ones', () => {
    const windows = Array.from({ length: 5 }, () => windowOf([9], [0]))
    expect(counterexamplesOf(windows, 1, 2).places).toEqual([0, 1])
  })

  it('count as missed where both sides are off by as much', () => {
    expect(counterexamplesOf([windowOf([9, 0], [0, 9])], 1, 1).falseNegatives).toHaveLength(1)
  })

  it('are wrong, within both limits, and each in one list', () => {
    const level = fc.nat(9)
    const window = fc.array(fc.tuple(level, level), { minLength: 1, maxLength: 9 }).map((pairs) =>
      windowOf(
        pairs.map(([truth]) => truth),
        pairs.map(([, predicted]) => predicted),
      ),
    )
    fc.assert(
      fc.property(
        fc.array(fc.option(window), { maxLength: 12 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 5 }),
        (windows, wrongBy, most) => {
          const { falsePositives, falseNegatives, places } = counterexamplesOf(windows, wrongBy, most)
          expect(falsePositives.length).toBeLessThanOrEqual(most)
          expect(falseNegatives.length).toBeLessThanOrEqual(most)
          expect(new Set(places).size).toBe(falsePositives.length + falseNegatives.length)
          const off = ({ truth, predicted }: PredictedWindow): number =>
            Math.max(...truth.map(([, one], index) => Math.abs(one - predicted[index]![1])))
          for (const one of [...falsePositives, ...falseNegatives])
            expect(off(one)).toBeGreaterThanOrEqual(wrongBy)
          // What is left out is no worse than what is there, where its list is full.
          const left = windows.filter(
            (one, place) => one !== null && !places.includes(place) && off(one) >= wrongBy,
          )
          if (left.length > 0) expect(Math.max(falsePositives.length, falseNegatives.length)).toBe(most)
        },
      ),
    )
  })
})
