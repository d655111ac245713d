import type { Row } from '../export/table.ts'
import type { TableName } from '../export/tables.ts'
import { isImported } from '../core/imported.ts'
import { CONTROLS } from '../core/scores.ts'
import type {
  ExplanationRecord,
  FeatureRecord,
  FeatureSetRecord,
  Provenance,
  ScoreRecord,
  Store,
} from '../core/store.ts'
import { textOfBytes, textsOfTokens } from '../core/token-text.ts'
import { humanScoreRows } from './human-score-rows.ts'
import { explainedFeatures, type ScoredRow, scoredRows } from './scored-rows.ts'
import { kindOf } from './sets.ts'
import { vocabularyOf } from './token-texts.ts'
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

/** The rows of a table over several feature sets, one at a time. */
export function* tableRows(
  store: Store,
  sets: readonly FeatureSetRecord[],
  table: TableName,
  filter: RowFilter,
): Generator<Row> {
  if (table === 'ratings') yield* ratingRows(store)
  else for (const set of sets) yield* new SetRows(store, set, filter).of(table)
}

/** The rows of one feature set. */
class SetRows {
  readonly #store: Store
  readonly #set: FeatureSetRecord
  readonly #filter: RowFilter
  readonly #provenances = new Map<string, Provenance>()
  #costs: ReadonlyMap<string, number | null> | null = null

  constructor(store: Store, set: FeatureSetRecord, filter: RowFilter) {
    this.#store = store
    this.#set = set
    this.#filter = filter
  }

  of(table: Exclude<TableName, 'ratings'>): Generator<Row> {
    switch (table) {
      case 'features':
        return this.#features()
      case 'explanations':
        return this.#explanations()
      case 'scores':
        return this.#scores()
      case 'human_scores':
        return humanScoreRows(
          this.#store,
          this.#set,
          (feature, score) => this.#isWanted({ feature, score }),
          (feature, explanation) => ({
            ...this.#ofSet(),
            ...ofFeature(feature),
            ...this.#ofExplanation(explanation),
          }),
        )
      case 'examples':
        return this.#examples()
      case 'vocabulary':
        return vocabularyRows(this.#store, this.#set)
      default:
        return table satisfies never
    }
  }

  *#features(): Generator<Row> {
    const vocabulary = vocabularyOf({ store: this.#store }, this.#set)
    const textOf = (token: number): string => textOfBytes(vocabulary[token] ?? new Uint8Array())
    for (const feature of this.#store.exports.features(this.#set.id)) {
      if (!this.#filter.wants(this.#set, feature.id)) continue
      const { logits } = feature
      yield {
        ...this.#ofSet(),
        ...ofFeature(feature),
        state: feature.state,
        firings: feature.firings,
        histogram: feature.histogram,
        top_tokens: logits && logits.top.map(([token]) => textOf(token)),
        top_token_ids: logits && logits.top.map(([token]) => token),
        top_effects: logits && logits.top.map(([, value]) => value),
        bottom_tokens: logits && logits.bottom.map(([token]) => textOf(token)),
        bottom_token_ids: logits && logits.bottom.map(([token]) => token),
        bottom_effects: logits && logits.bottom.map(([, value]) => value),
      }
    }
  }

  *#explanations(): Generator<Row> {
    for (const { feature, explanation } of explainedFeatures(this.#store, this.#set))
      if (this.#filter.wants(this.#set, feature.id))
        yield {
          ...this.#ofSet(),
          feature: feature.id,
          ...this.#ofExplanation(explanation),
          scores: this.#store.scores.of(explanation.id).length,
          ...this.#ofProvenance(explanation.provenanceId),
        }
  }

  *#scores(): Generator<Row> {
    for (const row of scoredRows(this.#store, this.#set)) if (this.#isWanted(row)) yield this.#scoreRow(row)
  }

  #isWanted({
    feature,
    score,
  }: {
    readonly feature: FeatureRecord
    readonly score: Pick<ScoreRecord, 'scorer' | 'value'>
  }): boolean {
    const { wants, scorers, minimum } = this.#filter
    return (
      wants(this.#set, feature.id) &&
      (scorers === null ||
        scorers.some((name) => score.scorer === name || score.scorer.startsWith(`${name}.`))) &&
      (minimum === null || (score.value !== null && score.value >= minimum))
    )
  }

  #scoreRow({ feature, explanation, score, controls }: ScoredRow): Row {
    const coverage = Object.values(score.coverage)
    return {
      ...this.#ofSet(),
      ...ofFeature(feature),
      ...this.#ofExplanation(explanation),
      score_id: score.id,
      scorer: score.scorer,
      protocol: score.protocol,
      tier: score.tier,
      value: score.value,
      low: score.low,
      high: score.high,
      n: score.n,
      undefined: score.undefined,
      flag: score.flag,
      ceiling: score.ceiling,
      digit_mass: score.digitMass,
      examples_answered: coverage.reduce((sum, [answered]) => sum + answered, 0),
      examples_drawn: coverage.reduce((sum, [, drawn]) => sum + drawn, 0),
      coverage: score.coverage,
      failed_calls: score.failedCalls,
      failed_control_calls: score.failedControlCalls,
      unreadable_calls: score.unreadableCalls,
      scorer_llm: this.#provenance(score.provenanceId).llm,
      ...ofControls(controls),
      ...this.#ofProvenance(score.provenanceId),
    }
  }

  *#examples(): Generator<Row> {
    const store = this.#store
    const set = this.#set
    const vocabulary = vocabularyOf({ store }, set)
    const collection = store.collections.get(set.id)
    const documents = collection ? store.documents.all(collection.corpusHash) : []
    const protocols = store.exports.exampleProtocols(set.id)
    for (const feature of store.exports.features(set.id)) {
      if (!this.#filter.wants(set, feature.id)) continue
      for (const protocol of protocols)
        for (const example of store.examples.of(set.id, feature.id, protocol)) {
          const { use, slice, document, context, position, nominal, silent, tokens, activations } = example
          yield {
            set: set.id,
            feature: feature.id,
            protocol,
            use,
            slice,
            document: documents[document]?.name ?? String(document),
            register: documents[document]?.register ?? null,
            context,
            position,
            nominal,
            silent,
            token_ids: tokens,
            tokens: textsOfTokens(tokens.map((token) => vocabulary[token] ?? new Uint8Array())),
            activations,
          }
        }
    }
  }

  #ofSet(): Row {
    return { set: this.#set.id, set_kind: kindOf(this.#set), hook: this.#set.hook }
  }

  #ofExplanation({ id, explainer, llm, text, problem, requestHash }: ExplanationRecord): Row {
    this.#costs ??= this.#store.exports.explainingCosts()
    return {
      explanation_id: id,
      explainer,
      explainer_llm: llm,
      explanation: text,
      explanation_problem: problem,
      explanation_usd:
        requestHash !== null
          ? (this.#costs.get(requestHash) ?? null)
          : llm !== null && isImported(explainer)
            ? null
            : 0,
    }
  }

  #ofProvenance(id: string): Row {
    const one = this.#provenance(id)
    return {
      model: one.model,
      weights_hash: one.weightsHash,
      tokenizer_hash: one.tokenizerHash,
      corpus_hash: one.corpusHash,
      set_hash: one.setHash,
      protocol_hash: one.protocolHash,
      prompt: one.prompt,
      prompt_hash: one.promptHash,
      seed: one.seed,
      version: one.version,
      provenance_id: id,
    }
  }

  #provenance(id: string): Provenance {
    const known = this.#provenances.get(id) ?? this.#store.provenance.get(id)
    this.#provenances.set(id, known)
    return known
  }
}

function ofControls(controls: ScoredRow['controls']): Row {
  const row: Record<string, number | null> = {}
  for (const name of CONTROLS) {
    const control = controls.get(name)
    row[`control_${name}`] = control?.value ?? null
    row[`gain_${name}`] = control?.gain ?? null
    row[`gain_${name}_low`] = control?.gainLow ?? null
    row[`gain_${name}_high`] = control?.gainHigh ?? null
    row[`p_${name}`] = control?.p ?? null
  }
  return row
}

function ofFeature({ id, density, max, tokenShare, singleToken }: FeatureRecord): Row {
  return { feature: id, density, max, token_share: tokenShare, single_token: singleToken }
}

function* ratingRows(store: Store): Generator<Row> {
  for (const { id, payload, ...event } of store.exports.ratings())
    yield { event_id: id, ...event, payload: payload === null ? null : jsonOrText(payload) }
}

function jsonOrText(text: string): Row[string] {
  try {
    return JSON.parse(text) as Row[string]
  } catch {
    return text
  }
}
