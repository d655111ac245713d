import { discoveries } from '../autointerp/false-discovery.ts'
import { median, type Quartiles, quartiles } from '../autointerp/summary.ts'
import { isImported } from '../core/imported.ts'
import { type ControlName, SCORERS } from '../core/scores.ts'
import type { FeatureSetRecord, ScoreRecord, Store } from '../core/store.ts'
import type { FeatureRow } from './feature-rows.ts'
import { SIMULATION } from './simulation-scorer.ts'

/** Of all features that have a gain over both controls, how many stay above when so many are tested at once. */
export interface Discoveries {
  readonly rate: number
  readonly tested: number
  readonly shuffled: number
  readonly tokenTable: number
  /** Above both: the larger p of the two. */
  readonly both: number
}

/** Scores of features that are alike in how far the token alone decides their activation. */
export interface TokenShareStratum {
  /** Token share η²: from … */
  readonly from: number
  /** … to below, or to 1. */
  readonly to: number
  readonly features: number
  /** Scores with a value. */
  readonly n: number
  readonly median: number | null
  readonly medianMissingAsZero: number | null
  readonly gain: { readonly shuffled: number | null; readonly tokenTable: number | null }
  readonly aboveBaseline: number | null
}

/** A scorer or a further statistic of the same replies, over all features. */
export interface StatisticSummary extends Quartiles {
  readonly scorer: string
  readonly tier: string
  readonly medianMissingAsZero: number
}

/** The rate of false discoveries that is allowed among features said to be above their controls. */
const FALSE_DISCOVERY_RATE = 0.05
/** η² from which on the token decides more than half of the variance. */
const MOSTLY_TOKEN = 0.5

/** Benjamini and Hochberg's procedure over features; null where no score has both p values. */
export function countDiscoveries(rows: readonly FeatureRow[]): Discoveries | null {
  const p = rows.flatMap(({ controls }) => {
    const shuffled = controls.get('shuffled')?.p ?? null
    const tokenTable = controls.get('tokenTable')?.p ?? null
    return shuffled === null || tokenTable === null ? [] : [{ shuffled, tokenTable }]
  })
  if (p.length === 0) return null
  const count = (of: (one: (typeof p)[number]) => number): number =>
    discoveries(p.map(of), FALSE_DISCOVERY_RATE).filter(Boolean).length
  return {
    rate: FALSE_DISCOVERY_RATE,
    tested: p.length,
    shuffled: count(({ shuffled }) => shuffled),
    tokenTable: count(({ tokenTable }) => tokenTable),
    both: count(({ shuffled, tokenTable }) => Math.max(shuffled, tokenTable)),
  }
}

/**
 * The share of scores whose gains over shuffled and over the token table both have a lower bound above 0. Null where
 * no score has both, as with token-table explanations.
 */
export function shareAboveBaseline(rows: readonly FeatureRow[]): number | null {
  const judged = rows.flatMap(({ controls }) => {
    const shuffled = controls.get('shuffled')?.gainLow ?? null
    const tokenTable = controls.get('tokenTable')?.gainLow ?? null
    return shuffled === null || tokenTable === null ? [] : [shuffled > 0 && tokenTable > 0]
  })
  return judged.length === 0 ? null : judged.filter(Boolean).length / judged.length
}

/** Scores of features that are mostly about their token, and of the others. @param alive features with or without one */
export function byTokenShare(alive: readonly FeatureRow[]): TokenShareStratum[] {
  return [
    { from: 0, to: MOSTLY_TOKEN },
    { from: MOSTLY_TOKEN, to: 1 },
  ].map(({ from, to }) => {
    const rows = alive.filter(({ feature: { tokenShare } }) =>
      tokenShare === null ? false : from === 0 ? tokenShare < to : tokenShare >= from,
    )
    const judged = rows.flatMap(({ score }) => score ?? [])
    const scored = rows.filter(({ score }) => score?.value != null)
    return {
      from,
      to,
      features: rows.length,
      n: scored.length,
      median: median(scored.map(({ score }) => score!.value!)),
      medianMissingAsZero: median(judged.map(({ value }) => value ?? 0)),
      gain: {
        shuffled: median(controlNumbers(scored, 'shuffled', 'gain')),
        tokenTable: median(controlNumbers(scored, 'tokenTable', 'gain')),
      },
      aboveBaseline: shareAboveBaseline(scored),
    }
  })
}

/** Values of a control, or gains over it, where there are any. */
export function controlNumbers(
  rows: readonly FeatureRow[],
  name: ControlName,
  field: 'value' | 'gain',
): number[] {
  return rows.flatMap(({ controls }) => controls.get(name)?.[field] ?? [])
}

/** Every scorer and statistic but the one that the rows are about, for the rows' explanations. */
export function otherStatistics(
  store: Store,
  set: FeatureSetRecord,
  rows: readonly FeatureRow[],
): StatisticSummary[] {
  const counted = new Map(
    rows.flatMap(({ explanation, score }) => (explanation ? [[explanation.id, score]] : [])),
  )
  // Where the scores are those that came with the set, so are the others.
  const scoring = store.study.get('scoring')
  const protocol = scoring !== null && isImported(scoring) ? scoring : store.study.get('protocol')
  const groups = new Map<string, ScoreRecord[]>()
  for (const scorer of SCORERS)
    for (const row of store.scores.all(set.id, scorer)) {
      if (row.scorer === SIMULATION || row.protocol !== protocol || !counted.has(row.explanationId)) continue
      // Statistics of a simulation's replies belong to the tier and the prompt that its score is of.
      const main = counted.get(row.explanationId)
      const isOfScore = row.tier === main?.tier && row.provenanceId === main.provenanceId
      if (row.scorer.startsWith(`${SIMULATION}.`) && !isOfScore) continue
      const key = `${row.scorer} ${row.tier}`
      const group = groups.get(key)
      if (group) group.push(row)
      else groups.set(key, [row])
    }
  return [...groups.values()].flatMap((group) => {
    const spread = quartiles(group.flatMap(({ value }) => value ?? []))
    const { scorer, tier } = group[0]!
    return spread === null
      ? []
      : [{ scorer, tier, ...spread, medianMissingAsZero: median(group.map(({ value }) => value ?? 0))! }]
  })
}
