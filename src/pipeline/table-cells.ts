import type { ExplainedFeature, ExplainedRow } from '../core/export-reader.ts'
import type { Json } from '../core/hash.ts'
import { isImported } from '../core/imported.ts'
import { CONTROLS, type ScoreResult } from '../core/scores.ts'
import type {
  ExplanationRecord,
  FeatureRecord,
  FeatureSetRecord,
  Provenance,
  ScoreRecord,
  StoredExample,
} from '../core/store.ts'
import type { Column, Row } from '../export/table.ts'
import type { ScoredRow } from './scored-rows.ts'
import { kindOf } from './sets.ts'

/** What each column of a table holds, by the columns' names. */
export type Cells<Source> = Readonly<Record<string, (source: Source) => Json>>

/** Makes rows of a table with these columns and computes no others. */
export function rowMaker<Source>(cells: Cells<Source>, columns: readonly Column[]): (source: Source) => Row {
  const readers = columns.map(({ name }) => {
    const reader = cells[name]
    // A column that nothing fills is a mistake of ours, never of a study.
    if (reader === undefined) throw new Error(`no cells for the column ${name}`)
    return reader
  })
  return (source) => readers.map((read) => read(source))
}

/** What every row of a set has. */
export interface OfSet {
  readonly set: FeatureSetRecord
}

/** The columns of a set. */
export const OF_SET: Cells<OfSet> = {
  set: ({ set }) => set.id,
  set_kind: ({ set }) => kindOf(set),
  hook: ({ set }) => set.hook,
}

/** The columns of a feature. */
export const OF_FEATURE: Cells<{ readonly feature: ExplainedFeature }> = {
  feature: ({ feature }) => feature.id,
  density: ({ feature }) => feature.density,
  max: ({ feature }) => feature.max,
  token_share: ({ feature }) => feature.tokenShare,
  single_token: ({ feature }) => feature.singleToken,
}

/** A row of the table features. */
export interface FeatureSource extends OfSet {
  readonly feature: FeatureRecord
  readonly textOf: (token: number) => string
}

/** The table features. */
export const FEATURE_CELLS: Cells<FeatureSource> = {
  ...OF_SET,
  ...OF_FEATURE,
  state: ({ feature }) => feature.state,
  firings: ({ feature }) => feature.firings,
  histogram: ({ feature }) => feature.histogram,
  top_tokens: ({ feature: { logits }, textOf }) => logits && logits.top.map(([token]) => textOf(token)),
  top_token_ids: ({ feature: { logits } }) => logits && logits.top.map(([token]) => token),
  top_effects: ({ feature: { logits } }) => logits && logits.top.map(([, value]) => value),
  bottom_tokens: ({ feature: { logits }, textOf }) => logits && logits.bottom.map(([token]) => textOf(token)),
  bottom_token_ids: ({ feature: { logits } }) => logits && logits.bottom.map(([token]) => token),
  bottom_effects: ({ feature: { logits } }) => logits && logits.bottom.map(([, value]) => value),
}

/** The columns of an explanation. */
export const OF_EXPLANATION: Cells<ExplainedRow<ExplanationRecord>> = {
  explanation_id: ({ explanation }) => explanation.id,
  explainer: ({ explanation }) => explanation.explainer,
  explainer_llm: ({ explanation }) => explanation.llm,
  explanation: ({ explanation }) => explanation.text,
  explanation_problem: ({ explanation }) => explanation.problem,
  // What it cost elsewhere is not known here.
  explanation_usd: ({ explanation: { explainer, llm }, usd }) =>
    llm !== null && isImported(explainer) ? null : usd,
}

interface OfProvenance {
  readonly provenanceId: string
  readonly provenance: Provenance
}

const OF_PROVENANCE: Cells<OfProvenance> = {
  model: ({ provenance }) => provenance.model,
  weights_hash: ({ provenance }) => provenance.weightsHash,
  tokenizer_hash: ({ provenance }) => provenance.tokenizerHash,
  corpus_hash: ({ provenance }) => provenance.corpusHash,
  set_hash: ({ provenance }) => provenance.setHash,
  protocol_hash: ({ provenance }) => provenance.protocolHash,
  prompt: ({ provenance }) => provenance.prompt,
  prompt_hash: ({ provenance }) => provenance.promptHash,
  seed: ({ provenance }) => provenance.seed,
  version: ({ provenance }) => provenance.version,
  provenance_id: ({ provenanceId }) => provenanceId,
}

/** A row of the table explanations. */
export interface ExplanationSource extends OfSet, OfProvenance, ExplainedRow<ExplanationRecord> {}

/** The table explanations. */
export const EXPLANATION_CELLS: Cells<ExplanationSource> = {
  ...OF_SET,
  ...OF_FEATURE,
  ...OF_EXPLANATION,
  scores: ({ scores }) => scores,
  ...OF_PROVENANCE,
}

/** What a score says, whoever gave it. */
export interface OfScore {
  readonly score: ScoreResult & Pick<ScoreRecord, 'scorer' | 'protocol' | 'coverage'>
}

/** The columns of what a score says. */
export const OF_SCORE: Cells<OfScore> = {
  scorer: ({ score }) => score.scorer,
  protocol: ({ score }) => score.protocol,
  value: ({ score }) => score.value,
  low: ({ score }) => score.low,
  high: ({ score }) => score.high,
  n: ({ score }) => score.n,
  undefined: ({ score }) => score.undefined,
  flag: ({ score }) => score.flag,
  coverage: ({ score }) => score.coverage,
}

/** A row of the table scores. */
export interface ScoreSource extends OfSet, OfProvenance, ScoredRow {}

const OF_CONTROLS: Cells<ScoreSource> = Object.fromEntries(
  CONTROLS.flatMap((name): [string, (source: ScoreSource) => Json][] => [
    [`control_${name}`, ({ controls }) => controls.get(name)?.value ?? null],
    [`gain_${name}`, ({ controls }) => controls.get(name)?.gain ?? null],
    [`gain_${name}_low`, ({ controls }) => controls.get(name)?.gainLow ?? null],
    [`gain_${name}_high`, ({ controls }) => controls.get(name)?.gainHigh ?? null],
    [`p_${name}`, ({ controls }) => controls.get(name)?.p ?? null],
  ]),
)

/** The table scores. */
export const SCORE_CELLS: Cells<ScoreSource> = {
  ...OF_SET,
  ...OF_FEATURE,
  ...OF_EXPLANATION,
  ...OF_SCORE,
  score_id: ({ score }) => score.id,
  tier: ({ score }) => score.tier,
  ceiling: ({ score }) => score.ceiling,
  digit_mass: ({ score }) => score.digitMass,
  examples_answered: ({ score }) => examplesOf(score.coverage, 0),
  examples_drawn: ({ score }) => examplesOf(score.coverage, 1),
  failed_calls: ({ score }) => score.failedCalls,
  failed_control_calls: ({ score }) => score.failedControlCalls,
  unreadable_calls: ({ score }) => score.unreadableCalls,
  scorer_llm: ({ provenance }) => provenance.llm,
  ...OF_CONTROLS,
  ...OF_PROVENANCE,
}

function examplesOf(coverage: ScoredRow['score']['coverage'], which: 0 | 1): number {
  let sum = 0
  for (const slice in coverage) sum += coverage[slice]![which]
  return sum
}

/** A row of the table examples. */
export interface ExampleSource {
  readonly set: FeatureSetRecord
  readonly feature: number
  readonly protocol: string
  readonly example: StoredExample
  readonly document: string
  readonly register: string | null
  readonly textsOf: (tokens: readonly number[]) => string[]
}

/** The table examples. */
export const EXAMPLE_CELLS: Cells<ExampleSource> = {
  set: ({ set }) => set.id,
  feature: ({ feature }) => feature,
  protocol: ({ protocol }) => protocol,
  use: ({ example }) => example.use,
  slice: ({ example }) => example.slice,
  document: ({ document }) => document,
  register: ({ register }) => register,
  context: ({ example }) => example.context,
  position: ({ example }) => example.position,
  nominal: ({ example }) => example.nominal,
  silent: ({ example }) => example.silent,
  token_ids: ({ example }) => example.tokens,
  tokens: ({ example, textsOf }) => textsOf(example.tokens),
  activations: ({ example }) => example.activations,
}
