import type { TableName } from '../export/tables.ts'
import type { Json } from '../core/hash.ts'
import type { ExplanationRecord, FeatureSetRecord, ScoreRecord, Store } from '../core/store.ts'
import { kindOf } from './sets.ts'

/** A table's file as it was written. */
export interface WrittenTable {
  readonly file: string
  readonly table: TableName
  readonly rows: number
  readonly bytes: number
  readonly sha256: string
}

/**
 * What an export is of: its files with their hashes, the feature sets with how many features are in which state, how many
 * scores have a value and why the others have none, everything that made the rows, and what it cost. Nothing in it is of
 * the time or the machine of the export.
 */
export function exportManifest(
  store: Store,
  sets: readonly FeatureSetRecord[],
  version: string,
  files: readonly WrittenTable[],
  filters: Readonly<Record<string, unknown>>,
): object {
  const provenances = new Set<string>()
  const described = sets.map((set) => describeSet(store, set, provenances))
  return {
    format: 'gloss tables',
    version,
    files,
    filters,
    sets: described,
    provenance: Object.fromEntries([...provenances].toSorted().map((id) => [id, store.provenance.get(id)])),
    cost: store.ledger.lines(),
  }
}

function describeSet(store: Store, set: FeatureSetRecord, provenances: Set<string>): object {
  const states: Record<string, number> = { alive: 0, dead: 0, tooRare: 0 }
  for (const { state } of store.exports.features(set.id)) states[state]!++
  const scores = new Map<string, { scored: number; undefined: Record<string, number> }>()
  provenances.add(set.provenanceId)
  const collection = store.collections.get(set.id)
  if (collection) provenances.add(collection.provenanceId)
  const count = (explanation: ExplanationRecord, score: ScoreRecord): void => {
    provenances.add(score.provenanceId)
    const key = JSON.stringify([
      explanation.explainer,
      explanation.llm,
      score.scorer,
      score.protocol,
      score.tier,
    ])
    const counts = scores.get(key) ?? { scored: 0, undefined: {} }
    if (score.undefined === null) counts.scored++
    else counts.undefined[score.undefined] = (counts.undefined[score.undefined] ?? 0) + 1
    scores.set(key, counts)
  }
  for (const explanation of store.exports.explanations(set.id)) {
    provenances.add(explanation.provenanceId)
    for (const score of store.scores.of(explanation.id)) count(explanation, score)
  }
  const { id, kind: _, ...record } = set
  return {
    id,
    kind: kindOf(set),
    ...record,
    collection,
    states,
    // By the name of the protocol: hashes of the files by which examples were drawn.
    protocols: Object.fromEntries(
      store.exports.exampleProtocols(id).map((name) => [name, store.examples.protocolHashes(id, name)]),
    ),
    scores: [...scores]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, counts]) => {
        const [explainer, llm, scorer, protocol, tier] = JSON.parse(key) as Json[]
        return { explainer, llm, scorer, protocol, tier, ...counts }
      }),
  }
}
