import { matchedDelta, type StratifiedValue } from '../core/matched-delta.ts'
import { estimateByFeature, type Estimate } from './bootstrap-features.ts'
import { grouped } from './grouped.ts'
import type { UnitKind } from './plan-session.ts'
import { kendallTau, spearmanRho } from './rank-correlation.ts'
import { counted, featureOf, mean, type Rating } from './session-ratings.ts'

/** An automatic score of an explanation that people rated. */
export interface AutomaticScore {
  readonly scorer: string
  readonly protocol: string
  readonly tier: string
  readonly value: number | null
}

/** How far people and an automatic score order explanations alike. */
export interface HumanAgainstScore {
  readonly measure: string
  readonly scorer: string
  readonly protocol: string
  readonly tier: string
  readonly spearman: Estimate
  readonly kendall: Estimate
  /** Explanations with both. */
  readonly n: number
}

/** One explanation's mean rating: over raters and parts. */
interface Judged {
  readonly explanationId: string
  readonly value: number
}

/** Mean ratings of explanations against every automatic score that they have. Nothing is pooled over scorers or tiers. */
export function againstScores(
  measure: string,
  ratings: readonly Rating[],
  scoresOf: (explanationId: string) => readonly AutomaticScore[],
  seed: number,
): HumanAgainstScore[] {
  const judged = [...grouped(counted(ratings), featureOf).values()].flatMap((group): Judged[] => {
    const { explanationId } = group[0]!.item
    return explanationId === null ? [] : [{ explanationId, value: mean(group.map(({ value }) => value)) }]
  })
  const pairs = new Map<string, { score: AutomaticScore; pairs: [number, number][] }>()
  for (const { explanationId, value } of judged)
    for (const score of scoresOf(explanationId)) {
      if (score.value === null) continue
      const name = `${score.scorer} ${score.protocol} ${score.tier}`
      const known = pairs.get(name) ?? { score, pairs: [] }
      pairs.set(name, known)
      known.pairs.push([value, score.value])
    }
  return [...pairs].map(([name, { score, pairs: found }]) => {
    const groups = found.map((pair) => [pair])
    return {
      measure,
      scorer: score.scorer,
      protocol: score.protocol,
      tier: score.tier,
      spearman: estimateByFeature(groups, spearmanRho, seed, `spearman ${measure} ${name}`),
      kendall: estimateByFeature(groups, kendallTau, seed, `kendall ${measure} ${name}`),
      n: found.length,
    }
  })
}

/** Features against one kind of baseline. */
export interface KindAgainstFeatures {
  readonly measure: string
  readonly against: UnitKind
  /** Cliff's δ within strata of density and token share; above 0 where features are rated higher. */
  readonly delta: Estimate
  readonly features: number
  readonly baselines: number
}

/** Where a unit stands in density and in token share. */
export type Strata = (unit: { readonly setId: string; readonly feature: number }) => string

/** Features' ratings against those of each baseline kind, compared within strata alone. */
export function againstBaselines(
  measure: string,
  ratings: readonly Rating[],
  stratumOf: Strata,
  seed: number,
): KindAgainstFeatures[] {
  const units = [...grouped(counted(ratings), featureOf).values()].map((group) => ({
    kind: group[0]!.item.kind,
    stratum: stratumOf(group[0]!.item),
    value: mean(group.map(({ value }) => value)),
  }))
  const kinds = [...new Set(units.map(({ kind }) => kind))].filter((kind) => kind !== 'feature').toSorted()
  const ofKind = (list: readonly (StratifiedValue & { readonly kind: UnitKind })[], kind: UnitKind) =>
    list.filter((unit) => unit.kind === kind)
  return kinds.map((against) => {
    const compared = units.filter(({ kind }) => kind === 'feature' || kind === against)
    return {
      measure,
      against,
      delta: estimateByFeature(
        compared.map((unit) => [unit]),
        (drawn) => matchedDelta(ofKind(drawn, 'feature'), ofKind(drawn, against)),
        seed,
        `delta ${measure} ${against}`,
      ),
      features: ofKind(compared, 'feature').length,
      baselines: ofKind(compared, against).length,
    }
  })
}
