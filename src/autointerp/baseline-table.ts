import { parseBigramTable, simulateByBigramTable } from './bigram-table.ts'
import { parseTokenTable, simulateByTokenTable } from './token-table.ts'

/** Predicts the levels of a window's tokens. */
export type TablePredictor = (tokens: readonly number[]) => number[]

/** What a baseline's explanation predicts, from its text alone; null for the text of anything else. */
export function readBaselineTable(text: string): TablePredictor | null {
  const tokens = parseTokenTable(text)
  if (tokens) return (window) => simulateByTokenTable(tokens, window)
  const bigrams = parseBigramTable(text)
  return bigrams && ((window) => simulateByBigramTable(bigrams, window))
}
