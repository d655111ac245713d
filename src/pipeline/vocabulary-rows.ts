import type { FeatureSetRecord, Store } from '../core/store.ts'
import { textOfBytes } from '../core/token-text.ts'
import type { Column, Row } from '../export/table.ts'
import { type Cells, rowMaker } from './table-cells.ts'
import { vocabularyOf } from './token-texts.ts'

interface VocabularySource {
  readonly set: FeatureSetRecord
  readonly token: number
  readonly bytes: Uint8Array
  readonly count: number | null
}

const VOCABULARY_CELLS: Cells<VocabularySource> = {
  set: ({ set }) => set.id,
  token_id: ({ token }) => token,
  text: ({ bytes }) => textOfBytes(bytes),
  bytes: ({ bytes }) => Buffer.from(bytes).toString('hex'),
  count: ({ count }) => count,
}

/** The tokens of a set's collection, with their bytes: what the ids in other tables stand for. */
export function* vocabularyRows(
  store: Store,
  set: FeatureSetRecord,
  columns: readonly Column[],
): Generator<Row> {
  const rowOf = rowMaker(VOCABULARY_CELLS, columns)
  const counts = store.tokenCounts.get(set.id)
  for (const [token, bytes] of vocabularyOf({ store }, set).entries())
    yield rowOf({ set, token, bytes, count: counts.size === 0 ? null : (counts.get(token) ?? 0) })
}
