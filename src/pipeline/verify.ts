import type { Json } from '../core/hash.ts'
import { canonicalJson } from '../core/hash.ts'
import { type ScorerName, SCORERS } from '../core/scores.ts'
import { type Selection, selectFeatures } from '../core/selection.ts'
import type { ControlRecord, ExplanationRecord, ScoreRecord } from '../core/store.ts'
import { currentSet } from './feature-set.ts'
import { PastScores, type PastTools } from './past-scores.ts'
import { eventLoopTurn } from './sample.ts'
import type { ScoreOutcome } from './scorer.ts'
import type { Study } from './study.ts'

/** A stored value that recomputing does not give. */
export interface ScoreDifference {
  readonly score: string
  readonly feature: number
  readonly scorer: string
  /** The column, after a control's name where it is one of a control. */
  readonly field: string
  readonly stored: Json
  readonly recomputed: Json
}

/** What verifying found. */
export interface Verification {
  /** Rows that were recomputed. */
  readonly checked: number
  readonly equal: number
  readonly differences: readonly ScoreDifference[]
  /** Rows that could not be recomputed, by reason. */
  readonly notChecked: readonly { readonly reason: string; readonly count: number }[]
}

const SCORE_FIELDS = [
  'value',
  'low',
  'high',
  'n',
  'undefined',
  'flag',
  'ceiling',
  'digitMass',
  'coverage',
] as const
const CONTROL_FIELDS = ['value', 'gain', 'gainLow', 'gainHigh', 'p', 'partner'] as const

/**
 * Recomputes scores from stored replies and examples, with all of their statistics, intervals and controls, and
 * compares them with what is stored, bit for bit. Nothing is sent or written.
 *
 * @param done called now and then with how many explanations were looked at
 */
export async function verifyScores(
  study: Study,
  tools: PastTools,
  selection: Selection,
  done: (explanations: number, of: number) => void = () => {},
): Promise<Verification> {
  const { store } = study
  const set = currentSet(study)
  const past = new PastScores(study, set, tools)
  const explanations = store.explanations.all(set.id)
  const features = [...new Set(explanations.map(({ featureId }) => featureId))]
  const selected = new Set(selectFeatures(selection, features, () => true, study.config.seed))
  const chosen = explanations.filter(({ featureId }) => selected.has(featureId))
  const differences: ScoreDifference[] = []
  const reasons = new Map<string, number>()
  let checked = 0
  let equal = 0
  for (const [index, explanation] of chosen.entries()) {
    const rows = store.scores.of(explanation.id)
    for (const main of rows.filter(({ scorer }) => isScorer(scorer))) {
      const family = rows.filter((row) => isSibling(row, main))
      const made = past.open(explanation, main)
      if (typeof made === 'string') {
        reasons.set(made, (reasons.get(made) ?? 0) + family.length)
        continue
      }
      const outcome = await made.scorer.score(made.item, 0)
      for (const row of family) {
        const found = differencesOf(explanation, row, outcome, store.scores.controlsOf(row.id))
        checked++
        if (found.length === 0) equal++
        differences.push(...found)
      }
    }
    if (index % 64 === 63) {
      done(index + 1, chosen.length)
      await eventLoopTurn()
      if (study.signal.aborted) break
    }
  }
  const notChecked = [...reasons].map(([reason, count]) => ({ reason, count }))
  return { checked, equal, differences, notChecked }
}

function isScorer(name: string): name is ScorerName {
  return SCORERS.some((scorer) => scorer === name)
}

/** Statistics of the same replies. */
function isSibling(row: ScoreRecord, main: ScoreRecord): boolean {
  const { scorer, tier, protocol, provenanceId } = row
  return (
    (scorer === main.scorer || scorer.startsWith(`${main.scorer}.`)) &&
    tier === main.tier &&
    protocol === main.protocol &&
    provenanceId === main.provenanceId
  )
}

/** Statistics beside a simulation's headline had no interval in earlier versions; where none is stored, none is compared. */
function isFromBeforeIntervals(
  { scorer, low, high }: ScoreRecord,
  field: (typeof SCORE_FIELDS)[number],
): boolean {
  return (
    scorer.startsWith('simulation.') && low === null && high === null && (field === 'low' || field === 'high')
  )
}

function differencesOf(
  { featureId: feature }: ExplanationRecord,
  row: ScoreRecord,
  outcome: ScoreOutcome,
  controls: readonly ControlRecord[],
): ScoreDifference[] {
  const of = { score: row.id, feature, scorer: row.scorer }
  const again = outcome.scores.find(({ id }) => id === row.id)
  if (!again) return [{ ...of, field: 'row', stored: 'there', recomputed: null }]
  const found: ScoreDifference[] = []
  const compare = (field: string, stored: Json, recomputed: Json): void => {
    if (canonicalJson(stored) !== canonicalJson(recomputed)) found.push({ ...of, field, stored, recomputed })
  }
  for (const field of SCORE_FIELDS)
    if (!isFromBeforeIntervals(row, field)) compare(field, row[field], again[field])
  const recomputed = outcome.controls.filter(({ scoreId }) => scoreId === row.id)
  for (const name of new Set([...controls, ...recomputed].map((control) => control.name))) {
    const stored = controls.find((control) => control.name === name)
    const other = recomputed.find((control) => control.name === name)
    if (!stored || !other) compare(`${name} control`, stored ? 'there' : null, other ? 'there' : null)
    else for (const field of CONTROL_FIELDS) compare(`${name} control, ${field}`, stored[field], other[field])
  }
  return found
}
