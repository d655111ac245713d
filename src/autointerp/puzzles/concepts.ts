import { KINDS, type Kind, NAMES } from './vocabulary.ts'

/** A description, and what it means: how strongly a feature that it describes fires on a token of a text. */
export interface Concept {
  readonly text: string
  /** From 0, silent, to 9. */
  readonly level: (tokens: readonly string[], index: number) => number
}

/** Whether something holds at a token of a text. */
export type Test = (tokens: readonly string[], index: number) => boolean

/** The tokens of a text: words and numbers with the blank before them, marks, line breaks; long words in two. */
export function tokensOf(text: string): string[] {
  return text.match(/[^\S\n]?\p{L}{1,9}|[^\S\n]?\p{N}{1,3}|\n|[^\S\n]?[^\s\p{L}\p{N}]|\s/gu) ?? []
}

/** A token without the blank before it, in small letters. */
export function bare(token: string | undefined): string {
  return (token ?? '').trim().toLowerCase()
}

/** Fires fully where a test holds. */
export function fires(text: string, test: Test): Concept {
  return { text, level: (tokens, index) => (test(tokens, index) ? 9 : 0) }
}

/** The token is one of these words. */
export function isOneOf(words: readonly string[]): Test {
  const known = new Set(words.map(bare))
  return (tokens, index) => known.has(bare(tokens[index]))
}

/** The token is a word of a kind. */
export function isOf(kind: Kind): Test {
  return isOneOf(KINDS[kind])
}

/** A test of the token at a distance, negative for those before. */
export function at(distance: number, test: Test): Test {
  return (tokens, index) => test(tokens, index + distance)
}

/** All tests hold. */
export function both(...tests: readonly Test[]): Test {
  return (tokens, index) => tests.every((test) => test(tokens, index))
}

/** At least one test holds. */
export function either(...tests: readonly Test[]): Test {
  return (tokens, index) => tests.some((test) => test(tokens, index))
}

/** The token, without its blank, matches. */
export function matches(pattern: RegExp): Test {
  return (tokens, index) => pattern.test((tokens[index] ?? '').replace(/^[^\S\n]/, ''))
}

/** The token is exactly this, but for a blank before it. */
export function isMark(mark: string): Test {
  return (tokens, index) => (tokens[index] ?? '').replace(/^[^\S\n]/, '') === mark
}

/** The token is a word. */
export const isWord: Test = matches(/^\p{L}+$/u)
/** The token is a number. */
export const isNumber: Test = matches(/^\p{N}+$/u)

/** What a text is about rather than what a feature fires on: weakly, all words around one that passes a test. */
export function about(topic: string, cue: Test): Concept {
  const around = [-4, -3, -2, -1, 0, 1, 2, 3, 4]
  return {
    text: topic,
    level: (tokens, index) =>
      isWord(tokens, index) && around.some((distance) => cue(tokens, index + distance)) ? 3 : 0,
  }
}

/** A text about words of a kind. */
export function aboutKind(kind: Kind): Concept {
  return about(`Passages about ${NAMES[kind]}, every word of them a little`, isOf(kind))
}
