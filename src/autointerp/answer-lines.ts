import { type AnsweredToken, readPairs } from './answer-pairs.ts'
import { readJsonAnswers } from './json-answers.ts'
import { plainCharacters, spokenReply } from './plain-reply.ts'

/** What a reply says of an example's tokens; null where that cannot be told. */
export type ExampleAnswer = readonly AnsweredToken[] | null

const LEAD = /[\s>]*(?:[-*+]\s+)?(?:#{1,6}\s+)?\|?\s*[*_`"'([]{0,4}\s*(?:(example|text)s?\s*)?#?\s*/iy
const NUMBER = /(0|[1-9]\d{0,4})(?![\d⁰¹²³⁴-⁹])[*_`"']{0,4}[ ]?/y
const SEPARATOR = /(?:[)\]]:?|:|\.(?=\s|$|[*_`"'])|\|)[*_`"']{0,4}/y
const BULLET = /^\s*[-*+]\s+/

/** A line that begins an answer. */
interface Head {
  readonly number: number
  /** Where its content begins in the line. */
  readonly end: number
}

/**
 * What a reply says of each example, by the number that stands before it. An example is null where nothing is said of
 * it, where two answers to it differ, where an answer cannot be read, or where a line below it, which has no number of
 * its own, might be part of it. If an example 0 is answered, or one beyond the last while another is not, the numbers
 * count something else, and all are null.
 *
 * @param count examples that were asked about
 * @param cut whether the reply ended at its token limit, so that its last line may be incomplete
 */
export function readAnswers(reply: string, count: number, cut: boolean): ExampleAnswer[] {
  const text = plainCharacters(spokenReply(reply))
  const json = cut ? null : readJsonAnswers(text)
  const found = json ?? readLines(text, cut)
  const answers = Array.from({ length: count }, (_, index) => found.get(index + 1))
  const beyond = [...found.keys()].some((number) => number > count)
  const shifted = found.has(0) || (beyond && answers.some((answer) => answer == null))
  return answers.map((answer) => (shifted ? null : (answer ?? null)))
}

/**
 * What a reply to so many numbered questions has no use for. The answer to one that was not asked is let through: by
 * that a reader sees that the numbers count something else.
 */
export function beyondAnswers(count: number): string {
  return `\n${count + 2}:`
}

function readLines(text: string, cut: boolean): Draft['answers'] {
  const lines = text.split('\n')
  if (cut) lines.pop()
  const draft = new Draft()
  let start = 0
  for (const line of lines) {
    draft.add(line, start)
    start += line.length + 1
  }
  if (cut) draft.dropUnfinished()
  return draft.answers
}

/** The answers that the lines read so far amount to. */
class Draft {
  /** By example; undefined where only its number has come. */
  readonly answers = new Map<number, ExampleAnswer | undefined>()
  /** The example that the last head named, and whether its content is still to come. */
  #current: number | null = null
  #open = false
  #anyRead = false
  /** Whether prose or a fence stands between the last head and here. */
  #boundary = false

  add(line: string, start: number): void {
    const head = readHead(line, 0)
    if (head === null) return this.#addOther(line, start)
    const content = line.slice(head.end)
    if (content.trim() === '') return this.#begin(head.number)
    const answer = readPairs(content, start + head.end) ?? this.#readNested(line, head, start)
    if (answer !== null && !this.#anyRead) {
      this.#forgetPreface()
      this.#anyRead = true
    }
    this.#put(head.number, answer)
    this.#current = head.number
    this.#open = false
    this.#boundary = false
  }

  /** An answer of several lines has no end before the next one begins. */
  dropUnfinished(): void {
    if (this.#open && this.#current !== null) this.answers.set(this.#current, null)
  }

  /** A list item with an answer in it has two numbers, which must be one. */
  #readNested(line: string, head: Head, start: number): ExampleAnswer {
    const inner = readHead(line, head.end)
    if (inner === null) return null
    if (inner.number === head.number) return readPairs(line.slice(inner.end), start + inner.end)
    this.#put(inner.number, null)
    return null
  }

  /** Numbered thoughts that end before the answers begin say nothing about examples. */
  #forgetPreface(): void {
    if (this.#boundary) this.answers.clear()
  }

  #begin(number: number): void {
    if (!this.#anyRead) this.#forgetPreface()
    this.answers.set(number, this.answers.get(number) === undefined ? undefined : null)
    this.#current = number
    this.#open = true
    this.#boundary = false
  }

  /** A line without a number of an example. */
  #addOther(line: string, start: number): void {
    const bullet = BULLET.exec(line)?.[0].length ?? 0
    const pairs = readPairs(line.slice(bullet), start + bullet)
    if (pairs === null && !/\p{N}/u.test(line)) {
      this.#boundary ||= line.trim() !== ''
      return
    }
    if (this.#current === null) return
    if (pairs === null || !this.#open) {
      this.answers.set(this.#current, null)
      this.#anyRead ||= pairs !== null
      return
    }
    this.#anyRead = true
    const before = this.answers.get(this.#current)
    const both = before === undefined ? pairs : before && [...before, ...pairs]
    // "None" beside anything else is no answer.
    const contradicts = before !== undefined && (pairs.length === 0 || before?.length === 0)
    this.answers.set(this.#current, contradicts ? null : both)
  }

  #put(number: number, answer: ExampleAnswer): void {
    const before = this.answers.get(number)
    this.answers.set(number, before === undefined || sameAnswer(before, answer) ? answer : null)
  }
}

function readHead(line: string, from: number): Head | null {
  LEAD.lastIndex = from
  const lead = LEAD.exec(line)!
  NUMBER.lastIndex = LEAD.lastIndex
  const number = NUMBER.exec(line)
  if (!number) return null
  const after = NUMBER.lastIndex
  SEPARATOR.lastIndex = after
  if (SEPARATOR.test(line)) return { number: Number(number[1]), end: SEPARATOR.lastIndex }
  return lead[1] !== undefined && line.slice(after).trim() === ''
    ? { number: Number(number[1]), end: line.length }
    : null
}

function sameAnswer(a: ExampleAnswer, b: ExampleAnswer): boolean {
  if (a === null || b === null || a.length !== b.length) return false
  const levels = new Map(a.map(({ index, level }) => [index, level]))
  return levels.size === a.length && b.every(({ index, level }) => levels.get(index) === level)
}
