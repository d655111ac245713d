import type { OwnManifest, OwnRow, OwnTable } from '../import/own-tables.ts'
import { DataError, StoppedError } from '../core/errors.ts'
import { contentHash, sha256 } from '../core/hash.ts'
import { nameOfImported } from '../core/imported.ts'
import type { Example, FeatureState } from '../core/records.ts'
import type { FeatureSetRecord } from '../core/store.ts'
import type { DocumentLabel } from '../core/token-corpus.ts'
import { ImportedNames, importedExplainers, importedExplanationId } from './imported-explanations.ts'
import { exampleOfRow, featureOfRow, scoreOfRow } from './imported-rows.ts'
import type { ImportCounts } from './import-set.ts'
import { rememberImported } from './import-settings.ts'
import type { OwnTables } from './own-table-files.ts'
import { eventLoopTurn } from './sample.ts'
import type { Study } from './study.ts'

/** Rows that are stored in one transaction. */
const ROWS_PER_COMMIT = 2000

/** How far an import of tables is. */
export interface TableImportProgress {
  readonly table: OwnTable
  readonly rows: number
}

/** A set as it is stored here. */
interface ImportedSet {
  readonly id: string
  readonly described: OwnManifest['sets'][number]
  readonly states: Map<number, { readonly state: FeatureState; readonly singleToken: boolean | null }>
  readonly names: ImportedNames
  /** Ids here by ids there. */
  readonly explanations: Map<string, string>
  readonly documents: Map<string, DocumentLabel & { readonly number: number }>
  /** Ids of what samples of a protocol were made by. */
  readonly samples: Map<string, { readonly provenanceId: string; readonly sampled: Set<number> }>
}

/** The examples of a feature by one protocol, which stand together in the table. */
interface ExampleGroup {
  readonly set: ImportedSet
  readonly feature: number
  readonly protocol: string
  readonly examples: Example[]
}

/**
 * Stores what `gloss export` wrote: features with their statistics, examples with their slices, explanations, scores and
 * what made them. Sets, explainers and protocols of scores get the names of what was made elsewhere (see `core/imported.ts`),
 * so that no verb takes these rows for its own; protocols of examples keep theirs, since new scores on the same examples
 * are scores by that protocol. What is there already is stored again, so a run that was cut short is repeated.
 *
 * @throws {DataError} `tables-inconsistent`, `set-taken`
 */
export async function* importTables(
  study: Study,
  tables: OwnTables,
): AsyncGenerator<TableImportProgress, ImportCounts> {
  return yield* new TableImport(study, tables).run()
}

class TableImport {
  readonly #study: Study
  readonly #tables: OwnTables
  readonly #provenances = new Map<string, string>()
  readonly #sets = new Map<string, ImportedSet>()
  readonly #counts = { alive: 0, tooRare: 0, dead: 0, explanations: 0, scores: 0 }

  constructor(study: Study, tables: OwnTables) {
    this.#study = study
    this.#tables = tables
  }

  async *run(): AsyncGenerator<TableImportProgress, ImportCounts> {
    const { store } = this.#study
    await this.#storeSets()
    yield* this.#each('features', (rows) => this.#storeFeatures(rows))
    yield* this.#storeExamples()
    for await (const row of this.#tables.rows('explanations'))
      this.#setOf(row).names.add({ ...explainerOf(row), method: methodOf(row) })
    yield* this.#each('explanations', (rows) => this.#storeExplanations(rows))
    yield* this.#each('scores', (rows) => this.#storeScores(rows))
    const stored = [...this.#sets.values()]
    const [first] = stored
    const [protocol = this.#study.protocol.name] = Object.keys(first!.described.protocols)
    store.transaction(() => {
      store.study.put('set', first!.id)
      store.study.put('protocol', protocol)
      store.study.put('scoring', protocol)
      rememberImported(store, first!.id)
    })
    return {
      sets: stored.map(({ id }) => id),
      set: first!.id,
      features: stored.reduce((sum, { described }) => sum + described.features, 0),
      ...this.#counts,
      explainers: importedExplainers(store, store.featureSets.get(first!.id)!).map(nameOfImported),
      protocol,
    }
  }

  /** Goes through a table, some rows a transaction. */
  async *#each<Table extends OwnTable>(
    table: Table,
    commit: (rows: readonly OwnRow<Table>[]) => void,
  ): AsyncGenerator<TableImportProgress> {
    let waiting: OwnRow<Table>[] = []
    let done = 0
    const flush = (): void => {
      this.#study.store.transaction(() => commit(waiting))
      done += waiting.length
      waiting = []
    }
    for await (const row of this.#tables.rows(table)) {
      waiting.push(row)
      if (waiting.length < ROWS_PER_COMMIT) continue
      flush()
      yield { table, rows: done }
      await this.#pause()
    }
    flush()
    yield { table, rows: done }
  }

  async #pause(): Promise<void> {
    await eventLoopTurn()
    if (this.#study.signal.aborted)
      throw new StoppedError('stopped', 'stopped while importing; run the same command again to go on')
  }

  async #storeSets(): Promise<void> {
    const { manifest } = this.#tables
    const { store } = this.#study
    const vocabularies = await this.#vocabularies()
    store.transaction(() => {
      for (const [id, provenance] of Object.entries(manifest.provenance))
        this.#provenances.set(id, store.provenance.put(provenance))
      for (const described of manifest.sets) {
        const own = described.kind === 'imported'
        const id = own ? described.id : `imported-${described.id}`
        const existing = store.featureSets.get(id)
        if (existing && existing.kind !== 'imported')
          throw new DataError(
            'set-taken',
            `expected ${id} to be free or imported, found a feature set of that name that this study made; import into another workspace`,
          )
        const { collection } = described
        const vocabulary = vocabularies.get(described.id)
        if (!vocabulary) throw inconsistent(`a vocabulary of ${described.id}`, 'none')
        const provenanceId = this.#provenance(described.provenanceId)
        const tokenizerHash = sha256(Buffer.concat(vocabulary.bytes.flatMap((one) => [one, Buffer.of(0)])))
        const record: FeatureSetRecord = {
          id,
          kind: 'imported',
          hook: described.hook,
          architecture: described.architecture,
          features: described.features,
          dIn: described.dIn,
          folder: '',
          metrics: null,
          provenanceId,
          shuffledSeed: null,
        }
        if (!existing) store.featureSets.put(record)
        store.vocabulary.put(tokenizerHash, vocabulary.bytes)
        const corpusHash = own ? collection.corpusHash : contentHash({ set: id, corpus: collection.corpusHash })
        // Numbers of documents stay what they were when other features of the set came in.
        const documents = store.documents.all(corpusHash)
        store.collections.put({
          ...collection,
          setId: id,
          tokenizerHash,
          corpusHash,
          provenanceId: this.#provenance(collection.provenanceId),
        })
        if (vocabulary.counts.size > 0) store.tokenCounts.put(id, vocabulary.counts)
        this.#sets.set(described.id, {
          id,
          described,
          states: new Map(),
          names: new ImportedNames(),
          explanations: new Map(),
          documents: new Map(documents.map((one, number) => [keyOf(one), { ...one, number }])),
          samples: new Map(this.#samplesOf(described)),
        })
      }
    })
  }

  *#samplesOf(
    described: ImportedSet['described'],
  ): Generator<[string, { provenanceId: string; sampled: Set<number> }]> {
    const { store } = this.#study
    const base = store.provenance.get(this.#provenance(described.provenanceId))
    for (const [protocol, [protocolHash = null]] of Object.entries(described.protocols))
      yield [
        protocol,
        { provenanceId: store.provenance.put({ ...base, protocol, protocolHash }), sampled: new Set() },
      ]
  }

  async #vocabularies(): Promise<Map<string, { bytes: Uint8Array[]; counts: Map<number, number> }>> {
    const found = new Map<string, { bytes: Uint8Array[]; counts: Map<number, number> }>()
    for await (const { set, token_id: token, bytes, count } of this.#tables.rows('vocabulary')) {
      const one = found.get(set) ?? { bytes: [], counts: new Map<number, number>() }
      found.set(set, one)
      if (token !== one.bytes.length)
        throw inconsistent(`token ${one.bytes.length} of ${set} in the vocabulary`, String(token))
      one.bytes.push(Buffer.from(bytes, 'hex'))
      if (count !== null && count > 0) one.counts.set(token, count)
    }
    return found
  }

  #storeFeatures(rows: readonly OwnRow<'features'>[]): void {
    for (const row of rows) {
      const set = this.#setOf(row)
      const feature = featureOfRow(row)
      this.#study.store.features.put(set.id, [feature])
      set.states.set(feature.id, feature)
      this.#counts[feature.state]++
    }
  }

  async *#storeExamples(): AsyncGenerator<TableImportProgress> {
    const { store } = this.#study
    let group = null as ExampleGroup | null
    let waiting: ExampleGroup[] = []
    let rows = 0
    const commit = (): void => {
      store.transaction(() => {
        for (const { set, feature, protocol, examples } of waiting)
          this.#putSample(set, feature, protocol, examples)
      })
      waiting = []
    }
    for await (const row of this.#tables.rows('examples')) {
      const set = this.#setOf(row)
      if (group?.set !== set || group.feature !== row.feature || group.protocol !== row.protocol) {
        if (group) waiting.push(group)
        group = { set, feature: row.feature, protocol: row.protocol, examples: [] }
      }
      group.examples.push(exampleOfRow(row, documentOf(set, row)))
      if (++rows % ROWS_PER_COMMIT > 0) continue
      commit()
      yield { table: 'examples', rows }
      await this.#pause()
    }
    if (group) waiting.push(group)
    commit()
    store.transaction(() => {
      for (const set of this.#sets.values()) {
        const { corpusHash } = store.collections.get(set.id)!
        store.documents.put(
          corpusHash,
          [...set.documents.values()].map(({ name, register }) => ({ name, register, tokens: 0 })),
        )
        // Features without examples were sampled too; contrast examples are drawn for those that need them.
        for (const [protocol, { sampled }] of set.samples)
          if (sampled.size > 0 && !protocol.includes('+'))
            for (const feature of set.states.keys())
              if (!sampled.has(feature)) this.#putSample(set, feature, protocol, [])
      }
    })
    yield { table: 'examples', rows }
  }

  #putSample(set: ImportedSet, feature: number, protocol: string, examples: readonly Example[]): void {
    const standing = set.states.get(feature)
    const sample = set.samples.get(protocol)
    if (!standing) throw inconsistent(`feature ${feature} in the table features`, 'none')
    if (!sample) throw inconsistent(`the protocol ${protocol} in the manifest`, 'none')
    sample.sampled.add(feature)
    const { state, singleToken } = standing
    this.#study.store.examples.putSample(set.id, protocol, sample.provenanceId, {
      feature,
      state,
      singleToken,
      examples,
    })
  }

  #storeExplanations(rows: readonly OwnRow<'explanations'>[]): void {
    for (const row of rows) {
      const set = this.#setOf(row)
      const { feature, explanation: text, explanation_problem: problem } = row
      if (!set.states.has(feature)) throw inconsistent(`feature ${feature} in the table features`, 'none')
      const explainer = set.names.name({ feature, ...explainerOf(row), method: methodOf(row) })
      const id = importedExplanationId(set.id, feature, explainer)
      set.explanations.set(row.explanation_id, id)
      const provenanceId = this.#provenance(row.provenance_id)
      this.#study.store.explanations.put(
        { id, setId: set.id, featureId: feature, ...explainer, text, problem, requestHash: null, provenanceId },
        this.#study.now(),
      )
      this.#counts.explanations++
    }
  }

  #storeScores(rows: readonly OwnRow<'scores'>[]): void {
    for (const row of rows) {
      const explanationId = this.#setOf(row).explanations.get(row.explanation_id)
      if (explanationId === undefined)
        throw inconsistent(`explanation ${row.explanation_id} in the table explanations`, 'none')
      const { score, controls } = scoreOfRow(row, explanationId, this.#provenance(row.provenance_id))
      this.#study.store.scores.put([score], controls)
      this.#counts.scores++
    }
  }

  #setOf({ set }: { readonly set: string }): ImportedSet {
    const found = this.#sets.get(set)
    if (!found) throw inconsistent(`the set ${set} in the manifest`, 'none')
    return found
  }

  #provenance(id: string): string {
    const found = this.#provenances.get(id)
    if (found === undefined) throw inconsistent(`the provenance ${id} in the manifest`, 'none')
    return found
  }
}

function inconsistent(expected: string, found: string): DataError {
  return new DataError(
    'tables-inconsistent',
    `expected ${expected}, found ${found}; export again with --tables all, and without --columns or --scorer`,
  )
}

function explainerOf({ explainer, explainer_llm: llm }: OwnRow<'explanations'>) {
  return { explainer, llm }
}

/** What tells two ways of explaining apart. */
function methodOf(row: OwnRow<'explanations'>): string {
  return JSON.stringify([row.protocol_hash, row.prompt_hash, row.seed])
}

function documentOf({ documents }: ImportedSet, { document: name, register }: OwnRow<'examples'>): number {
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
