import { median, type Quartiles, quartiles } from '../autointerp/summary.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
import { type FeatureRow, featureRows } from './feature-rows.ts'
import { registersOf } from './registers.ts'

/** Fewer scores than this have no median worth the name. */
const LEAST_SCORES = 5

/** The scores of the features that belong to a register: at least nine tenths of their top examples come from it. */
export interface RegisterScores {
  /** Null: the features whose top examples come from several registers, or from documents without one. */
  readonly register: string | null
  readonly features: number
  readonly scored: number
  /** Null where fewer than five features have a score. */
  readonly score: Quartiles | null
  /** Medians, over the same features. */
  readonly shuffled: number | null
  readonly gain: number | null
  readonly tokenShare: number | null
}

/** Scores by register, in the order of their names, features of no one register last; empty without labels. */
export function registerScores(store: Store, set: FeatureSetRecord, mixed = false): RegisterScores[] {
  const registers = registersOf(store, set)
  if ([...registers.values()].every((register) => register === null)) return []
  const groups = new Map<string | null, FeatureRow[]>()
  for (const row of featureRows(store, set, mixed)) {
    if (row.feature.state !== 'alive') continue
    const register = registers.get(row.feature.id) ?? null
    const group = groups.get(register)
    if (group) group.push(row)
    else groups.set(register, [row])
  }
  return [...groups]
    .toSorted(([a], [b]) => (a === null ? 1 : b === null ? -1 : a < b ? -1 : 1))
    .map(([register, rows]) => summarize(register, rows))
}

function summarize(register: string | null, rows: readonly FeatureRow[]): RegisterScores {
  const scored = rows.filter(({ score }) => score?.value != null)
  const enough = scored.length >= LEAST_SCORES
  const control = (field: 'value' | 'gain'): number[] =>
    scored.flatMap(({ controls }) => controls.get('shuffled')?.[field] ?? [])
  return {
    register,
    features: rows.length,
    scored: scored.length,
    score: enough ? quartiles(scored.map(({ score }) => score!.value!)) : null,
    shuffled: enough ? median(control('value')) : null,
    gain: enough ? median(control('gain')) : null,
    tokenShare: enough ? median(scored.flatMap(({ feature }) => feature.tokenShare ?? [])) : null,
  }
}
