import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestPlace, choiceValue } from '../../src/autointerp/choice.ts'

const EXAMPLES = [{ activations: [0, 0, 2] }, { activations: [-1, 4, 0] }]

describe('how well an explanation predicts choose examples', () => {
  it('is the rank correlation over all tokens', () => {
    // Ranks of truth 2.5 2.5 5 2.5 6 2.5, of the prediction 3 3 5 3 6 1: 12.5 / √(12.5 · 15.5).
    const { value, n } = choiceValue(
      EXAMPLES,
      [
        [1, 1, 2],
        [1, 3, 0],
      ],
      true,
    )
    expect(n).toBe(6)
    expect(value).toBeCloseTo(12.5 / Math.sqrt(12.5 * 15.5), 12)
  })

  it('takes negative activations for silence and rounds predictions', () => {
    expect(
      choiceValue(
        EXAMPLES,
        [
          [0.2, 0.1, 5.4],
          [0, 9, 0.3],
        ],
        true,
      ),
    ).toEqual({ value: expect.closeTo(1, 12), undefined: null, n: 6 })
  })

  it('is 0 where the prediction is constant', () => {
    expect(
      choiceValue(
        EXAMPLES,
        [
          [0, 0, 0],
          [0, 0, 0],
        ],
        true,
      ).value,
    ).toBe(0)
  })

  it('is missing where too little is answered, never 0', () => {
    expect(choiceValue(EXAMPLES, [null, null], false)).toEqual({
      value: null,
      undefined: 'callsFailed',
      n: 0,
    })
    expect(choiceValue(EXAMPLES, [null, null], true)).toEqual({ value: null, undefined: 'lowCoverage', n: 0 })
    expect(choiceValue([...EXAMPLES, EXAMPLES[0]!], [null, null, [0, 0, 1]], true)).toMatchObject({
      value: null,
      undefined: 'lowCoverage',
    })
    expect(choiceValue([{ activations: [0, 0] }], [[0, 1]], true)).toEqual({
      value: null,
      undefined: 'constantTruth',
      n: 2,
    })
    expect(choiceValue([], [], true).undefined).toBe('lowCoverage')
  })
})

describe('the best place', () => {
  it('is that of the first largest value', () => {
    expect(bestPlace([null, 0.1, 0.3, 0.3, null])).toBe(2)
    expect(bestPlace([null, -1])).toBe(1)
    expect(bestPlace([null, null])).toBe(0)
    fc.assert(
      fc.property(fc.array(fc.option(fc.double({ noNaN: true })), { minLength: 1 }), (values) => {
        const known = values.filter((value) => value !== null)
        if (known.length > 0) expect(values[bestPlace(values)]).toBe(Math.max(...known))
      }),
    )
  })
})
