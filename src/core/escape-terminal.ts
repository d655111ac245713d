/**
 * The one boundary between text that gloss did not write (corpus tokens, explanations, file names, server errors)
 * and a terminal. Whatever could move the cursor, change colours or titles, reorder text or hide is replaced by a
 * visible mark of its own.
 */

const NAMED: Readonly<Record<string, string>> = { '\n': '⏎', '\r': '␍', '\t': '⇥' }

const ESCAPED = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\p{DI}]/gu

/** More combining marks than this on one character spill over other lines. */
const COMBINING_RUN = /(\p{M}{4})\p{M}+/gu

/**
 * Text that is safe to print and takes one line: C0 controls as their Unicode pictures (`␛`), everything else that is
 * invisible as its code point (`⟨202E⟩`).
 * @example
 * escapeForTerminal('\u001b]0;title\u0007') // '␛]0;title␇'
 */
export function escapeForTerminal(text: string): string {
  return text
    .replace(COMBINING_RUN, '$1…')
    .replace(ESCAPED, (character) => NAMED[character] ?? markOf(character))
}

/** As {@link ESCAPED}, but for the line feeds that lay JSON out. */
const ESCAPED_IN_JSON = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\p{DI}]/gu

/**
 * JSON that is safe to print: what a terminal would obey or hide is escaped in its strings, so that it reads back as
 * the same value.
 * @example
 * jsonForTerminal(['\u009b2J\u202e']) // '["\\u009b2J\\u202e"]'
 */
export function jsonForTerminal(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(ESCAPED_IN_JSON, (character) =>
    Array.from(
      { length: character.length },
      (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}

function markOf(character: string): string {
  const code = character.codePointAt(0)!
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return '␡'
  return `⟨${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
}
