import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutBefore, goesRoundInCircles, logprobsOf } from '../../src/llm/gguf-tokens.ts'

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

describe('a text at which a reply stops', () => {
  const tokensOf = (texts: readonly string[]) =>
    texts.map((text) => ({ text, logprob: 0, alternatives: [] as const }))
  const textOf = (tokens: readonly { readonly text: string }[]) => tokens.map(({ text }) => text).join('')

  it('is taken off with what follows it, however it is cut into tokens', () => {
    const piece = fc.stringMatching(/^[a\n1:]{0,4}$/)
    fc.assert(
      fc.property(fc.array(piece), fc.stringMatching(/^[a\n1:]{1,4}$/), (texts, stop) => {
        const written: { text: string; logprob: number; alternatives: readonly [] }[] = []
        const whole = texts.join('')
        for (const token of tokensOf(texts)) {
          written.push(token)
          if (cutBefore(stop, written)) return textOf(written) === whole.slice(0, whole.indexOf(stop))
        }
        return textOf(written) === whole && !whole.includes(stop)
      }),
    )
  })

  it('leaves the tokens before it as they were', () => {
    const tokens = tokensOf(['1', ':', ' none', '\n', '2', '1', ':', ' x'].slice(0, 7))
    expect(cutBefore('\n21:', tokens)).toBe(true)
    expect(tokens).toEqual(tokensOf(['1', ':', ' none']))
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
