import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { windowLine } from '../../../src/tui/review/token-window.ts'
import { PLAIN, styleFor } from '../../../src/tui/style.ts'
import { widthOf } from '../../../src/tui/text.ts'
import { wideText } from '../../support/wide-texts.ts'

describe('a window of tokens', () => {
  it('marks what fires by text alone, or by colour with its digit', () => {
    const window = { tokens: ['a', ' b', 'c'], levels: [0, 7, 0] }
    expect(windowLine(window, 40, PLAIN)).toBe('a<< b>>⁷c')
    expect(windowLine(window, 40, styleFor(24))).toBe('a\u001b[48;2;142;168;208;38;2;0;0;0m b⁷\u001b[39;49mc')
    expect(windowLine(window, 40, styleFor(8))).toContain('\u001b[48;5;67;')
    expect(windowLine(window, 40, styleFor(4))).toContain('\u001b[46;30m')
  })

  it('is cut so that the strongest token is seen', () => {
    const tokens = Array.from({ length: 9 }, (_, index) => ` word${index}`)
    const levels = tokens.map((_, index) => (index === 7 ? 9 : 0))
    expect(windowLine({ tokens, levels }, 30, PLAIN)).toBe('… word5 word6<< word7>>⁹ word8')
    expect(windowLine({ tokens, levels: levels.toReversed() }, 30, PLAIN)).toBe(
      ' word0<< word1>>⁹ word2 word3…',
    )
    expect(windowLine({ tokens: ['x'.repeat(99)], levels: [1] }, 10, PLAIN)).toBe('<<xxxxxxx…')
  })

  it('fits any width, whatever is in it', () => {
    const tokens = fc.array(fc.tuple(wideText, fc.integer({ min: 0, max: 9 })), {
      minLength: 1,
      maxLength: 9,
    })
    fc.assert(
      fc.property(tokens, fc.integer({ min: 10, max: 120 }), (drawn, columns) => {
        const window = { tokens: drawn.map(([text]) => text), levels: drawn.map(([, level]) => level) }
        for (const style of [PLAIN, styleFor(8)])
          expect(widthOf(windowLine(window, columns, style))).toBeLessThanOrEqual(columns)
      }),
    )
  })
})
