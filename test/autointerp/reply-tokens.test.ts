import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ReplyToken } from '../../src/core/chat-model.ts'
import { placesInReply } from '../../src/autointerp/reply-tokens.ts'

const tokensOf = (texts: readonly string[]): ReplyToken[] => texts.map((text) => ({ text, alternatives: [] }))

it('finds every character where the tokens join to the reply', () => {
  const texts = ['1', ': ', '1=', '0', '', ' ⁴', '\n']
  const placeAt = placesInReply(texts.join(''), tokensOf(texts))!
  const found = Array.from(texts.join(''), (_, offset) => placeAt(offset)!)
  expect(found.map(({ token, within }) => token.text[within])).toEqual(texts.join('').split(''))
  expect(placeAt(texts.join('').length)).toBeNull()
})

it('finds what is ASCII behind characters that the server lost, by a true reply of llama-cpp-python', () => {
  const reply = '1: 1=0 2=0 3=0 4=⁴¹ 5=₀ 6=₂ 7=₁ 8=8'
  const texts = ['1', ':', ' ', '1', '=', '0', ' ', '2', '=', '0', ' ', '3', '=', '0', ' ', '4', '=', '', '']
  const more = ['¹', ' ', '5', '=', '', '', ' ', '6', '=', '₂', ' ', '7', '=', '', '', ' ', '8', '=', '8']
  const placeAt = placesInReply(reply, tokensOf([...texts, ...more]))!
  for (const [offset, character] of reply.split('').entries()) {
    const place = placeAt(offset)
    if (character < '\u0080') expect(place?.token.text[place.within]).toBe(character)
    else expect(place).toBeNull()
  }
  // Twice the same digit: the second is that of the last token.
  expect(placeAt(reply.length - 1)!.token).not.toBe(placeAt(reply.length - 3)!.token)
})

it("says so where tokens are not the reply's", () => {
  expect(placesInReply('1: none', tokensOf(['1', ':', 'none']))).toBeNull()
  expect(placesInReply('1: none', tokensOf(['1', ': ', 'none', '.']))).toBeNull()
  expect(placesInReply('1: none\n2: none', tokensOf(['1: none']))).toBeNull()
})

it('finds the right token for every ASCII character, however bytes are cut into tokens', () => {
  const character = fc.constantFrom('1', '9', '=', ' ', '\n', 'é', '⁴', '９', '🙂')
  const cuts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 })
  fc.assert(
    fc.property(fc.array(character), cuts, fc.constantFrom('', '\uFFFD'), (characters, sizes, lost) => {
      const bytes = Buffer.from(characters.join(''))
      const texts: string[] = []
      const tokenOfByte: number[] = []
      for (let start = 0, turn = 0; start < bytes.length; turn++) {
        const end = Math.min(bytes.length, start + sizes[turn % sizes.length]!)
        const decoded = bytes.subarray(start, end).toString()
        for (let at = start; at < end; at++) tokenOfByte.push(texts.length)
        texts.push(decoded.replaceAll('\uFFFD', lost))
        start = end
      }
      const tokens = tokensOf(texts)
      const reply = characters.join('')
      const placeAt = placesInReply(reply, tokens)
      expect(placeAt).not.toBeNull()
      let offset = 0
      let byte = 0
      for (const one of characters) {
        if (one.length === 1 && one < '\u0080') {
          const place = placeAt!(offset)!
          expect(tokens.indexOf(place.token)).toBe(tokenOfByte[byte])
          expect(place.token.text[place.within]).toBe(one)
        }
        offset += one.length
        byte += Buffer.byteLength(one)
      }
    }),
    { numRuns: 500 },
  )
})
