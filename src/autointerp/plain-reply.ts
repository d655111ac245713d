/**
 * What a reply says aloud, in plain characters. Both steps keep every offset, so that a place in the result is the same
 * place in the reply.
 */

const THOUGHT = 'think(?:ing)?|thoughts?|reason(?:ing)?|scratchpad'
/** The tags of thoughts, as common models write them. */
const TAGS = new RegExp(
  `<(/?)(?:${THOUGHT})>|\\[(/?)(?:${THOUGHT})\\]|◁(/?)think▷|<\\|channel\\|>(final|analysis|commentary)<\\|message\\|>`,
  'gi',
)
const FINAL = /^[ \t#*_]*final answers?[ \t:*_]*$/gim

/**
 * A reply with blanks in place of what its model thought before it answered: all up to the last closing tag, to a
 * heading "Final answer", and all behind a tag that is never closed.
 */
export function spokenReply(reply: string): string {
  let start = 0
  let end = reply.length
  for (const tag of reply.matchAll(TAGS)) {
    const closes = (tag[1] ?? tag[2] ?? tag[3]) === '/' || tag[4]?.toLowerCase() === 'final'
    if (closes) {
      start = tag.index + tag[0].length
      end = reply.length
    } else end = Math.min(end, tag.index)
  }
  // A heading behind a tag that is never closed is thought as well.
  for (const heading of reply.slice(0, end).matchAll(FINAL))
    start = Math.max(start, heading.index + heading[0].length)
  return ' '.repeat(Math.min(start, end)) + reply.slice(start, end) + ' '.repeat(reply.length - end)
}

const VARIANTS: Readonly<Record<string, string>> = {
  '＝': '=',
  '：': ':',
  '，': ',',
  '；': ';',
  '、': ',',
  '“': '"',
  '”': '"',
  '‘': "'",
  '’': "'",
  '•': '*',
  '◦': '*',
  '▪': '*',
  '‣': '*',
}

/** Blanks by any other name, and what cannot be seen. */
const INVISIBLE = /[\p{Zs}\u00AD\u200B-\u200F\u2060\u202A-\u202E\u2066-\u2069\uFEFF]/gu

/**
 * A text with ASCII in place of other scripts' digits, other blanks and typographic marks. Superscripts stay: they are
 * indices alone. Digits of two scripts side by side stay as well, and are no number.
 */
export function plainCharacters(text: string): string {
  if (!/[^\n -~]/.test(text)) return text
  return (
    text
      // A blank of Windows-1252 that was read as UTF-8 leaves a letter behind.
      .replace(/Â(?=\u00A0)/g, ' ')
      .replace(INVISIBLE, ' ')
      .replace(/\r\n/g, ' \n')
      .replace(/[\r\v\f\u0085\u2028\u2029]/g, '\n')
      .replace(/\t/g, ' ')
      .replace(/[＝：，；、“”‘’•◦▪‣]/g, (mark) => VARIANTS[mark]!)
      // Digits beyond the basic plane would change offsets: they stay, and cannot be read.
      .replace(/\p{Nd}+/gu, (run) => (/[\uD800-\uDFFF]/.test(run) ? run : plainDigits(run)))
  )
}

function plainDigits(run: string): string {
  const zeros = new Set<number>()
  let plain = ''
  for (const digit of run) {
    const zero = zeroOf(digit.charCodeAt(0))
    zeros.add(zero)
    plain += digit.charCodeAt(0) - zero
  }
  return zeros.size === 1 ? plain : run
}

/** Unicode keeps the ten digits of a script together, with nothing numeric before the zero. */
function zeroOf(code: number): number {
  let zero = code
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCharCode(zero - 1))) zero--
  return zero
}
