import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { goesRoundInCircles, logprobsOf } from '../../src/llm/gguf-tokens.ts'

describe('a reply that goes round in circles', () => {
  it('is known by any short circle, after whatever came before', () => {
    const circle = fc.array(fc.nat(9), { minLength: 1, maxLength: 64 })
    fc.assert(
      fc.property(circle, fc.array(fc.nat(9)), (tokens, before) => {
        const round = Array.from({ length: 320 }, (_, index) => tokens[index % tokens.length]!)
        return goesRoundInCircles([...before, ...round])
      }),
    )
  })

  it('is no list whose numbers rise', () => {
    const list = Array.from({ length: 100 }, (_, number) => [
      10,
      number % 10,
      Math.floor(number / 10),
      20,
      21,
    ]).flat()
    expect(goesRoundInCircles(list)).toBe(false)
    expect(goesRoundInCircles(Array.from({ length: 255 }, () => 1))).toBe(false)
  })
})

it('log-probabilities are those of the softmax', () => {
  const logits = new Map([
    [5, 2],
    [7, 1],
  ])
  // Over a vocabulary of logits 2, 1, 0: the sum of exp(logit − 2).
  const totalLogitWeight = 1 + Math.exp(-1) + Math.exp(-2)
  const found = logprobsOf({ next: { logits, totalLogitWeight } })
  expect(found.map(({ id }) => id)).toEqual([5, 7])
  expect(found[0]!.logprob).toBeCloseTo(Math.log(Math.exp(2) / (Math.exp(2) + Math.E + 1)), 5)
  expect(found[1]!.logprob).toBeCloseTo(Math.log(Math.E / (Math.exp(2) + Math.E + 1)), 5)
})
