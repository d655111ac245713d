import type { ControlName } from '../core/scores.ts'
import type {
  ControlRecord,
  ExplanationRecord,
  FeatureRecord,
  FeatureSetRecord,
  Provenance,
  ScoreRecord,
  Store,
} from '../core/store.ts'
import { rememberedExplanation, TABLE_EXPLAINER } from './explain-plan.ts'
import { SIMULATION } from './simulation-scorer.ts'

/** What a study knows of one feature, with the explanation by the explainer that it last worked with. */
export interface FeatureRow {
  readonly feature: FeatureRecord
  readonly explanation: ExplanationRecord | null
  readonly score: ScoreRecord | null
  readonly controls: ReadonlyMap<ControlName, ControlRecord>
}

/**
 * One row for every feature of a set, in the order of their ids. Scores of different tiers, prompts or seeds are no
 * ranking: only those that were last worked with count, unless they are to be mixed.
 */
export function featureRows(store: Store, set: FeatureSetRecord, mixed = false): FeatureRow[] {
  const current = currentWork(store, set, mixed)
  const explanations = new Map(
    store.explanations
      .all(set.id)
      .filter(current.isExplanation)
      .map((record) => [record.featureId, record]),
  )
  const scores = new Map(
    current.scores(store.scores.all(set.id, SIMULATION)).map((score) => [score.explanationId, score]),
  )
  const controls = new Map<string, Map<ControlName, ControlRecord>>()
  for (const control of store.scores.controls(set.id, SIMULATION)) {
    const ofScore = controls.get(control.scoreId) ?? new Map<ControlName, ControlRecord>()
    controls.set(control.scoreId, ofScore.set(control.name, control))
  }
  return store.features.all(set.id).map((feature) => {
    const explanation = explanations.get(feature.id) ?? null
    const score = explanation ? (scores.get(explanation.id) ?? null) : null
    return { feature, explanation, score, controls: (score && controls.get(score.id)) ?? new Map() }
  })
}

/** The row of one feature, as {@link featureRows} has it; null where there is no such feature. */
export function featureRow(store: Store, set: FeatureSetRecord, id: number): FeatureRow | null {
  const feature = store.features.get(set.id, id)
  if (!feature) return null
  const current = currentWork(store, set, false)
  const explanation = store.explanations.of(set.id, id).findLast(current.isExplanation) ?? null
  const score = explanation ? (current.scores(store.scores.of(explanation.id)).at(-1) ?? null) : null
  const controls = score ? store.scores.controlsOf(score.id) : []
  return { feature, explanation, score, controls: new Map(controls.map((one) => [one.name, one])) }
}

/** Tells what was last worked with from everything else. */
function currentWork(
  store: Store,
  set: FeatureSetRecord,
  mixed: boolean,
): {
  readonly isExplanation: (record: ExplanationRecord) => boolean
  /** Of several scores of an explanation, the last one counts. */
  readonly scores: (scores: readonly ScoreRecord[]) => ScoreRecord[]
} {
  const explainer = store.study.get('explainer') ?? TABLE_EXPLAINER
  const llm = store.study.get('llm') || null
  const idOf = rememberedExplanation(store, set)
  const protocol = store.study.get('scoring') ?? store.study.get('protocol')
  const tier = store.study.get('tier')
  const prompt = store.study.get('prompt')
  const seed = store.study.get('seed')
  const provenances = new Map<string, Provenance>()
  const madeBy = ({ provenanceId }: ScoreRecord): Provenance => {
    const made = provenances.get(provenanceId) ?? store.provenance.get(provenanceId)
    provenances.set(provenanceId, made)
    return made
  }
  const isOfTier = (score: ScoreRecord): boolean =>
    tier === null ||
    (score.tier === tier &&
      (prompt === null || (madeBy(score).promptHash ?? '') === prompt) &&
      (seed === null || String(madeBy(score).seed ?? '') === seed))
  return {
    isExplanation: (record) =>
      idOf ? record.id === idOf(record.featureId) : record.explainer === explainer && record.llm === llm,
    scores: (scores) =>
      scores
        .filter((score) => score.scorer === SIMULATION && score.protocol === protocol)
        .filter((score) => mixed || isOfTier(score))
        // Where tiers are mixed, the one that was last worked with comes last.
        .toSorted((a, b) => Number(isOfTier(a)) - Number(isOfTier(b))),
  }
}

/** Where a feature stands in the study. */
export type Standing = 'scored' | 'undefined' | 'failed' | 'dead' | 'tooRare' | 'pending'

/** `failed`: a score is missing because a call ended without a reply; `undefined`: for any other reason. */
export function standingOf({ feature, explanation, score }: FeatureRow): Standing {
  if (feature.state !== 'alive') return feature.state
  if (score === null) return 'pending'
  if (score.value !== null) return 'scored'
  const withoutReply = score.failedCalls > 0 || explanation?.problem === 'callFailed'
  const dueToCalls =
    score.undefined === 'callsFailed' ||
    score.undefined === 'noExplanation' ||
    score.undefined === 'lowCoverage'
  return withoutReply && dueToCalls ? 'failed' : 'undefined'
}
