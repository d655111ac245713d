import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { textOfBytes, textsOfTokens } from '../../src/core/token-text.ts'

describe('textOfBytes', () => {
  it('is the text where characters are whole', () => {
    expect(textOfBytes(Buffer.from(' wörld 😀'))).toBe(' wörld 😀')
    expect(textOfBytes(Buffer.from('\uFFFD'))).toBe('\uFFFD')
  })

  it('shows the bytes of a cut character', () => {
    expect(textOfBytes(Uint8Array.of(0xe2, 0x80))).toBe('\\xE2\\x80')
    expect(textOfBytes(Uint8Array.of(0x61, 0xc3))).toBe('a\\xC3')
    expect(textOfBytes(Uint8Array.of(0xa4, 0x62))).toBe('\\xA4b')
  })
})

describe('textsOfTokens', () => {
  it('gives a cut character to its first token', () => {
    const [first, second, third] = [
      Uint8Array.of(0x20, 0xf0, 0x9f),
      Uint8Array.of(0x98),
      Uint8Array.of(0x80, 0x21),
    ]
    expect(textsOfTokens([first, second, third])).toEqual([' 😀', '·', '!'])
  })

  it('joins to the text, however it is cut, continuation marks left out', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('·')),
        fc.array(fc.nat(), { maxLength: 6 }),
        (text, cuts) => {
          const bytes = Buffer.from(text)
          const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted(
            (a, b) => a - b,
          )
          const tokens = places.slice(1).map((end, index) => bytes.subarray(places[index], end))
          expect(textsOfTokens(tokens).join('').replaceAll('·', '')).toBe(text)
        },
      ),
    )
  })

  it('shows what no token of the window completes', () => {
    expect(textsOfTokens([Uint8Array.of(0x80), Uint8Array.of(0x61), Uint8Array.of(0xe2)])).toEqual([
      '\\x80',
      'a',
      '\\xE2',
    ])
  })
})
