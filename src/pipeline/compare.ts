import { compareScores, type EffectSize } from '../autointerp/compare-scores.ts'
import { type PairedDifference, pairedDifference } from '../autointerp/paired-difference.ts'
import { type Quartiles, quartiles } from '../autointerp/summary.ts'
import { UsageError } from '../core/errors.ts'
import type { ChosenScore, ChosenScores } from './compared-scores.ts'

/** Two sides' scores compared, B against A: what `gloss compare --json` prints. */
export interface Comparison {
  readonly sides: readonly [ComparedSide, ComparedSide]
  /** What both sides do not have in common, but for the names of workspaces. */
  readonly differ: readonly string[]
  /** Feature by feature, B − A; null where the sides are about different features. */
  readonly paired: PairedComparison | null
  /** Cliff's δ over all features, above 0 where B's scores are higher; where features cannot be paired. */
  readonly delta: EffectSize | null
}

/** One side. */
export interface ComparedSide {
  readonly name: string
  readonly set: string
  readonly made: Readonly<Record<string, string>>
  /** Of the scores with a value; null where none has. */
  readonly score: Quartiles | null
  /** Scores without a value. */
  readonly missing: number
}

/** Scores of the same features on both sides. */
export interface PairedComparison {
  /** Over features with a value on both sides; null where there are none. */
  readonly difference: PairedDifference | null
  /** What the bootstrap draws: clusters of features alike, or features, where a set's weights are not at hand. */
  readonly draws: 'clusters' | 'features'
  /** Features with a value on one side alone. */
  readonly onlyA: number
  readonly onlyB: number
  /** Features whose two 95 % intervals do not overlap, by the size of the change. */
  readonly changed: readonly ChangedFeature[]
  /** Of these, how many rose and fell. */
  readonly rose: number
  readonly fell: number
}

/** A feature's two explanations and scores. */
export interface ChangedFeature {
  readonly feature: number
  readonly difference: number
  readonly a: ChangedSide
  readonly b: ChangedSide
}

/** A side of a changed feature. */
export interface ChangedSide {
  readonly value: number
  readonly low: number
  readonly high: number
  readonly explanation: string | null
}

/** A side with its name on the command line. */
export interface NamedScores extends ChosenScores {
  readonly name: string
  /** The cluster of each feature of the set; null where its weights are not at hand. */
  readonly clusters: Uint32Array | null
}

/**
 * Compares scores of two workspaces, sets, explainers, prompts or LLMs.
 * @param mixed whether different tiers or protocols may be compared
 * @throws {UsageError} `sides-differ-in-kind`
 */
export function compare(a: NamedScores, b: NamedScores, seed: number, mixed: boolean): Comparison {
  const differ = ['set', ...Object.keys(a.made)].filter((name) => valueOf(a, name) !== valueOf(b, name))
  const kinds = ['protocol', 'tier'].filter((name) => differ.includes(name))
  if (kinds.length > 0 && !mixed)
    throw new UsageError(
      'sides-differ-in-kind',
      `expected scores of one protocol and tier, found ${kinds.map((name) => `${name} ${a.made[name]} and ${b.made[name]}`).join(', ')}; such scores are not the same quantity: add --mixed to compare them all the same`,
    )
  const same = a.set.id === b.set.id
  return {
    sides: [sideOf(a), sideOf(b)],
    differ,
    paired: same ? pairUp(a.rows, b.rows, a.clusters ?? b.clusters, seed) : null,
    delta: same ? null : deltaOf(a, b, seed),
  }
}

function valueOf({ set, made }: ChosenScores, name: string): string {
  return name === 'set' ? set.id : made[name]!
}

function sideOf({ name, set, made, rows }: NamedScores): ComparedSide {
  const values = rows.flatMap(({ score }) => score.value ?? [])
  return { name, set: set.id, made, score: quartiles(values), missing: rows.length - values.length }
}

function pairUp(
  a: readonly ChosenScore[],
  b: readonly ChosenScore[],
  clusters: Uint32Array | null,
  seed: number,
): PairedComparison {
  const others = new Map(b.map((row) => [row.feature.id, row]))
  const own = new Set(a.flatMap(({ feature, score }) => (score.value === null ? [] : [feature.id])))
  const pairs = a.flatMap((row) => {
    const other = others.get(row.feature.id)
    return other && row.score.value !== null && other.score.value !== null ? [{ a: row, b: other }] : []
  })
  const changed = pairs
    .flatMap((pair) => changeOf(pair.a, pair.b) ?? [])
    .toSorted((x, y) => Math.abs(y.difference) - Math.abs(x.difference) || x.feature - y.feature)
  return {
    difference: pairedDifference(
      pairs.map((pair) => [pair.a.score.value!, pair.b.score.value!]),
      seed,
      clusters === null ? undefined : (place) => clusters[pairs[place]!.a.feature.id]!,
    ),
    draws: clusters === null ? 'features' : 'clusters',
    onlyA: own.size - pairs.length,
    onlyB: b.filter(({ feature, score }) => score.value !== null && !own.has(feature.id)).length,
    changed,
    rose: changed.filter(({ difference }) => difference > 0).length,
    fell: changed.filter(({ difference }) => difference < 0).length,
  }
}

function changeOf(a: ChosenScore, b: ChosenScore): ChangedFeature | null {
  const [own, other] = [changedSide(a), changedSide(b)]
  if (own === null || other === null || (own.low <= other.high && other.low <= own.high)) return null
  return { feature: a.feature.id, difference: other.value - own.value, a: own, b: other }
}

function changedSide({ score: { value, low, high }, explanation }: ChosenScore): ChangedSide | null {
  return value === null || low === null || high === null
    ? null
    : { value, low, high, explanation: explanation.text }
}

function deltaOf(a: NamedScores, b: NamedScores, seed: number): EffectSize | null {
  const features = ({ rows, clusters }: NamedScores) =>
    rows.flatMap(({ feature, score }) =>
      score.value === null
        ? []
        : [
            {
              score: score.value,
              density: feature.density,
              tokenShare: feature.tokenShare ?? 0,
              cluster: clusters?.[feature.id] ?? feature.id,
            },
          ],
    )
  return compareScores(features(b), features(a), seed)?.delta ?? null
}
