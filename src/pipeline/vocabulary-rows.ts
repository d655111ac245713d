import type { FeatureSetRecord, Store } from '../core/store.ts'
import { textOfBytes } from '../core/token-text.ts'
import type { Row } from '../export/table.ts'
import { vocabularyOf } from './token-texts.ts'

/** The tokens of a set's collection, with their bytes: what the ids in other tables stand for. */
export function* vocabularyRows(store: Store, set: FeatureSetRecord): Generator<Row> {
  const counts = store.tokenCounts.get(set.id)
  for (const [token, bytes] of vocabularyOf({ store }, set).entries())
    yield {
      set: set.id,
      token_id: token,
      text: textOfBytes(bytes),
      bytes: Buffer.from(bytes).toString('hex'),
      count: counts.size === 0 ? null : (counts.get(token) ?? 0),
    }
}
