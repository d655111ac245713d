import { bigramTable, parseBigramTable, simulateByBigramTable } from '../autointerp/bigram-table.ts'
import { compositionPredictions, constantPredictions, positionPredictions } from '../autointerp/controls.ts'
import type { ControlPredictions } from '../autointerp/simulation-score.ts'
import { parseTokenTable, simulateByTokenTable, tokenTable } from '../autointerp/token-table.ts'
import type { ControlName } from '../core/scores.ts'
import type { FeatureSetRecord, StoredExample, Store } from '../core/store.ts'

/** Share of a collection's eligible tokens that are a token; null where the collection has not counted them. */
export type TokenFrequency = (token: number) => number

/** Reads how often tokens occur in a set's collection. */
export function tokenFrequency(
  store: Pick<Store, 'tokenCounts'>,
  set: FeatureSetRecord,
): TokenFrequency | null {
  const counts = store.tokenCounts.get(set.id)
  let total = 0
  for (const count of counts.values()) total += count
  return total === 0 ? null : (token) => (counts.get(token) ?? 0) / total
}

/** The baseline that an explanation is the text of: a gain over itself says nothing. */
export function ownBaseline(explanation: string): ControlName | null {
  if (parseTokenTable(explanation)) return 'tokenTable'
  return parseBigramTable(explanation) ? 'bigram' : null
}

/**
 * The controls that need no LLM.
 *
 * @param calls how the simulator deals the score examples; empty where it makes no calls, so that nobody sees them
 * together and there is no composition to read
 * @param own left out
 */
export function offlineControls(
  explain: readonly StoredExample[],
  score: readonly StoredExample[],
  calls: readonly (readonly number[])[],
  scale: number,
  frequency: TokenFrequency | null,
  own: ControlName | null,
): ControlPredictions[] {
  const controls: ControlPredictions[] = [
    { name: 'constant', predicted: constantPredictions(score) },
    { name: 'position', predicted: positionPredictions(score) },
  ]
  if (calls.length > 0)
    controls.push({
      name: 'composition',
      predicted: frequency ? compositionPredictions(score, calls, frequency) : score.map(() => null),
      unrounded: true,
    })
  if (own !== 'tokenTable') {
    const table = tokenTable(explain, scale)
    controls.push({
      name: 'tokenTable',
      predicted: score.map(({ tokens }) => simulateByTokenTable(table, tokens)),
    })
  }
  if (own !== 'bigram') {
    const table = bigramTable(explain, scale)
    controls.push({
      name: 'bigram',
      predicted: score.map(({ tokens }) => simulateByBigramTable(table, tokens)),
    })
  }
  return controls
}
