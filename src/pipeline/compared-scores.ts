import { UsageError } from '../core/errors.ts'
import type { ExplanationRecord, FeatureRecord, FeatureSetRecord, ScoreRecord, Store } from '../core/store.ts'
import { featureRows } from './feature-rows.ts'
import { SIMULATION } from './simulation-scorer.ts'

/** What scores of a study can be chosen by; `prompt` by the beginning of the explain prompt's hash or by its name. */
export const SCORE_CHOICES = ['explainer', 'llm', 'protocol', 'tier', 'prompt', 'seed'] as const
/** Values by one of {@link SCORE_CHOICES}. */
export type ScoreChoice = Readonly<Partial<Record<(typeof SCORE_CHOICES)[number], string>>>

/** Features with one score each, all of them made in the same way. */
export interface ChosenScores {
  readonly set: FeatureSetRecord
  /** How they were made; keys of {@link SCORE_CHOICES} and `scorer`. */
  readonly made: Readonly<Record<string, string>>
  readonly rows: readonly ChosenScore[]
}

/** A feature with the explanation and score that are compared. */
export interface ChosenScore {
  readonly feature: FeatureRecord
  readonly explanation: ExplanationRecord
  readonly score: ScoreRecord
}

/**
 * The scores of a set that fit a choice; without one, those that were last worked with.
 * @throws {UsageError} `scores-missing`, `scores-ambiguous` where the choice leaves several ways of making them
 */
export function chooseScores(
  store: Store,
  set: FeatureSetRecord,
  scorer: string,
  choice: ScoreChoice,
): ChosenScores {
  const rows = candidates(store, set, scorer, Object.keys(choice).length === 0)
  const groups = new Map<string, { made: Record<string, string>; rows: ChosenScore[] }>()
  const described = describer(store)
  for (const row of rows) {
    const made = described(row)
    if (!fits(made, choice)) continue
    const key = JSON.stringify(Object.values(made))
    const group = groups.get(key)
    if (group) group.rows.push(row)
    else groups.set(key, { made, rows: [row] })
  }
  const found = [...groups.values()]
  if (found.length === 1) return { set, ...found[0]! }
  if (found.length === 0)
    throw new UsageError(
      'scores-missing',
      `expected scores of ${set.id} by ${scorer}${textOf(choice)}, found none; gloss status shows what there is, gloss score makes them`,
    )
  const differing = Object.keys(found[0]!.made).filter(
    (name) => new Set(found.map(({ made }) => made[name])).size > 1,
  )
  const ways = found.map(({ made }) => differing.map((name) => `${name}=${made[name]}`).join(','))
  throw new UsageError(
    'scores-ambiguous',
    `expected one way of scoring ${set.id}${textOf(choice)}, found ${found.length}; add one of ${ways.toSorted().join(' or ')}`,
  )
}

function candidates(store: Store, set: FeatureSetRecord, scorer: string, current: boolean): ChosenScore[] {
  if (current && scorer === SIMULATION)
    return featureRows(store, set).flatMap(({ feature, explanation, score }) =>
      explanation && score ? [{ feature, explanation, score }] : [],
    )
  const features = new Map(store.features.all(set.id).map((feature) => [feature.id, feature]))
  const explanations = new Map(store.explanations.all(set.id).map((record) => [record.id, record]))
  return store.scores
    .all(set.id, scorer)
    .filter((score) => score.scorer === scorer)
    .map((score) => {
      const explanation = explanations.get(score.explanationId)!
      return { feature: features.get(explanation.featureId)!, explanation, score }
    })
}

/** How a score was made, as far as that can be chosen. */
function describer(store: Store): (row: ChosenScore) => Record<string, string> {
  const known = new Map<string, { readonly prompt: string; readonly seed: string }>()
  const provenanceOf = (id: string): { readonly prompt: string; readonly seed: string } => {
    const found = known.get(id)
    if (found) return found
    const { prompt, promptHash, seed } = store.provenance.get(id)
    const read = {
      prompt: [prompt, promptHash?.slice(0, 8)].filter(Boolean).join('#'),
      seed: String(seed ?? ''),
    }
    known.set(id, read)
    return read
  }
  return ({ explanation, score }) => ({
    explainer: explanation.explainer,
    llm: explanation.llm ?? '',
    protocol: score.protocol,
    tier: score.tier,
    prompt: provenanceOf(explanation.provenanceId).prompt,
    seed: provenanceOf(score.provenanceId).seed,
    scorer: score.scorer,
  })
}

function fits(made: Readonly<Record<string, string>>, choice: ScoreChoice): boolean {
  return SCORE_CHOICES.every((name) => {
    const wanted = choice[name]
    if (wanted === undefined || made[name] === wanted) return true
    if (name !== 'prompt' || wanted === '') return false
    const [prompt, hash = ''] = made[name]!.split('#')
    return prompt === wanted || hash.startsWith(wanted)
  })
}

function textOf(choice: ScoreChoice): string {
  const parts = Object.entries(choice).map(([name, value]) => `${name}=${value}`)
  return parts.length === 0 ? '' : ` with ${parts.join(',')}`
}
