import { compareScores, type ComparedFeature, type ScoreComparison } from '../autointerp/compare-scores.ts'
import { mannWhitney } from '../autointerp/mann-whitney.ts'
import { type Quartiles, quartiles } from '../autointerp/summary.ts'
import { UsageError } from '../core/errors.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
import { type FeatureRow, featureRows } from './feature-rows.ts'
import { type ClusterSource, clustersOf } from './set-clusters.ts'
import { kindOf, type SetKindName } from './sets.ts'

/** One of two sets that are compared. Scores without a value are left out, and counted. */
export interface ComparedSet extends Quartiles {
  readonly set: string
  readonly kind: SetKindName
  readonly features: number
  /** Scores that have no value. */
  readonly missing: number
  /** Share of scores whose gain over the shuffled control has a lower bound above 0. */
  readonly aboveShuffled: number | null
  /** Components of features alike; what the bootstrap draws. */
  readonly clusters: number
}

/** Two feature sets' scores compared: what `gloss status --against --json` adds. δ > 0 where the first is better. */
export interface SetComparison extends Pick<ScoreComparison, 'delta' | 'matched'> {
  readonly sets: readonly [ComparedSet, ComparedSet]
  /** Share of the first set's scores above the second's median. */
  readonly aboveMedian: number
  /** Two-sided. Secondary: with thousands of features a δ of .05 is "significant". */
  readonly mannWhitney: { readonly u: number; readonly p: number } | null
  /** Whether both were collected on the same tokens. */
  readonly sameCorpus: boolean
}

/** What comparing reads, and the seed of the bootstrap. */
export interface ComparisonSource extends ClusterSource {
  readonly seed: number
}

/**
 * Compares two sets of a study by the scores of the explainer, protocol and tier that were last worked with.
 * @throws {UsageError} `set-same`, `scores-missing`
 */
export async function compareSets(
  source: ComparisonSource,
  set: FeatureSetRecord,
  against: FeatureSetRecord,
): Promise<SetComparison> {
  if (set.id === against.id)
    throw new UsageError(
      'set-same',
      `expected another feature set to compare ${set.id} with, found itself; name another, or another current set with --set`,
    )
  const { store } = source
  const rows = [scoredRows(store, set), scoredRows(store, against)] as const
  const compared = [
    await comparedFeatures(source, set, rows[0].scored),
    await comparedFeatures(source, against, rows[1].scored),
  ] as const
  const scores = [valuesOf(rows[0].scored), valuesOf(rows[1].scored)] as const
  const { delta, matched, clusters } = compareScores(compared[0], compared[1], source.seed)!
  const sideOf = (one: FeatureSetRecord, place: 0 | 1): ComparedSet => ({
    set: one.id,
    kind: kindOf(one),
    features: one.features,
    missing: rows[place].missing,
    ...quartiles(scores[place])!,
    aboveShuffled: shareAboveShuffled(rows[place].scored),
    clusters: clusters[place],
  })
  const sides = [sideOf(set, 0), sideOf(against, 1)] as const
  return {
    sets: sides,
    delta,
    matched,
    aboveMedian: scores[0].filter((score) => score > sides[1].median).length / scores[0].length,
    mannWhitney: mannWhitney(scores[0], scores[1]),
    sameCorpus: store.collections.get(set.id)?.corpusHash === store.collections.get(against.id)?.corpusHash,
  }
}

function scoredRows(store: Store, set: FeatureSetRecord): { scored: FeatureRow[]; missing: number } {
  const judged = featureRows(store, set).filter(({ score }) => score !== null)
  const scored = judged.filter(({ score }) => score!.value !== null)
  if (scored.length === 0)
    throw new UsageError(
      'scores-missing',
      `expected scores of ${set.id} by the explainer, protocol and tier that were last worked with, found none; run gloss run --set ${set.id} with the flags of the other set's scores`,
    )
  return { scored, missing: judged.length - scored.length }
}

function valuesOf(rows: readonly FeatureRow[]): number[] {
  return rows.map(({ score }) => score!.value!)
}

function shareAboveShuffled(rows: readonly FeatureRow[]): number | null {
  const lows = rows.flatMap(({ controls }) => controls.get('shuffled')?.gainLow ?? [])
  return lows.length === 0 ? null : lows.filter((low) => low > 0).length / lows.length
}

async function comparedFeatures(
  source: ComparisonSource,
  set: FeatureSetRecord,
  rows: readonly FeatureRow[],
): Promise<ComparedFeature[]> {
  const clusters = await clustersOf(source, set)
  return rows.map(({ feature, score }) => ({
    score: score!.value!,
    density: feature.density,
    tokenShare: feature.tokenShare ?? 0,
    cluster: clusters[feature.id]!,
  }))
}
