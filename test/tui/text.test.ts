import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeForTerminal } from '../../src/core/escape-terminal.ts'
import {
  bars,
  correlation,
  duration,
  pad,
  percent,
  quantity,
  short,
  superscript,
  truncate,
  usd,
  visibleToken,
  widthOf,
  wrap,
} from '../../src/tui/text.ts'
import { wideText } from '../support/wide-texts.ts'

const shownText = wideText.map((text) => escapeForTerminal(text))
const columns = fc.integer({ min: 0, max: 100 })

describe('numbers', () => {
  it.each([
    [percent, 0, '0 %'],
    [percent, 0.0041, '0.41 %'],
    [percent, 0.00007, '0.007 %'],
    [percent, 0.0000001, '0.00001 %'],
    [percent, 1e-9, '1e-7 %'],
    [percent, 0.019, '1.9 %'],
    [percent, 0.0999, '10 %'],
    [percent, 0.44, '44 %'],
    [percent, 1, '100 %'],
    [correlation, 0.87, '.87'],
    [correlation, -0.02, '−.02'],
    [correlation, -0.004, '.00'],
    [correlation, 0, '.00'],
    [correlation, 1, '1.00'],
    [correlation, -1, '−1.00'],
    [quantity, 0, '0'],
    [quantity, 0.071, '0.07'],
    [quantity, 3.21, '3.21'],
    [quantity, 9.996, '10.0'],
    [quantity, 12.43, '12.4'],
    [quantity, 99.96, '100'],
    [quantity, 540.4, '540'],
    [quantity, 999.6, '1,000'],
    [quantity, 12_403, '12,403'],
    [short, 0, '0'],
    [short, 950, '950'],
    [short, 1240, '1,240'],
    [short, 12_300, '12.3 k'],
    [short, 999_960, '1.00 M'],
    [short, 3_040_000, '3.04 M'],
    [short, 2_500_000_000, '2.50 G'],
    [usd, 0, '$0'],
    [usd, 0.00001, '< $0.0001'],
    [usd, 0.0001, '$0.0001'],
    [usd, 0.00423, '$0.0042'],
    [usd, 0.0951, '$0.095'],
    [usd, 0.0996, '$0.10'],
    [usd, 0.5, '$0.50'],
    [usd, 0.126, '$0.13'],
    [usd, 0.9949, '$0.99'],
    [usd, 0.996, '$1.00'],
    [usd, 1.234, '$1.23'],
    [usd, 1204.1, '$1,204.10'],
    [duration, 0.04, '0.0 s'],
    [duration, 6, '6.0 s'],
    [duration, 9.97, '10 s'],
    [duration, 17.4, '17 s'],
    [duration, 59.7, '1 min 0 s'],
    [duration, 100, '1 min 40 s'],
    [duration, 3599.6, '1 h 00 min'],
    [duration, 7500, '2 h 05 min'],
  ] as const)('%o of %d are printed as %s', (print, value, text) => {
    expect(print(value)).toBe(text)
  })

  it('of a scale are superscripts', () => {
    expect(superscript(9)).toBe('⁹')
    expect(superscript(10)).toBe('¹⁰')
  })
})

describe('bars', () => {
  it('are as tall as their counts, the largest full, empty bins empty', () => {
    expect(bars([8, 4, 1, 0, 7])).toBe('█▅▂ █')
    expect(bars([1000, 500, 250, 125, 1, 0])).toBe('█▅▃▂▁ ')
    expect(bars([3])).toBe('█')
    expect(bars([0, 0])).toBe('  ')
    expect(bars([])).toBe('')
  })

  it('never grow where counts fall', () => {
    const order = ' ▁▂▃▄▅▆▇█'
    fc.assert(
      fc.property(fc.array(fc.nat(1e6), { minLength: 1, maxLength: 40 }), (counts) => {
        const sorted = counts.toSorted((a, b) => b - a)
        const heights = Array.from(bars(sorted), (bar) => order.indexOf(bar))
        expect(heights).toHaveLength(counts.length)
        expect(heights).toEqual(heights.toSorted((a, b) => b - a))
        expect(heights.map((height) => height > 0)).toEqual(sorted.map((count) => count > 0))
      }),
    )
  })
})

describe('tokens in a list', () => {
  it.each([
    [' the', 'the'],
    ['  ', '␣␣'],
    ['\n', '⏎'],
    ['\t\t', '⇥⇥'],
    ['\u001b[', '␛['],
    ['', ''],
  ])('%j is shown as %s', (token, shown) => {
    expect(visibleToken(token)).toBe(shown)
  })
})

describe('layout', () => {
  it('cuts a text to its columns, with an ellipsis, and leaves what fits', () => {
    expect(truncate('abcdef', 6)).toBe('abcdef')
    expect(truncate('abcdef', 5)).toBe('abcd…')
    expect(truncate('日本語', 5)).toBe('日本…')
    expect(truncate('日本語', 4)).toBe('日…')
    expect(truncate('e\u0301e\u0301e\u0301', 2)).toBe('e\u0301…')
    expect(truncate('abc', 0)).toBe('')
    fc.assert(
      fc.property(shownText, columns, (text, width) => {
        const cut = truncate(text, width)
        expect(widthOf(cut)).toBeLessThanOrEqual(width)
        if (widthOf(text) <= width) expect(cut).toBe(text)
        else expect(text.startsWith(cut.replace(/…$/, ''))).toBe(true)
      }),
    )
  })

  it('fills a text to its columns, left or right', () => {
    expect(pad('日本', 6)).toBe('日本  ')
    expect(pad('.87', 5, 'right')).toBe('  .87')
    fc.assert(
      fc.property(
        shownText,
        columns,
        fc.constantFrom('left' as const, 'right' as const),
        (text, width, to) => {
          const padded = pad(text, width, to)
          expect(widthOf(padded)).toBe(Math.max(width, widthOf(text)))
          expect(padded.trim()).toBe(text.trim())
        },
      ),
    )
  })

  it('breaks a text into lines that lose nothing', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrap('ρ .87   n 540   t .61', 14, '   ')).toEqual(['ρ .87   n 540', 't .61'])
    expect(wrap('a verylongword b', 6)).toEqual(['a', 'verylo', 'ngword', 'b'])
    expect(wrap('日本語の文章です', 7)).toEqual(['日本語', 'の文章', 'です'])
    expect(wrap('', 10)).toEqual([''])
    expect(wrap('a · b · c', 5, ' · ', 2)).toEqual(['a · b', '  c'])
    fc.assert(
      fc.property(shownText, fc.integer({ min: 8, max: 100 }), (text, width) => {
        const lines = wrap(text, width)
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width)
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
      }),
    )
  })
})
