import { median, type Quartiles, quartiles } from '../autointerp/summary.ts'
import { type ControlName, CONTROLS, type Tier } from '../core/scores.ts'
import type { LedgerLine } from '../core/ledger.ts'
import type { FeatureSetMetrics, FeatureSetRecord, StageRecord, Store } from '../core/store.ts'
import { type FeatureRow, featureRows, type Standing, standingOf } from './feature-rows.ts'
import { registersOf } from './registers.ts'
import {
  byTokenShare,
  controlNumbers,
  countDiscoveries,
  type Discoveries,
  otherStatistics,
  shareAboveBaseline,
  type StatisticSummary,
  type TokenShareStratum,
} from './score-summary.ts'
import { kindOf, type SetKindName } from './sets.ts'
import { SIMULATION } from './simulation-scorer.ts'

/** A study in numbers: what `gloss status --json` prints. */
export interface StudyStatus {
  readonly set: string
  readonly kind: SetKindName
  readonly hook: string
  readonly explainer: string | null
  readonly llm: string | null
  /** How the predictions behind the scores were read; `mixed` where they are of several tiers. */
  readonly tier: Tier | 'mixed' | null
  /** Features that have a score of another tier alone, which does not count here. */
  readonly otherTiers: number
  readonly features: number
  readonly scored: number
  readonly undefined: number
  readonly failed: number
  readonly dead: number
  readonly tooRare: number
  readonly pending: number
  /** Quartiles of the scores that have a value, and the median when missing ones count as 0. */
  readonly score:
    | (Quartiles & {
        readonly protocol: string
        readonly scorer: string
        readonly medianMissingAsZero: number
      })
    | null
  /** Medians. */
  readonly controls: Readonly<Record<ControlName, number | null>>
  readonly controlMeans: Readonly<Record<ControlName, number | null>>
  /** Medians of score minus control, feature by feature. */
  readonly gain: Readonly<Record<ControlName, number | null>>
  readonly singleTokenShare: number | null
  /** Median η² of the alive features. */
  readonly tokenShare: number | null
  /** Share of scores whose gains over shuffled and over the token table both have a lower bound above 0. */
  readonly aboveBaseline: number | null
  readonly discoveries: Discoveries | null
  /** Apart for features on which the token decides less, and at least, half of the variance. */
  readonly byTokenShare: readonly TokenShareStratum[]
  /** Other scorers, and further statistics of the same replies. */
  readonly statistics: readonly StatisticSummary[]
  /** Features at least nine tenths of whose top examples come from one register, by register. */
  readonly registers: Readonly<Record<string, number>>
  readonly missing: readonly { readonly reason: string; readonly count: number }[]
  readonly training: FeatureSetMetrics | null
  /** What LLMs were asked and what it cost; `cached`: prompt tokens read from the provider's cache. */
  readonly cost: {
    readonly usd: number | null
    readonly promptTokens: number
    readonly completionTokens: number
    readonly requests: number
    readonly cached: number
    readonly withoutReply: number
  }
  /** The same by stage and model. */
  readonly ledger: readonly LedgerLine[]
  readonly stages: readonly StageRecord[]
}

/** Sums a study up. */
export function status(store: Store, set: FeatureSetRecord, mixed = false): StudyStatus {
  const rows = featureRows(store, set, mixed)
  const standings = rows.map(standingOf)
  const count = (standing: Standing): number => standings.filter((one) => one === standing).length
  const alive = rows.filter(({ feature }) => feature.state === 'alive')
  const scored = alive.filter(({ score }) => score?.value != null)
  const judged = alive.filter(({ score }) => score !== null)
  const values = scored.map(({ score }) => score!.value!)
  const controlValues = (name: ControlName): number[] => controlNumbers(scored, name, 'value')
  const ledger = store.ledger.lines()
  const protocol = store.study.get('scoring') ?? store.study.get('protocol')
  const spread = quartiles(values)
  return {
    set: set.id,
    kind: kindOf(set),
    hook: set.hook,
    explainer: store.study.get('explainer'),
    llm: store.study.get('llm') || null,
    tier: tierOf(scored),
    otherTiers: mixed ? 0 : countScored(featureRows(store, set, true)) - scored.length,
    features: set.features,
    scored: count('scored'),
    undefined: count('undefined'),
    failed: count('failed'),
    dead: count('dead'),
    tooRare: count('tooRare'),
    pending: set.features - rows.length + count('pending'),
    score:
      spread && protocol
        ? {
            protocol,
            scorer: SIMULATION,
            ...spread,
            medianMissingAsZero: median(judged.map(({ score }) => score!.value ?? 0))!,
          }
        : null,
    controls: byControl((name) => median(controlValues(name))),
    controlMeans: byControl((name) => mean(controlValues(name))),
    gain: byControl((name) => median(controlNumbers(scored, name, 'gain'))),
    singleTokenShare: mean(
      alive.flatMap(({ feature }) => (feature.singleToken === null ? [] : [Number(feature.singleToken)])),
    ),
    tokenShare: median(alive.flatMap(({ feature }) => feature.tokenShare ?? [])),
    aboveBaseline: shareAboveBaseline(scored),
    discoveries: countDiscoveries(scored),
    byTokenShare: byTokenShare(alive),
    statistics: otherStatistics(store, set, rows),
    registers: countRegisters(store, set),
    missing: countMissing(alive),
    training: set.metrics,
    cost: {
      usd: ledger.some(({ usd }) => usd === null) ? null : sum(ledger.map(({ usd }) => usd!)),
      promptTokens: sum(ledger.map(({ promptTokens }) => promptTokens)),
      completionTokens: sum(ledger.map(({ completionTokens }) => completionTokens)),
      requests: sum(ledger.map(({ requests }) => requests)),
      cached: sum(ledger.map(({ cachedTokens }) => cachedTokens)),
      withoutReply: store.requests.unanswered(),
    },
    ledger,
    stages: store.stages.all(),
  }
}

function tierOf(scored: readonly FeatureRow[]): Tier | 'mixed' | null {
  const tiers = new Set(scored.map(({ score }) => score!.tier))
  return tiers.size > 1 ? 'mixed' : ([...tiers][0] ?? null)
}

function countScored(rows: readonly FeatureRow[]): number {
  return rows.filter(({ feature, score }) => feature.state === 'alive' && score?.value != null).length
}

function byControl(of: (name: ControlName) => number | null): Record<ControlName, number | null> {
  return Object.fromEntries(CONTROLS.map((name) => [name, of(name)])) as Record<ControlName, number | null>
}

function countMissing(alive: readonly FeatureRow[]): { reason: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const { score } of alive)
    if (score?.undefined != null) counts.set(score.undefined, (counts.get(score.undefined) ?? 0) + 1)
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .toSorted((a, b) => (a.reason < b.reason ? -1 : 1))
}

function countRegisters(store: Store, set: FeatureSetRecord): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const register of registersOf(store, set).values())
    if (register !== null) counts[register] = (counts[register] ?? 0) + 1
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : sum(values) / values.length
}
