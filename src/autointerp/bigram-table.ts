import { z } from 'zod'
import { largestActivation } from './quantize.ts'
import { TOKEN_ENTRY, type TokenTableEntry } from './token-table.ts'

/**
 * The bigram baseline, which needs no LLM. It predicts a token's mean activation after the token before it, where the
 * explain examples have that pair, else the token's own mean: what an explanation by context has to beat.
 */

/** A pair of neighbouring tokens with the level of the second. */
export interface BigramEntry {
  readonly previous: number
  readonly token: number
  readonly level: number
}

/** Levels on the protocol's scale: a token that neither list has is silent. */
export interface BigramTable {
  /** Tokens whose mean is not silent. */
  readonly tokens: readonly TokenTableEntry[]
  /** Pairs whose level is another than that of their second token alone. */
  readonly pairs: readonly BigramEntry[]
}

const PREFIX = 'tokens and bigrams (baseline):'
const PAIR_ENTRY = /\s"(?:[^"\\]|\\.)*"\+"(?:[^"\\]|\\.)*"#(\d+)\+(\d+)=(\d+)/y
const tokenSchema = z.object({ token: z.coerce.number().int(), level: z.coerce.number().int() })
const pairSchema = tokenSchema.extend({ previous: z.coerce.number().int() })

interface Mean {
  sum: number
  count: number
}

/**
 * The table of all tokens and pairs of the examples. A level is the mean positive activation over all occurrences, on
 * the scale, rounded half up. Both lists are sorted by level, highest first, ties by token ids.
 */
export function bigramTable(
  examples: readonly { readonly tokens: readonly number[]; readonly activations: readonly number[] }[],
  scale: number,
): BigramTable {
  const max = largestActivation(examples)
  const ofTokens = new Map<number, Mean>()
  const ofPairs = new Map<number, Map<number, Mean>>()
  for (const { tokens, activations } of examples)
    for (const [index, token] of tokens.entries()) {
      const activation = Math.max(0, activations[index]!)
      add(ofTokens, token, activation)
      if (index === 0) continue
      const previous = tokens[index - 1]!
      const after = ofPairs.get(previous) ?? new Map<number, Mean>()
      ofPairs.set(previous, after)
      add(after, token, activation)
    }
  const levelOf = ({ sum, count }: Mean): number =>
    max > 0 ? Math.floor((scale * (sum / count)) / max + 0.5) : 0
  const levels = new Map([...ofTokens].map(([token, mean]) => [token, levelOf(mean)]))
  return {
    tokens: [...levels]
      .map(([token, level]) => ({ token, level }))
      .filter(({ level }) => level > 0)
      .toSorted((a, b) => b.level - a.level || a.token - b.token),
    pairs: [...ofPairs]
      .flatMap(([previous, after]) =>
        [...after].map(([token, mean]) => ({ previous, token, level: levelOf(mean) })),
      )
      .filter(({ token, level }) => level !== levels.get(token))
      .toSorted((a, b) => b.level - a.level || a.previous - b.previous || a.token - b.token),
  }
}

function add(means: Map<number, Mean>, token: number, activation: number): void {
  const mean = means.get(token)
  if (mean === undefined) {
    means.set(token, { sum: activation, count: 1 })
    return
  }
  mean.sum += activation
  mean.count++
}

/**
 * A table as the text of an explanation: texts as JSON strings, then ids and level.
 * @example
 * renderBigramTable({ tokens: [{ token: 8, level: 2 }], pairs: [{ previous: 5, token: 8, level: 9 }] }, String)
 * // 'tokens and bigrams (baseline): "8"#8=2 "5"+"8"#5+8=9'
 */
export function renderBigramTable({ tokens, pairs }: BigramTable, textOf: (token: number) => string): string {
  const quoted = (token: number): string => JSON.stringify(textOf(token))
  return [
    PREFIX,
    ...tokens.map(({ token, level }) => `${quoted(token)}#${token}=${level}`),
    ...pairs.map(
      ({ previous, token, level }) => `${quoted(previous)}+${quoted(token)}#${previous}+${token}=${level}`,
    ),
  ].join(' ')
}

/** The table that {@link renderBigramTable} wrote; null for any other text. */
export function parseBigramTable(text: string): BigramTable | null {
  if (!text.startsWith(PREFIX)) return null
  const tokens: TokenTableEntry[] = []
  const pairs: BigramEntry[] = []
  let place = PREFIX.length
  while (place < text.length) {
    TOKEN_ENTRY.lastIndex = place
    PAIR_ENTRY.lastIndex = place
    const single = TOKEN_ENTRY.exec(text)
    const double = PAIR_ENTRY.exec(text)
    if (single && pairs.length === 0) {
      tokens.push(tokenSchema.parse({ token: single[2], level: single[3] }))
      place = TOKEN_ENTRY.lastIndex
    } else if (double) {
      pairs.push(pairSchema.parse({ previous: double[1], token: double[2], level: double[3] }))
      place = PAIR_ENTRY.lastIndex
    } else return null
  }
  return { tokens, pairs }
}

/** Predicts the level of a token after the one before it, else of the token alone; 0 for tokens that the table lacks. */
export function simulateByBigramTable(
  { tokens: single, pairs }: BigramTable,
  tokens: readonly number[],
): number[] {
  const levels = new Map(single.map(({ token, level }) => [token, level]))
  const after = new Map(pairs.map(({ previous, token, level }) => [`${previous} ${token}`, level]))
  return tokens.map(
    (token, index) =>
      (index > 0 ? after.get(`${tokens[index - 1]!} ${token}`) : undefined) ?? levels.get(token) ?? 0,
  )
}
