import { z } from 'zod'
import { largestActivation } from './quantize.ts'

/**
 * The token-table baseline, which needs no LLM. It explains a feature by the tokens with the largest mean
 * activation in the explain examples and predicts an activation from the token alone. What it reaches is what an
 * explanation has to beat.
 */

/** One token of a table with its level on the protocol's scale. */
export interface TokenTableEntry {
  readonly token: number
  readonly level: number
}

/** How many tokens a table has. */
const TABLE_SIZE = 10

const PREFIX = 'top tokens (baseline):'
/** One entry in the text of a table: text, id, level. */
export const TOKEN_ENTRY = /\s("(?:[^"\\]|\\.)*")#(\d+)=(\d+)/y
const entrySchema = z.object({ token: z.coerce.number().int(), level: z.coerce.number().int() })

/**
 * The tokens of the examples with the largest mean positive activation, strongest first, ties by token id.
 * A token's level is its mean over all its occurrences in the examples, on the scale, rounded half up.
 */
export function tokenTable(
  examples: readonly { readonly tokens: readonly number[]; readonly activations: readonly number[] }[],
  scale: number,
): TokenTableEntry[] {
  const max = largestActivation(examples)
  const sums = new Map<number, { sum: number; count: number }>()
  for (const { tokens, activations } of examples)
    for (const [index, token] of tokens.entries()) {
      const entry = sums.get(token) ?? { sum: 0, count: 0 }
      entry.sum += Math.max(0, activations[index]!)
      entry.count++
      sums.set(token, entry)
    }
  return [...sums]
    .map(([token, { sum, count }]) => ({ token, mean: sum / count }))
    .filter(({ mean }) => mean > 0)
    .toSorted((a, b) => b.mean - a.mean || a.token - b.token)
    .slice(0, TABLE_SIZE)
    .map(({ token, mean }) => ({ token, level: Math.floor((scale * mean) / max + 0.5) }))
}

/**
 * A table as the text of an explanation: each token's text as a JSON string, its id and its level.
 * @example
 * renderTokenTable([{ token: 812, level: 9 }], () => 'GC') // 'top tokens (baseline): "GC"#812=9'
 */
export function renderTokenTable(
  table: readonly TokenTableEntry[],
  textOf: (token: number) => string,
): string {
  return (
    PREFIX + table.map(({ token, level }) => ` ${JSON.stringify(textOf(token))}#${token}=${level}`).join('')
  )
}

/** The table that {@link renderTokenTable} wrote; null for any other text. */
export function parseTokenTable(text: string): TokenTableEntry[] | null {
  if (!text.startsWith(PREFIX)) return null
  const entries: TokenTableEntry[] = []
  TOKEN_ENTRY.lastIndex = PREFIX.length
  while (TOKEN_ENTRY.lastIndex < text.length) {
    const match = TOKEN_ENTRY.exec(text)
    if (!match) return null
    entries.push(entrySchema.parse({ token: match[2], level: match[3] }))
  }
  return entries
}

/** Predicts a table's level for its tokens and 0 for all others. */
export function simulateByTokenTable(table: readonly TokenTableEntry[], tokens: readonly number[]): number[] {
  const levels = new Map(table.map(({ token, level }) => [token, level]))
  return tokens.map((token) => levels.get(token) ?? 0)
}
