import type { FeatureSetRecord } from '../core/store.ts'
import { textsOfTokens } from '../core/token-text.ts'
import type { Study } from './study.ts'

/** The bytes of every token of the set's collection. */
export function vocabularyOf(study: Pick<Study, 'store'>, set: FeatureSetRecord): Uint8Array[] {
  const collection = study.store.collections.get(set.id)
  return collection ? study.store.vocabulary.get(collection.tokenizerHash) : []
}

/** The texts of the tokens of a window. */
export function tokenTexts(
  study: Pick<Study, 'store'>,
  set: FeatureSetRecord,
): (tokens: readonly number[]) => string[] {
  const vocabulary = vocabularyOf(study, set)
  return (tokens) => textsOfTokens(tokens.map((token) => vocabulary[token] ?? new Uint8Array()))
}
