import { canonicalJson } from '../core/hash.ts'
import { isImported } from '../core/imported.ts'
import type { ScoreRecord, Store } from '../core/store.ts'
import { importedExplainers, importedMethod } from './imported-explanations.ts'
import { SIMULATION } from './simulation-scorer.ts'

/**
 * Lets `show`, `status` and `report` be about a set's imported explanations: those of most features, and their imported
 * scores where there are any. Nothing changes where no explanation came with the set.
 */
export function rememberImported(store: Store, setId: string): void {
  const set = store.featureSets.get(setId)
  const [explainer] = set ? importedExplainers(store, set) : []
  if (!explainer) return
  store.study.put('explainer', explainer.explainer)
  store.study.put('llm', explainer.llm ?? '')
  store.study.put('method', canonicalJson(importedMethod(explainer)))
  const ids = new Set(
    store.explanations
      .all(setId)
      .filter((one) => one.explainer === explainer.explainer && one.llm === explainer.llm)
      .map(({ id }) => id),
  )
  const made = commonest(
    store.scores
      .all(setId, SIMULATION)
      .filter(
        (score) => score.scorer === SIMULATION && isImported(score.protocol) && ids.has(score.explanationId),
      ),
  )
  if (!made) return
  store.study.put('scoring', made.protocol)
  store.study.put('tier', made.tier)
  store.study.put('prompt', store.provenance.get(made.provenanceId).promptHash ?? '')
}

/** A score that was made as most were. */
function commonest(scores: readonly ScoreRecord[]): ScoreRecord | null {
  const groups = new Map<string, ScoreRecord[]>()
  for (const score of scores) {
    const key = `${score.protocol} ${score.tier} ${score.provenanceId}`
    const group = groups.get(key)
    if (group) group.push(score)
    else groups.set(key, [score])
  }
  const [largest] = [...groups].toSorted(
    ([a, { length: x }], [b, { length: y }]) => y - x || (a < b ? -1 : 1),
  )
  return largest?.[1][0] ?? null
}
