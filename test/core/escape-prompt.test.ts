import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeForPrompt } from '../../src/core/escape-prompt.ts'

/** Reads the escapes back; if this is the identity, nothing is ambiguous. */
function unescape(text: string): string {
  return text.replace(
    /\\(?:([\\nrt])|u\{([0-9A-F]+)\})/g,
    (_, named: string | undefined, code: string | undefined) =>
      named
        ? { '\\': '\\', n: '\n', r: '\r', t: '\t' }[named]!
        : String.fromCodePoint(Number.parseInt(code!, 16)),
  )
}

describe('escapeForPrompt', () => {
  it('escapes the marks that prompts use, and what cannot be seen', () => {
    expect(escapeForPrompt('a\n«b:9»² \u200B\\')).toBe('a\\n\\u{AB}b:9\\u{BB}\\u{B2} \\u{200B}\\\\')
  })

  it('leaves common text as it is', () => {
    expect(escapeForPrompt(' the whale’s {x: 1} <b> 日本')).toBe(' the whale’s {x: 1} <b> 日本')
  })

  it('loses nothing and leaves no mark', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeForPrompt(text)
        expect(unescape(escaped)).toBe(text)
        expect(escaped).not.toMatch(/[«»⁰¹²³⁴-⁹\n\r\t]/)
      }),
      { numRuns: 1000 },
    )
  })
})
