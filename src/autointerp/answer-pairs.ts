/** What an answer says of one token. */
export interface AnsweredToken {
  /** From 1. */
  readonly index: number
  readonly level: number
  /** Where the level's first digit stands. */
  readonly offset: number
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'
const BETWEEN = /[\s,;|*_`"']*/y
const INDEX = /(?:(0|[1-9]\d{0,3})|([⁰¹²³⁴-⁹]{1,4}))(?![\d.⁰¹²³⁴-⁹])[\s*_`"']*/y
const SIGN = /(?:(=>)|(->)|(→)|(=)|(:)(?=\d))[\s*_`"']*/y
const LEVEL = /(0|[1-9]\d{0,3})(?:\.0{1,3})?(?=$|[\s,;|*_`"']|\.(?:\s|$))/y
const STOP = /\.(?=\s|$)/y
const NONE = new Set(['none', 'silent', 'nothing', 'no activation', 'no activations', 'no tokens'])
const WRAPPED = /^[[({]([^[\](){}]*)[\])}]$/

/**
 * The tokens that an answer names, as `index=level`, in any order; empty where it says that there are none. One sign
 * stands between index and level throughout. An answer with anything else in it, even one letter, is null: whatever
 * that was might have meant another token.
 *
 * @param text in plain characters
 * @param at its offset in the reply
 */
export function readPairs(text: string, at: number): AnsweredToken[] | null {
  if (NONE.has(withoutMarks(text))) return []
  const wrapped = WRAPPED.exec(text.trim())
  if (wrapped) return readPairs(wrapped[1]!, at + text.indexOf(wrapped[0]) + 1)

  const pairs: AnsweredToken[] = []
  let sign: number | undefined
  let place = skip(BETWEEN, text, 0)
  while (place < text.length) {
    INDEX.lastIndex = place
    const index = INDEX.exec(text)
    SIGN.lastIndex = INDEX.lastIndex
    const between = index && SIGN.exec(text)
    LEVEL.lastIndex = SIGN.lastIndex
    const level = between && LEVEL.exec(text)
    if (!level) return null
    const found = between.findIndex((group, number) => number > 0 && group !== undefined)
    if (sign !== undefined && sign !== found) return null
    sign = found
    pairs.push({
      index: index[1] === undefined ? superscriptNumber(index[2]!) : Number(index[1]),
      level: Number(level[1]),
      offset: at + level.index,
    })
    place = skip(BETWEEN, text, skip(STOP, text, LEVEL.lastIndex))
  }
  return pairs.length === 0 ? null : pairs
}

/** Leading zeros make no index, in superscripts either. */
function superscriptNumber(text: string): number {
  return text.startsWith('⁰') ? 0 : Number(text.replace(/./g, (mark) => String(SUPERSCRIPTS.indexOf(mark))))
}

function skip(pattern: RegExp, text: string, place: number): number {
  pattern.lastIndex = place
  return pattern.test(text) ? pattern.lastIndex : place
}

/** Without the marks at both ends, in small letters; empty for what is too long to be a word for nothing. */
function withoutMarks(text: string): string {
  const marks = ' \n*_`"\'.,;()[]{}|'
  let start = 0
  let end = text.length
  while (start < end && marks.includes(text[start]!)) start++
  while (end > start && marks.includes(text[end - 1]!)) end--
  return end - start > 20 ? '' : text.slice(start, end).toLowerCase()
}
