import { shuffledPartners } from '../autointerp/shuffled-partners.ts'
import { hash32 } from '../core/random.ts'
import type { ScorerName, Tier } from '../core/scores.ts'
import { type Selection, selectFeatures } from '../core/selection.ts'
import type { ExplanationRecord, FeatureSetRecord, ScoreRecord, StoredExample } from '../core/store.ts'
import { decoderCosine } from './decoder-cosine.ts'
import { explanationId } from './explain-plan.ts'
import { currentSet, featureSetFolder } from './feature-set.ts'
import { checkImportedTables } from './imported-explanations.ts'
import { checkProtocol } from './sampling.ts'
import { scoreId, type ScoreItem, scorerTier } from './scorer.ts'
import type { Llm, Study } from './study.ts'

/** Keeps this draw apart from others that hash features. */
const BLANK_STREAM = 0xb1a2c

/** Said where there is nothing to score. */
export const NOTHING_EXPLAINED = 'nothing that is selected has an explanation yet; run gloss explain first'

/** What scoring has to do. */
export interface ScorePlan {
  readonly scorer: ScorerName
  readonly tier: Tier
  /** Explained features that the selection is about. */
  readonly selected: readonly number[]
  /** Those that lack a score, or a reply. */
  readonly planned: readonly number[]
  readonly explanationOf: (feature: number) => ExplanationRecord
  readonly densityOf: (feature: number) => number
}

/**
 * Finds the explanations that a scorer has still to score.
 *
 * @param expected explanations that will be there by then; they go before stored ones
 * @throws {UsageError} `protocol-changed`, `llm-missing` for imported explanations that only an LLM can read
 */
export function planScores(
  study: Study,
  llm: Llm | null,
  selection: Selection,
  scorer: ScorerName = 'simulation',
  expected: readonly ExplanationRecord[] = [],
): ScorePlan {
  const { store } = study
  const set = currentSet(study)
  checkProtocol(study, set)
  if (study.imported && llm === null) checkImportedTables(store, set, study.imported)
  const explanations = new Map(
    [...store.explanations.all(set.id), ...expected].map((record) => [record.id, record]),
  )
  const withExamples = store.examples.featuresWith(set.id, study.protocol.name)
  const alive = store.features.all(set.id).filter(({ id }) => withExamples.has(id))
  const explained = alive.filter(({ id }) => explanations.has(explanationId(study, set, llm, id)))
  const densities = new Map(explained.map(({ id, density }) => [id, density]))
  const selected = selectFeatures(selection, [...densities.keys()], () => true, study.config.seed)
  const explanationOf = (feature: number): ExplanationRecord =>
    explanations.get(explanationId(study, set, llm, feature))!
  const tier: Tier = scorerTier(llm, scorer)
  const scores = new Map(store.scores.all(set.id, scorer).map((record) => [record.id, record]))
  const unpaired = unpairedScores(study, set, scorer, llm)
  const planned = selected.filter((feature) => {
    const explanation = explanationOf(feature)
    const existing = scores.get(scoreId(study, llm, explanation, scorer, tier))
    if (isPending(explanation, existing) || (llm?.reask === true && existing!.unreadableCalls > 0))
      return true
    const partner = unpaired.get(existing!.id)
    return (
      existing!.value !== null &&
      partner !== undefined &&
      explanations.get(explanationId(study, set, llm, partner))?.text != null
    )
  })
  return { scorer, tier, selected, planned, explanationOf, densityOf: (feature) => densities.get(feature)! }
}

/** The planned explanations, each with the one that stands in for it in the shuffled control. */
export async function scoreItems(study: Study, set: FeatureSetRecord, plan: ScorePlan): Promise<ScoreItem[]> {
  const dictionary = set.kind === 'imported' ? null : await study.workshop.load(featureSetFolder(study, set))
  const partners = shuffledPartners(
    plan.selected.map((feature) => ({ feature, density: plan.densityOf(feature) })),
    // Of an imported set there are no directions that could be alike.
    dictionary ? decoderCosine(dictionary) : () => 0,
    study.config.seed,
  )
  await dictionary?.close()
  const blank = new Set(blankFeatures(plan.selected, study.config.seed))
  return plan.planned.map((feature) => {
    const partner = partners.get(feature)
    return {
      explanation: plan.explanationOf(feature),
      partner: partner === undefined ? null : plan.explanationOf(partner),
      blank: blank.has(feature),
    }
  })
}

/** Features of a study on which the blank control is asked for. */
const BLANK_FEATURES = 100

/** The features of a selection that get the blank control: those whose seeded hashes are smallest. */
function blankFeatures(selected: readonly number[], seed: number): number[] {
  const order = new Map(selected.map((feature) => [feature, hash32(seed, BLANK_STREAM, feature)]))
  return selected.toSorted((a, b) => order.get(a)! - order.get(b)! || a - b).slice(0, BLANK_FEATURES)
}

/** The score examples of a feature. */
export function scoreExamples(study: Study, set: FeatureSetRecord, feature: number): StoredExample[] {
  return study.store.examples.of(set.id, feature, study.protocol.name).filter(({ use }) => use === 'score')
}

/**
 * Scores whose shuffled control has no value, with the partner's feature: its explanation may have been missing then and
 * be there now. Isolated features go without: what their calls hold was settled when they were first planned.
 */
function unpairedScores(
  { store }: Study,
  set: FeatureSetRecord,
  scorer: ScorerName,
  llm: Llm | null,
): Map<string, number> {
  if (llm?.simulate.isolate === true && scorer === 'simulation') return new Map()
  return new Map(
    store.scores
      .controls(set.id, scorer)
      .flatMap(({ scoreId: id, name, value, partner }) =>
        name === 'shuffled' && value === null && partner !== null ? [[id, partner] as const] : [],
      ),
  )
}

/** Work is left where there is no score yet, a call got no reply, or an explanation has come since. */
function isPending(explanation: ExplanationRecord, existing: ScoreRecord | undefined): boolean {
  if (!existing) return true
  if (existing.undefined === 'noExplanation') return explanation.text !== null
  return existing.failedCalls > 0 || existing.failedControlCalls > 0
}
