import type { OwnManifest, OwnRow } from '../import/own-tables.ts'
import { DataError } from '../core/errors.ts'
import { contentHash, sha256 } from '../core/hash.ts'
import type { FeatureState } from '../core/records.ts'
import type { Store } from '../core/store.ts'
import type { DocumentLabel } from '../core/token-corpus.ts'
import { ImportedNames } from './imported-explanations.ts'
import type { OwnTables } from './own-table-files.ts'

/** A set of exported tables, as it is stored here. */
export interface ImportedSet {
  readonly id: string
  readonly described: OwnManifest['sets'][number]
  readonly states: Map<number, { readonly state: FeatureState; readonly singleToken: boolean | null }>
  readonly names: ImportedNames
  /** Ids here by ids there. */
  readonly explanations: Map<string, string>
  readonly documents: Map<string, DocumentLabel & { readonly number: number }>
  /** By protocol: the id of what its examples were made by, and features that were sampled for it. */
  readonly samples: Map<string, { readonly provenanceId: string; readonly sampled: Set<number> }>
}

/** The bytes of tokens in the order of their ids, and how often they occur. */
interface Vocabulary {
  readonly bytes: Uint8Array[]
  readonly counts: Map<number, number>
}

/** Ids here of what made the rows, by ids there. */
export type ProvenanceIds = (id: string) => string

/** The sets of an export, by their ids there, and the ids of what made its rows. */
export interface StoredSets {
  readonly sets: ReadonlyMap<string, ImportedSet>
  readonly provenanceId: ProvenanceIds
}

/**
 * Stores the sets of exported tables, without their features, and all that made their rows. A set keeps its id behind a
 * mark; one that was imported before it was exported keeps its id as it is, so that importing it again changes nothing.
 * @throws {DataError} `set-taken`, `tables-inconsistent`
 */
export async function storeImportedSets(store: Store, tables: OwnTables): Promise<StoredSets> {
  const { manifest } = tables
  const vocabularies = await readVocabularies(tables)
  const ids = new Map<string, string>()
  const provenanceId = (id: string): string => {
    const found = ids.get(id)
    if (found === undefined) throw inconsistent(`the provenance ${id} in the manifest`)
    return found
  }
  const sets = store.transaction(() => {
    for (const [id, provenance] of Object.entries(manifest.provenance))
      ids.set(id, store.provenance.put(provenance))
    return new Map(
      manifest.sets.map((described) => {
        const vocabulary = vocabularies.get(described.id)
        if (!vocabulary) throw inconsistent(`a vocabulary of ${described.id}`)
        return [described.id, storeSet(store, described, vocabulary, provenanceId)]
      }),
    )
  })
  return { sets, provenanceId }
}

async function readVocabularies(tables: OwnTables): Promise<Map<string, Vocabulary>> {
  const found = new Map<string, Vocabulary>()
  for await (const { set, token_id: token, bytes, count } of tables.rows('vocabulary')) {
    const one = found.get(set) ?? { bytes: [], counts: new Map<number, number>() }
    found.set(set, one)
    if (token !== one.bytes.length)
      throw inconsistent(`token ${one.bytes.length} of ${set} in the vocabulary`, `token ${token}`)
    one.bytes.push(Buffer.from(bytes, 'hex'))
    if (count !== null && count > 0) one.counts.set(token, count)
  }
  return found
}

function storeSet(
  store: Store,
  described: ImportedSet['described'],
  { bytes, counts }: Vocabulary,
  provenanceId: ProvenanceIds,
): ImportedSet {
  const { hook, architecture, features, dIn, collection } = described
  const own = described.kind === 'imported'
  const id = own ? described.id : `imported-${described.id}`
  const existing = store.featureSets.get(id)
  if (existing && existing.kind !== 'imported')
    throw new DataError(
      'set-taken',
      `expected ${id} to be free or imported, found a feature set of that name that this study made; import into another workspace`,
    )
  if (!existing)
    store.featureSets.put({
      id,
      kind: 'imported',
      hook,
      architecture,
      features,
      dIn,
      folder: '',
      metrics: null,
      provenanceId: provenanceId(described.provenanceId),
      shuffledSeed: null,
    })
  // Neither the tokens nor the documents of a collection that this study may have are touched.
  const tokenizerHash = sha256(Buffer.concat(bytes.flatMap((one) => [one, Buffer.of(0)])))
  const corpusHash = own ? collection.corpusHash : contentHash({ set: id, corpus: collection.corpusHash })
  store.vocabulary.put(tokenizerHash, bytes)
  store.collections.put({
    ...collection,
    setId: id,
    tokenizerHash,
    corpusHash,
    provenanceId: provenanceId(collection.provenanceId),
  })
  if (counts.size > 0) store.tokenCounts.put(id, counts)
  const base = store.provenance.get(provenanceId(described.provenanceId))
  return {
    id,
    described,
    states: new Map(),
    names: new ImportedNames(),
    explanations: new Map(),
    // Numbers of documents stay what they were when other features of the set came in.
    documents: new Map(
      store.documents.all(corpusHash).map((one, number) => [keyOf(one), { ...one, number }]),
    ),
    samples: new Map(
      Object.entries(described.protocols).map(([protocol, [protocolHash = null]]) => [
        protocol,
        { provenanceId: store.provenance.put({ ...base, protocol, protocolHash }), sampled: new Set() },
      ]),
    ),
  }
}

/** The number of the document that an example is of. */
export function documentOf(
  { documents }: ImportedSet,
  { document: name, register }: OwnRow<'examples'>,
): number {
  const key = keyOf({ name, register })
  const known = documents.get(key)
  if (known) return known.number
  const number = documents.size
  documents.set(key, { name, register, number })
  return number
}

function keyOf({ name, register }: DocumentLabel): string {
  return JSON.stringify([name, register])
}

/** The error for tables that do not fit each other. */
export function inconsistent(expected: string, found = 'none'): DataError {
  return new DataError(
    'tables-inconsistent',
    `expected ${expected}, found ${found}; export again with --tables all, and without --columns or --scorer`,
  )
}
