import type { OwnRow, OwnTable } from '../import/own-tables.ts'
import { StoppedError } from '../core/errors.ts'
import { nameOfImported } from '../core/imported.ts'
import type { Example } from '../core/records.ts'
import { importedExplainers, importedExplanationId } from './imported-explanations.ts'
import { exampleOfRow, featureOfRow, scoreOfRow } from './imported-rows.ts'
import {
  documentOf,
  type ImportedSet,
  inconsistent,
  type ProvenanceIds,
  type StoredSets,
  storeImportedSets,
} from './imported-set.ts'
import { rememberImported } from './import-settings.ts'
import type { ImportCounts } from './import-set.ts'
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
  const opened = await storeImportedSets(study.store, tables)
  return yield* new TableImport(study, tables, opened).run()
}

class TableImport {
  readonly #study: Study
  readonly #tables: OwnTables
  readonly #sets: ReadonlyMap<string, ImportedSet>
  readonly #provenanceId: ProvenanceIds
  readonly #counts = { alive: 0, tooRare: 0, dead: 0, explanations: 0, scores: 0 }

  constructor(study: Study, tables: OwnTables, { sets, provenanceId }: StoredSets) {
    this.#study = study
    this.#tables = tables
    this.#sets = sets
    this.#provenanceId = provenanceId
  }

  async *run(): AsyncGenerator<TableImportProgress, ImportCounts> {
    const { store } = this.#study
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
    if (!standing) throw inconsistent(`feature ${feature} in the table features`)
    if (!sample) throw inconsistent(`the protocol ${protocol} in the manifest`)
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
      if (!set.states.has(feature)) throw inconsistent(`feature ${feature} in the table features`)
      const explainer = set.names.name({ feature, ...explainerOf(row), method: methodOf(row) })
      const id = importedExplanationId(set.id, feature, explainer)
      set.explanations.set(row.explanation_id, id)
      const provenanceId = this.#provenanceId(row.provenance_id)
      this.#study.store.explanations.put(
        {
          id,
          setId: set.id,
          featureId: feature,
          ...explainer,
          text,
          problem,
          requestHash: null,
          provenanceId,
        },
        this.#study.now(),
      )
      this.#counts.explanations++
    }
  }

  #storeScores(rows: readonly OwnRow<'scores'>[]): void {
    for (const row of rows) {
      const explanationId = this.#setOf(row).explanations.get(row.explanation_id)
      if (explanationId === undefined)
        throw inconsistent(`explanation ${row.explanation_id} in the table explanations`)
      const { score, controls } = scoreOfRow(row, explanationId, this.#provenanceId(row.provenance_id))
      this.#study.store.scores.put([score], controls)
      this.#counts.scores++
    }
  }

  #setOf({ set }: { readonly set: string }): ImportedSet {
    const found = this.#sets.get(set)
    if (!found) throw inconsistent(`the set ${set} in the manifest`)
    return found
  }
}

function explainerOf({ explainer, explainer_llm: llm }: OwnRow<'explanations'>) {
  return { explainer, llm }
}

/** What tells two ways of explaining apart. */
function methodOf(row: OwnRow<'explanations'>): string {
  return JSON.stringify([row.protocol_hash, row.prompt_hash, row.seed])
}
