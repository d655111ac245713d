import type { FeatureSetRecord, Store } from '../core/store.ts'

/** The share of top examples from one register that makes a feature the register's own. */
const OWN_SHARE = 0.9

/** The register that each sampled feature's top examples come from; null where they come from several. */
export function registersOf(store: Store, set: FeatureSetRecord): Map<number, string | null> {
  const collection = store.collections.get(set.id)
  const protocol = store.study.get('protocol')
  if (!collection || protocol === null) return new Map()
  const documents = store.documents.all(collection.corpusHash)
  const registers = new Map<number, (string | null)[]>()
  for (const { feature, document } of store.examples.topTokens(set.id, protocol)) {
    const ofFeature = registers.get(feature) ?? []
    ofFeature.push(documents[document]?.register ?? null)
    registers.set(feature, ofFeature)
  }
  return new Map([...registers].map(([feature, ofFeature]) => [feature, prevailing(ofFeature)]))
}

function prevailing(registers: readonly (string | null)[]): string | null {
  return (
    registers.find(
      (one) => registers.filter((other) => other === one).length >= OWN_SHARE * registers.length,
    ) ?? null
  )
}
