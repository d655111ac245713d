import { shuffledPartners } from '../autointerp/shuffled-partners.ts'
import { UsageError } from '../core/errors.ts'
import { hash32 } from '../core/random.ts'
import type { ScorerName, Tier } from '../core/scores.ts'
import { type Selection, selectFeatures } from '../core/selection.ts'
import type {
  ControlRecord,
  ExplanationRecord,
  FeatureSetRecord,
  ScoreRecord,
  StoredExample,
} from '../core/store.ts'
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
  /** What the shuffled and blank controls of a feature were, where it was scored before. */
  readonly controlsOf: (feature: number) => PastControls | null
  /** Features with a blank control, selected or not. */
  readonly blanks: number
  readonly densityOf: (feature: number) => number
}

/** What a score's controls were made of. A score that is made again keeps them, whatever is selected then. */
interface PastControls {
  readonly partner: number | null
  readonly blank: boolean
}

/**
 * Finds the explanations that a scorer has still to score.
 *
 * @param expected explanations that will be there by then; they go before stored ones
 * @throws {UsageError} `protocol-changed`, `isolate-scorer`, `llm-missing` for imported explanations that only an LLM can read
 */
export function planScores(
  study: Study,
  llm: Llm | null,
  selection: Selection,
  scorer: ScorerName = 'simulation',
  expected: readonly ExplanationRecord[] = [],
): ScorePlan {
  const { store } = study
  if (llm?.simulate.isolate && scorer !== 'simulation')
    throw new UsageError(
      'isolate-scorer',
      `expected --isolate with --scorer simulation, found ${scorer}; leave one of them out`,
    )
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
  const controls = store.scores.controls(set.id, scorer)
  // Isolated features go without: what their calls hold was settled when they were first planned.
  const settled = llm?.simulate.isolate === true && scorer === 'simulation'
  const unpaired = settled ? new Map<string, number>() : unpairedScores(controls)
  const past = pastControls(controls)
  const pastOf = (feature: number): PastControls | null =>
    past.get(scoreId(study, llm, explanationOf(feature), scorer, tier)) ?? null
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
  return {
    scorer,
    tier,
    selected,
    planned,
    explanationOf,
    controlsOf: pastOf,
    // A baseline has none, and ids of all features take their time.
    blanks:
      llm === null ? 0 : [...densities.keys()].filter((feature) => pastOf(feature)?.blank === true).length,
    densityOf: (feature) => densities.get(feature)!,
  }
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
  const blank = new Set(blankFeatures(plan, study.config.seed))
  return plan.planned.map((feature) => {
    const past = plan.controlsOf(feature)
    const partner = past?.partner ?? partners.get(feature)
    return {
      explanation: plan.explanationOf(feature),
      partner: partner === undefined ? null : plan.explanationOf(partner),
      blank: past?.blank ?? blank.has(feature),
    }
  })
}

/** Features of a study on which the blank control is asked for. */
const BLANK_FEATURES = 100

/**
 * The planned features that get the blank control: of those that can be scored and were not, the ones whose seeded
 * hashes are smallest, until the study has enough. A run that goes on finds the same ones.
 */
function blankFeatures({ planned, explanationOf, controlsOf, blanks }: ScorePlan, seed: number): number[] {
  const fresh = planned.filter(
    (feature) => explanationOf(feature).text !== null && controlsOf(feature) === null,
  )
  const order = new Map(fresh.map((feature) => [feature, hash32(seed, BLANK_STREAM, feature)]))
  return fresh
    .toSorted((a, b) => order.get(a)! - order.get(b)! || a - b)
    .slice(0, Math.max(0, BLANK_FEATURES - blanks))
}

/** The controls of scores that have any, by score. */
function pastControls(controls: readonly ControlRecord[]): Map<string, PastControls> {
  const past = new Map<string, PastControls>()
  for (const { scoreId: id, name, partner } of controls) {
    const before = past.get(id) ?? { partner: null, blank: false }
    if (name === 'shuffled') past.set(id, { ...before, partner })
    else past.set(id, name === 'blank' ? { ...before, blank: true } : before)
  }
  return past
}

/** The score examples of a feature. */
export function scoreExamples(study: Study, set: FeatureSetRecord, feature: number): StoredExample[] {
  return study.store.examples.of(set.id, feature, study.protocol.name).filter(({ use }) => use === 'score')
}

/**
 * Scores whose shuffled control has no value, with the partner's feature: its explanation may have been missing then and
 * be there now.
 */
function unpairedScores(controls: readonly ControlRecord[]): Map<string, number> {
  return new Map(
    controls.flatMap(({ scoreId: id, name, value, partner }) =>
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
