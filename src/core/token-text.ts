/**
 * The text of a token's bytes where they are whole UTF-8 characters. Bytes of a cut character appear as `\xE2`;
 * a backslash in the text itself stays single, so this is for display, not for parsing.
 */
export function textOfBytes(bytes: Uint8Array): string {
  const whole = Buffer.from(bytes).toString('utf8')
  if (!whole.includes('\uFFFD') || Buffer.compare(Buffer.from(whole), bytes) === 0) return whole
  let text = ''
  for (let start = 0; start < bytes.length;) {
    const length = characterLength(bytes, start)
    if (length === 0) text += `\\x${bytes[start++]!.toString(16).toUpperCase().padStart(2, '0')}`
    else {
      text += Buffer.from(bytes.subarray(start, start + length)).toString('utf8')
      start += length
    }
  }
  return text
}

/** Bytes of the valid UTF-8 character at `start`, or 0. */
function characterLength(bytes: Uint8Array, start: number): number {
  for (let length = 1; length <= 4 && start + length <= bytes.length; length++) {
    const piece = bytes.subarray(start, start + length)
    const text = Buffer.from(piece).toString('utf8')
    if (Buffer.compare(Buffer.from(text), piece) === 0) return length
  }
  return 0
}

/**
 * The texts of consecutive tokens. A character that is cut into several tokens belongs to the first of them; the
 * others show a continuation mark.
 */
export function textsOfTokens(tokens: readonly Uint8Array[]): string[] {
  const joined = Buffer.concat(tokens)
  const texts: string[] = []
  let start = 0
  let shown = 0
  for (const bytes of tokens) {
    const end = start + bytes.length
    let reach = Math.max(start, shown)
    const from = reach
    while (reach < end) {
      const length = characterLength(joined, reach)
      reach += length === 0 ? 1 : length
    }
    texts.push(from >= end && bytes.length > 0 ? CONTINUATION : textOfBytes(joined.subarray(from, reach)))
    shown = reach
    start = end
  }
  return texts
}

/** Stands for a token all of whose bytes continue a character that an earlier token shows. */
const CONTINUATION = '·'
