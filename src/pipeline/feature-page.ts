import { largestActivation, quantize } from '../autointerp/quantize.ts'
import { UsageError } from '../core/errors.ts'
import type { CandidateRecord } from '../core/candidates.ts'
import type { Protocol, Slice, Use } from '../core/protocol.ts'
import type {
  ControlRecord,
  DocumentRecord,
  ExplanationRecord,
  FeatureRecord,
  FeatureSetRecord,
  Provenance,
  ScoreRecord,
  Store,
} from '../core/store.ts'
import { textOfBytes, textsOfTokens } from '../core/token-text.ts'
import { type HumanScore, HumanScores } from './human-scores.ts'
import { vocabularyOf } from './token-texts.ts'

/** All that a study knows of one feature: what `gloss show FEATURE --json` prints. */
export interface FeaturePage {
  readonly feature: number
  readonly set: Pick<FeatureSetRecord, 'id' | 'kind' | 'hook'>
  readonly state: FeatureRecord['state']
  readonly density: number
  readonly max: number
  readonly firings: number
  readonly tokenShare: number | null
  readonly singleToken: boolean | null
  readonly histogram: readonly number[]
  readonly logits: { readonly top: readonly LogitEffect[]; readonly bottom: readonly LogitEffect[] } | null
  readonly explanations: readonly PageExplanation[]
  readonly examples: readonly PageExample[]
  /** What decided the set's content, and that of explanations and scores, by the id that these have of it. */
  readonly provenance: { readonly set: Provenance; readonly [id: string]: Provenance }
}

/** What a feature adds to a token's logit. */
export interface LogitEffect {
  readonly token: string
  readonly value: number
}

/** An explanation with its scores. */
export interface PageExplanation extends Pick<
  ExplanationRecord,
  'id' | 'text' | 'problem' | 'explainer' | 'llm' | 'provenanceId'
> {
  /** What it was chosen among, in the order in which they were made; none where there was only one. */
  readonly candidates: readonly Pick<
    CandidateRecord,
    'place' | 'revises' | 'text' | 'problem' | 'chosen' | 'value' | 'undefined' | 'n'
  >[]
  readonly scores: readonly PageScore[]
  /** What people scored with it on a scorer's own questions; no part of any median. */
  readonly humanScores: readonly HumanScore[]
}

/** A score with its controls and the gains over them, by the controls' names. */
export interface PageScore extends Pick<
  ScoreRecord,
  | 'id'
  | 'scorer'
  | 'protocol'
  | 'tier'
  | 'value'
  | 'low'
  | 'high'
  | 'n'
  | 'undefined'
  | 'flag'
  | 'ceiling'
  | 'coverage'
  | 'provenanceId'
> {
  readonly controls: Readonly<Record<string, number | null>>
  readonly gain: Readonly<
    Record<
      string,
      { readonly value: number | null; readonly low: number | null; readonly high: number | null }
    >
  >
}

/** An example with its tokens as texts. */
export interface PageExample {
  readonly use: Use
  readonly slice: Slice
  readonly document: string
  readonly register: string | null
  readonly position: number
  readonly nominal: number
  readonly silent: boolean
  readonly tokens: readonly string[]
  readonly activations: readonly number[]
  /** Activations on the protocol's scale. */
  readonly levels: readonly number[]
}

/** What pages of one set have in common, so that it is read once for many. */
export interface PageLookups {
  readonly vocabulary: readonly Uint8Array[]
  readonly documents: readonly DocumentRecord[]
  readonly people: HumanScores
}

/** Reads what pages of a set have in common. */
export function pageLookups(store: Store, set: FeatureSetRecord): PageLookups {
  const collection = store.collections.get(set.id)
  return {
    vocabulary: vocabularyOf({ store }, set),
    documents: collection ? store.documents.all(collection.corpusHash) : [],
    people: new HumanScores(store),
  }
}

/** @throws {UsageError} `feature-unknown` */
export function featurePage(
  store: Store,
  set: FeatureSetRecord,
  protocol: Protocol,
  feature: number,
  lookups: PageLookups = pageLookups(store, set),
): FeaturePage {
  const record = store.features.get(set.id, feature)
  if (!record)
    throw new UsageError(
      'feature-unknown',
      `expected a feature from 0 to ${set.features - 1} of ${set.id}, found ${feature}; if the set was not collected yet, run gloss run`,
    )
  const { vocabulary, people } = lookups
  const byPeople = people.of(set.id, feature)
  const bytesOf = (token: number): Uint8Array => vocabulary[token] ?? new Uint8Array()
  const effects = (pairs: readonly (readonly [number, number])[]): LogitEffect[] =>
    pairs.map(([token, value]) => ({ token: textOfBytes(bytesOf(token)), value }))
  const explanations = store.explanations.of(set.id, feature).map((explanation) => ({
    ...pageExplanation(store, explanation),
    humanScores: byPeople.filter(({ explanationId }) => explanationId === explanation.id),
  }))
  return {
    feature,
    set: { id: set.id, kind: set.kind, hook: set.hook },
    state: record.state,
    density: record.density,
    max: record.max,
    firings: record.firings,
    tokenShare: record.tokenShare,
    singleToken: record.singleToken,
    histogram: record.histogram,
    logits: record.logits && { top: effects(record.logits.top), bottom: effects(record.logits.bottom) },
    explanations,
    examples: pageExamples(store, set, protocol, feature, bytesOf, lookups),
    provenance: pageProvenance(store, set, explanations),
  }
}

function pageProvenance(
  store: Store,
  set: FeatureSetRecord,
  explanations: readonly PageExplanation[],
): FeaturePage['provenance'] {
  const ids = explanations.flatMap(({ provenanceId, scores }) => [
    provenanceId,
    ...scores.map((score) => score.provenanceId),
  ])
  return {
    ...Object.fromEntries([...new Set(ids)].map((id) => [id, store.provenance.get(id)])),
    set: store.provenance.get(set.provenanceId),
  }
}

function pageExplanation(
  store: Store,
  { id, text, problem, explainer, llm, provenanceId }: ExplanationRecord,
): Omit<PageExplanation, 'humanScores'> {
  return {
    id,
    text,
    problem,
    explainer,
    llm,
    provenanceId,
    candidates: store.candidates
      .of(id)
      .map(({ place, revises, text: its, problem: why, chosen, value, undefined: reason, n }) => ({
        place,
        revises,
        text: its,
        problem: why,
        chosen,
        value,
        undefined: reason,
        n,
      })),
    scores: store.scores.of(id).map((score) => pageScore(score, store.scores.controlsOf(score.id))),
  }
}

function pageScore(score: ScoreRecord, controls: readonly ControlRecord[]): PageScore {
  const {
    id,
    scorer,
    protocol,
    tier,
    value,
    low,
    high,
    n,
    undefined: reason,
    flag,
    ceiling,
    coverage,
    provenanceId,
  } = score
  return {
    id,
    scorer,
    protocol,
    tier,
    value,
    low,
    high,
    n,
    undefined: reason,
    flag,
    ceiling,
    coverage,
    provenanceId,
    controls: Object.fromEntries(controls.map((control) => [control.name, control.value])),
    gain: Object.fromEntries(
      controls.map((control) => [
        control.name,
        { value: control.gain, low: control.gainLow, high: control.gainHigh },
      ]),
    ),
  }
}

function pageExamples(
  store: Store,
  set: FeatureSetRecord,
  protocol: Protocol,
  feature: number,
  bytesOf: (token: number) => Uint8Array,
  { documents }: PageLookups,
): PageExample[] {
  const examples = store.examples.of(set.id, feature, protocol.name)
  const max = largestActivation(examples.filter(({ use }) => use === 'explain'))
  return examples.map(({ use, slice, document, position, nominal, silent, tokens, activations }) => ({
    use,
    slice,
    document: documents[document]?.name ?? String(document),
    register: documents[document]?.register ?? null,
    position,
    nominal,
    silent,
    tokens: textsOfTokens(tokens.map(bytesOf)),
    activations,
    levels: activations.map((activation) => quantize(activation, max, protocol.scale, protocol.rounding)),
  }))
}
