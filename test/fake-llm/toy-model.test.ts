import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ToyModel } from './toy-model.ts'
import { ToyTokenizer } from './toy-tokenizer.ts'

describe('the toy tokenizer', () => {
  it('loses nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0x2ff })), fc.boolean(), (points, split) => {
        const text = String.fromCodePoint(...points)
        const tokenizer = new ToyTokenizer(split)
        expect(tokenizer.decodeAll(tokenizer.encode(text))).toBe(text)
      }),
    )
  })

  it('gives every text one id, below 2³¹', () => {
    const tokenizer = new ToyTokenizer(false)
    const texts = ['a', ' a', 'aa', '~', '9', ' 9', ' 99', '999', 'é', '\0', '\u{10FFFF}', '\n', ' ', 'zzzz']
    const ids = texts.flatMap((text) => tokenizer.encode(text))
    expect(new Set(ids).size).toBe(ids.length)
    expect(Math.max(...ids)).toBeLessThan(2 ** 31)
  })

  it('splits ten where it is told to', () => {
    const pieces = (split: boolean, text: string): string[] => {
      const tokenizer = new ToyTokenizer(split)
      return tokenizer.encode(text).map((id) => tokenizer.decode(id))
    }
    expect(pieces(true, ' whale\t10 5')).toEqual([' wha', 'le', '\t', '1', '0', ' 5'])
    expect(pieces(false, ' whale\t10 5')).toEqual([' wha', 'le', '\t', '10', ' 5'])
  })
})

describe('the toy model', () => {
  const tokenizer = new ToyTokenizer(true)
  const ids = tokenizer.encode('a\t5')

  it('spreads the rest over digits with and without a space', () => {
    const [, , five] = new ToyModel(tokenizer, null).score(ids, 0)
    expect(five).toMatchObject({ text: '5', rank: 1 })
    expect(five!.candidates.map(({ text }) => text)).toContain(' 3')
    expect(five!.candidates.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 9)
  })

  it('says what it is told to', () => {
    const seen: string[] = []
    const model = new ToyModel(tokenizer, (before) => {
      seen.push(before)
      return before.endsWith('\t') ? { '7': 0.75, '5': 0.25 } : {}
    })
    const [tab, five] = model.score(ids, 1)
    expect(seen).toEqual(['a', 'a\t'])
    expect(tab).toMatchObject({ text: '\t', logprob: -20, candidates: [] })
    expect(five).toMatchObject({ logprob: Math.log(0.25), rank: 2 })
    expect(model.logprobOf(tokenizer.encode('7')[0]!, five!)).toBe(Math.log(0.75))
    expect(model.logprobOf(tokenizer.encode('x')[0]!, five!)).toBe(-20)
  })
})
