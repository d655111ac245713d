/**
 * The one boundary between corpus text and prompts. What could be taken for markup of a prompt, or cannot be seen,
 * is written as an escape; everything else stays as it is, so that common text costs no more tokens.
 */

const NAMED: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Marks of prompts: guillemets and superscript digits; then everything invisible or ambiguous. */
const ESCAPED = /[\\«»⁰¹²³⁴-⁹\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{DI}]/gu

/**
 * A text as prompts show it.
 * @example
 * escapeForPrompt('a\n«b»') // 'a\\n\\u{AB}b\\u{BB}'
 */
export function escapeForPrompt(text: string): string {
  return text.replace(
    ESCAPED,
    (character) => NAMED[character] ?? `\\u{${character.codePointAt(0)!.toString(16).toUpperCase()}}`,
  )
}
