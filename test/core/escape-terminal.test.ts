import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeForTerminal, jsonForTerminal } from '../../src/core/escape-terminal.ts'

describe('escapeForTerminal', () => {
  it.each([
    ['a title', '\u001b]0;owned\u0007', '␛]0;owned␇'],
    ['a colour', '\u001b[31mred\u001b[0m', '␛[31mred␛[0m'],
    ['a clipboard write that never ends', '\u001b]52;c;ZXZpbA==', '␛]52;c;ZXZpbA=='],
    ['a single-byte CSI', '\u009b2J', '⟨009B⟩2J'],
    ['a carriage return', 'safe\rEVIL', 'safe␍EVIL'],
    ['a line feed and a tab', 'a\nb\tc', 'a⏎b⇥c'],
    ['a backspace and a delete', 'ab\b\u007f', 'ab␈␡'],
    ['NUL', 'a\0b', 'a␀b'],
    ['a bidirectional override', 'abc\u202Edcba', 'abc⟨202E⟩dcba'],
    ['an isolate', '\u2066x\u2069', '⟨2066⟩x⟨2069⟩'],
    ['zero-width characters', 'a\u200Bb\u200Dc\uFEFFd\u00ADe', 'a⟨200B⟩b⟨200D⟩c⟨FEFF⟩d⟨00AD⟩e'],
    ['line and paragraph separators', '\u2028\u2029', '⟨2028⟩⟨2029⟩'],
    ['tag characters', 'x\u{E0041}', 'x⟨E0041⟩'],
    ['a lone surrogate', 'x\uD800', 'x⟨D800⟩'],
    ['an invisible letter', '\u3164', '⟨3164⟩'],
  ])('shows %s as marks', (_name, text, expected) => {
    expect(escapeForTerminal(text)).toBe(expected)
  })

  it('leaves visible text of any script alone', () => {
    const text = 'Zażółć 日本語 한국어 עברית العربية é ß € 😀 ␛'
    expect(escapeForTerminal(text)).toBe(text)
  })

  it('cuts piles of combining marks', () => {
    expect(escapeForTerminal(`e${'\u0301'.repeat(50)}x`)).toBe(`e${'\u0301'.repeat(4)}…x`)
  })

  it('never lets through anything that a terminal obeys or hides', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeForTerminal(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/u)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('jsonForTerminal', () => {
  it('escapes what a terminal obeys or hides, in JSON', () => {
    expect(jsonForTerminal({ a: '\u009b2J\u202E\u{E0041}é' })).toBe(
      String.raw`{"a":"\u009b2J\u202e\udb40\udc41é"}`,
    )
    expect(jsonForTerminal([1], 2)).toBe('[\n  1\n]')
  })

  it('reads back as the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), fc.constantFrom(0, 2), (value, indent) => {
        const json = jsonForTerminal(value, indent)
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/u)
      }),
    )
  })
})
