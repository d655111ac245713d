import type { AnsweredToken } from './answer-pairs.ts'
import { readPairs } from './answer-pairs.ts'

type Answers = Map<number, readonly AnsweredToken[] | null>

const BLANKS = /\s*/y
const KEY = /"(0|[1-9]\d{0,4})"\s*:\s*/y
const TEXT = /"([^"\\\n]*)"/y
const LEVEL = /(0|[1-9]\d{0,3})(?=[\s,}])/y

/**
 * Answers in an object of JSON: `{"1": {"2": 9}, "2": {}}` names firing tokens by index, `{"1": "2=9", "2": "none"}` has
 * the usual answers as strings. Lists of levels are not read: they name no token, and one left out would move all
 * that follow. A reader of its own, since JSON.parse takes the last of two equal keys without a word, and forgets
 * where a level stood.
 *
 * @param text in plain characters
 * @returns null where the text holds no such object, or another number beside it
 */
export function readJsonAnswers(text: string): Answers | null {
  const start = text.indexOf('{')
  const end = text.lastIndexOf('}') + 1
  if (start < 0 || end <= start || /\p{N}/u.test(text.slice(0, start) + text.slice(end))) return null
  const answers: Answers = new Map()
  const closed = readObject(text, start, (number, at) => {
    const read = readAnswer(text, at)
    answers.set(number, read === null || answers.has(number) ? null : read.answer)
    return read?.end ?? null
  })
  return closed === end && answers.size > 0 ? answers : null
}

interface Read {
  readonly answer: readonly AnsweredToken[] | null
  readonly end: number
}

function readAnswer(text: string, at: number): Read | null {
  if (text[at] === '"') {
    TEXT.lastIndex = at
    const found = TEXT.exec(text)
    return found && { answer: readPairs(found[1]!, at + 1), end: TEXT.lastIndex }
  }
  const answer: AnsweredToken[] = []
  const end = readObject(text, at, (index, offset) => {
    LEVEL.lastIndex = offset
    const level = LEVEL.exec(text)
    if (!level) return null
    answer.push({ index, level: Number(level[1]), offset })
    return LEVEL.lastIndex
  })
  return end === null ? null : { answer, end }
}

/** @param member reads what stands behind a key and says where it ends @returns where the object ends */
function readObject(
  text: string,
  at: number,
  member: (key: number, at: number) => number | null,
): number | null {
  if (text[at] !== '{') return null
  let place = skipBlanks(text, at + 1)
  if (text[place] === '}') return place + 1
  for (;;) {
    KEY.lastIndex = place
    const key = KEY.exec(text)
    const end = key && member(Number(key[1]), KEY.lastIndex)
    if (end === null) return null
    place = skipBlanks(text, end)
    if (text[place] === '}') return place + 1
    if (text[place] !== ',') return null
    place = skipBlanks(text, place + 1)
  }
}

function skipBlanks(text: string, place: number): number {
  BLANKS.lastIndex = place
  BLANKS.test(text)
  return BLANKS.lastIndex
}
