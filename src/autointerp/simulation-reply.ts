import { withoutThoughts } from './explanation-reply.ts'

/** Predictions by example; null for an example that was not answered or whose answer cannot be read. */
export type ParsedSimulation = readonly (readonly number[] | null)[]

const LINE = /^\s*(?:[-*]\s+)?(?:example\s+)?(\d+)\s*[:.)]\s*(.*?)\s*$/i
const NONE = /^\(?none\)?\.?$/i
const PAIR = /^(\d+)\s*[=:]\s*(\d+)$/

/**
 * Reads the sparse form: one line an example, `number: index=level …` or `number: none`, indices and examples from 1.
 * A token not named in an answered example is 0. An example is missing (null, never 0) if it has no line, two that
 * disagree, or one with an index or level out of range or anything else in it.
 *
 * @param lengths tokens of each example
 * @param cut whether the reply ended at its token limit, so that its last line may be incomplete
 */
export function parseSimulation(
  reply: string,
  lengths: readonly number[],
  scale: number,
  cut: boolean,
): ParsedSimulation {
  const lines = withoutThoughts(reply).split('\n')
  if (cut) lines.pop()
  const answers = lengths.map((): number[] | null | undefined => undefined)
  for (const line of lines) {
    const match = LINE.exec(line)
    if (!match) continue
    const example = Number(match[1]) - 1
    const length = lengths[example]
    if (length === undefined) continue
    const levels = parseLevels(match[2]!, length, scale)
    const earlier = answers[example]
    answers[example] = earlier === undefined || sameLevels(earlier, levels) ? levels : null
  }
  return answers.map((levels) => levels ?? null)
}

function parseLevels(text: string, length: number, scale: number): number[] | null {
  const levels = Array.from({ length }, () => 0)
  if (NONE.test(text)) return levels
  const named = new Set<number>()
  for (const part of text.split(/[\s,;]+(?=\d)/)) {
    const match = PAIR.exec(part.replace(/[,;]$/, ''))
    if (!match) return null
    const index = Number(match[1]) - 1
    const level = Number(match[2])
    if (index < 0 || index >= length || level > scale || named.has(index)) return null
    named.add(index)
    levels[index] = level
  }
  return levels
}

function sameLevels(a: readonly number[] | null, b: readonly number[] | null): boolean {
  return a !== null && b !== null && a.every((level, index) => level === b[index])
}
