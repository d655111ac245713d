import type { Column, Row } from '../export/table.ts'
import type { TableName } from '../export/tables.ts'
import type { FeatureSetRecord, Provenance, Store } from '../core/store.ts'
import { textOfBytes } from '../core/token-text.ts'
import { HUMAN_SCORE_CELLS, humanScoreSources } from './human-score-rows.ts'
import { RATING_CELLS, RATING_EVENT_CELLS, ratingSources } from './rating-rows.ts'
import { scoredRows } from './scored-rows.ts'
import { EXAMPLE_CELLS, EXPLANATION_CELLS, FEATURE_CELLS, rowMaker, SCORE_CELLS } from './table-cells.ts'
import { tokenTexts, vocabularyOf } from './token-texts.ts'
import { vocabularyRows } from './vocabulary-rows.ts'

/** Which rows are wanted. */
export interface RowFilter {
  /** Whether a feature is selected. */
  readonly wants: (set: FeatureSetRecord, feature: number) => boolean
  /** Scorers, or statistics of one (`simulation.pearson`); null for all. A scorer's name stands for its statistics too. */
  readonly scorers: readonly string[] | null
  /** The lowest score; a score without a value is then left out. */
  readonly minimum: number | null
}

/** The rows of a table over several feature sets, one at a time, with the cells of these columns. */
export function* tableRows(
  store: Store,
  sets: readonly FeatureSetRecord[],
  table: TableName,
  columns: readonly Column[],
  filter: RowFilter,
): Generator<Row> {
  if (table === 'ratings') yield* ratingRows(store, sets, columns, filter)
  else if (table === 'rating_events') yield* eventRows(store, columns)
  else for (const set of sets) yield* new SetRows(store, set, columns, filter).of(table)
}

function* ratingRows(
  store: Store,
  sets: readonly FeatureSetRecord[],
  columns: readonly Column[],
  { wants }: RowFilter,
): Generator<Row> {
  const rowOf = rowMaker(RATING_CELLS, columns)
  for (const source of ratingSources(store, sets, wants)) yield rowOf(source)
}

/** The log holds all sessions: an event says nothing of features. */
function* eventRows(store: Store, columns: readonly Column[]): Generator<Row> {
  const rowOf = rowMaker(RATING_EVENT_CELLS, columns)
  for (const event of store.exports.ratings()) yield rowOf(event)
}

/** The rows of one feature set. */
class SetRows {
  readonly #store: Store
  readonly #set: FeatureSetRecord
  readonly #columns: readonly Column[]
  readonly #filter: RowFilter
  readonly #provenances = new Map<string, Provenance>()

  constructor(store: Store, set: FeatureSetRecord, columns: readonly Column[], filter: RowFilter) {
    this.#store = store
    this.#set = set
    this.#columns = columns
    this.#filter = filter
  }

  of(table: Exclude<TableName, 'ratings' | 'rating_events'>): Generator<Row> {
    switch (table) {
      case 'features':
        return this.#features()
      case 'explanations':
        return this.#explanations()
      case 'scores':
        return this.#scores()
      case 'human_scores':
        return this.#humanScores()
      case 'examples':
        return this.#examples()
      case 'vocabulary':
        return vocabularyRows(this.#store, this.#set, this.#columns)
      default:
        return table satisfies never
    }
  }

  *#features(): Generator<Row> {
    const set = this.#set
    const rowOf = rowMaker(FEATURE_CELLS, this.#columns)
    const vocabulary = vocabularyOf({ store: this.#store }, set)
    const textOf = (token: number): string => textOfBytes(vocabulary[token] ?? new Uint8Array())
    for (const feature of this.#store.exports.features(set.id))
      if (this.#wants(feature.id)) yield rowOf({ set, feature, textOf })
  }

  *#explanations(): Generator<Row> {
    const set = this.#set
    const rowOf = rowMaker(EXPLANATION_CELLS, this.#columns)
    for (const row of this.#store.exports.explanations(set.id)) {
      const { provenanceId } = row.explanation
      if (this.#wants(row.feature.id))
        yield rowOf({ ...row, set, provenanceId, provenance: this.#provenance(provenanceId) })
    }
  }

  *#scores(): Generator<Row> {
    const set = this.#set
    const rowOf = rowMaker(SCORE_CELLS, this.#columns)
    for (const row of scoredRows(this.#store, set, (feature) => this.#wants(feature))) {
      const { provenanceId } = row.score
      if (this.#isWanted(row.score))
        yield rowOf({ ...row, set, provenanceId, provenance: this.#provenance(provenanceId) })
    }
  }

  *#humanScores(): Generator<Row> {
    const rowOf = rowMaker(HUMAN_SCORE_CELLS, this.#columns)
    for (const source of humanScoreSources(this.#store, this.#set, (feature) => this.#wants(feature)))
      if (this.#isWanted(source.score)) yield rowOf(source)
  }

  #isWanted({ scorer, value }: { readonly scorer: string; readonly value: number | null }): boolean {
    const { scorers, minimum } = this.#filter
    const isNamed =
      scorers === null || scorers.some((name) => scorer === name || scorer.startsWith(`${name}.`))
    return isNamed && (minimum === null || (value !== null && value >= minimum))
  }

  *#examples(): Generator<Row> {
    const store = this.#store
    const set = this.#set
    const rowOf = rowMaker(EXAMPLE_CELLS, this.#columns)
    const textsOf = tokenTexts({ store }, set)
    const collection = store.collections.get(set.id)
    const documents = collection ? store.documents.all(collection.corpusHash) : []
    const protocols = store.exports.exampleProtocols(set.id)
    for (const { id: feature } of store.exports.features(set.id)) {
      if (!this.#wants(feature)) continue
      for (const protocol of protocols)
        for (const example of store.examples.of(set.id, feature, protocol)) {
          const { name, register = null } = documents[example.document] ?? { name: String(example.document) }
          yield rowOf({ set, feature, protocol, example, document: name, register, textsOf })
        }
    }
  }

  #wants(feature: number): boolean {
    return this.#filter.wants(this.#set, feature)
  }

  #provenance(id: string): Provenance {
    const known = this.#provenances.get(id) ?? this.#store.provenance.get(id)
    this.#provenances.set(id, known)
    return known
  }
}
