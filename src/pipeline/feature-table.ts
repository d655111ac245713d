import { parseBigramTable } from '../autointerp/bigram-table.ts'
import { parseTokenTable, type TokenTableEntry } from '../autointerp/token-table.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
import { textOfBytes } from '../core/token-text.ts'
import { vocabularyOf } from './token-texts.ts'
import { featureRows, type Standing, standingOf } from './feature-rows.ts'
import { registersOf } from './registers.ts'

/** One feature in the table of all. */
export interface FeatureSummary {
  readonly feature: number
  readonly standing: Standing
  readonly density: number
  readonly max: number
  /** Distinct nominal tokens of its top windows, strongest first. */
  readonly topTokens: readonly string[]
  readonly register: string | null
  readonly explanation: string | null
  readonly explainer: string | null
  /** For a baseline's explanation: its tokens with their levels, to be shown in its place. */
  readonly table: readonly (readonly [token: string, level: number])[] | null
  readonly score: number | null
  readonly low: number | null
  readonly high: number | null
  /** Why the score has no value. */
  readonly undefined: string | null
  /** The score under a shuffled explanation, and the gain over it and over the token table. */
  readonly shuffled: number | null
  readonly tokenTable: number | null
  /** Whether the score is above shuffled, and above the token table where it is another explanation's. */
  readonly aboveBaseline: boolean | null
}

/** Every feature of a set: scored ones by descending score, then the others by their standing and id. */
export function featureTable(store: Store, set: FeatureSetRecord): FeatureSummary[] {
  const vocabulary = vocabularyOf({ store }, set)
  const registers = registersOf(store, set)
  const protocol = store.study.get('protocol')
  const tops = new Map<number, Set<number>>()
  for (const { feature, token } of protocol === null ? [] : store.examples.topTokens(set.id, protocol)) {
    const ofFeature = tops.get(feature) ?? new Set()
    tops.set(feature, ofFeature.add(token))
  }
  const textOf = (token: number): string => textOfBytes(vocabulary[token] ?? new Uint8Array())
  const rows = featureRows(store, set).map((row): FeatureSummary => {
    const { feature, explanation, score, controls } = row
    const shuffledLow = controls.get('shuffled')?.gainLow ?? null
    const tableLow = controls.get('tokenTable')?.gainLow ?? null
    return {
      feature: feature.id,
      standing: standingOf(row),
      density: feature.density,
      max: feature.max,
      topTokens: [...(tops.get(feature.id) ?? [])].map(textOf),
      register: registers.get(feature.id) ?? null,
      explanation: explanation?.text ?? null,
      explainer: explanation?.explainer ?? null,
      table:
        tableOfText(explanation?.text ?? '')?.map(({ token, level }) => [textOf(token), level] as const) ??
        null,
      score: score?.value ?? null,
      low: score?.low ?? null,
      high: score?.high ?? null,
      undefined: score?.undefined ?? null,
      shuffled: controls.get('shuffled')?.value ?? null,
      tokenTable: controls.get('tokenTable')?.value ?? null,
      aboveBaseline: shuffledLow === null ? null : shuffledLow > 0 && (tableLow === null || tableLow > 0),
    }
  })
  const order: readonly Standing[] = ['scored', 'undefined', 'failed', 'pending', 'tooRare', 'dead']
  return rows.toSorted(
    (a, b) =>
      order.indexOf(a.standing) - order.indexOf(b.standing) ||
      (b.score ?? 0) - (a.score ?? 0) ||
      a.feature - b.feature,
  )
}

/** The tokens with their levels that a baseline's explanation names; null for any other text. */
export function tableOfText(text: string): readonly TokenTableEntry[] | null {
  return parseTokenTable(text) ?? parseBigramTable(text)?.tokens ?? null
}

/** At most `count` scored features at equal steps of the ranking, the best and the worst among them. */
export function spreadByScore(rows: readonly FeatureSummary[], count: number): FeatureSummary[] {
  const scored = rows.filter(({ standing }) => standing === 'scored')
  if (scored.length <= count) return scored
  return Array.from(
    { length: count },
    (_, step) => scored[Math.round((step * (scored.length - 1)) / (count - 1))]!,
  )
}
