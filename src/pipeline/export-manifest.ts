import type { TableName } from '../export/tables.ts'
import type { ScoreCount } from '../core/export-reader.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
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
  const { id, kind: _, ...record } = set
  const collection = store.collections.get(id)
  provenances.add(set.provenanceId)
  if (collection) provenances.add(collection.provenanceId)
  for (const made of store.exports.explanationProvenances(id)) provenances.add(made)
  const counts = store.exports.scoreCounts(id)
  for (const { provenanceId } of counts) provenances.add(provenanceId)
  return {
    id,
    kind: kindOf(set),
    ...record,
    collection,
    states: { alive: 0, dead: 0, tooRare: 0, ...Object.fromEntries(store.exports.states(id)) },
    // By the name of the protocol: hashes of the files by which examples were drawn.
    protocols: Object.fromEntries(
      store.exports.exampleProtocols(id).map((name) => [name, store.examples.protocolHashes(id, name)]),
    ),
    scores: describeScores(counts),
  }
}

/** How many scores of each making have a value, and why the others have none. */
function describeScores(counts: readonly ScoreCount[]): object[] {
  const groups = new Map<string, { made: object; scored: number; undefined: Record<string, number> }>()
  for (const { undefined: reason, count, provenanceId: _, ...made } of counts.toSorted(byReason)) {
    const key = JSON.stringify(Object.values(made))
    const group = groups.get(key) ?? { made, scored: 0, undefined: {} }
    if (reason === null) group.scored += count
    else group.undefined[reason] = (group.undefined[reason] ?? 0) + count
    groups.set(key, group)
  }
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { made, ...counted }]) => ({ ...made, ...counted }))
}

function byReason(a: ScoreCount, b: ScoreCount): number {
  return (a.undefined ?? '') < (b.undefined ?? '') ? -1 : 1
}
