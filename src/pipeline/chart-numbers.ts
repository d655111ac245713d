import type { ChartNumbers, ScoreSeries } from '../export/charts/numbers.ts'
import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { ControlName } from '../core/scores.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
import { type FeatureRow, featureRows } from './feature-rows.ts'
import { kindOf } from './sets.ts'

/** Controls that take an explanation's place, by what a chart calls them. */
const SHOWN_CONTROLS: readonly (readonly [ControlName, string])[] = [
  ['shuffled', 'another’s text'],
  ['tokenTable', 'token table'],
  ['bigram', 'bigrams'],
]

/** What the charts of a set are drawn from: its scores beside those of the study's other sets and under controls. */
export function chartNumbers(store: Store, set: FeatureSetRecord): ChartNumbers {
  const rows = featureRows(store, set)
  const scored = rows.filter(({ feature, score }) => feature.state === 'alive' && score?.value != null)
  const { metrics } = set
  return {
    scores: [
      { name: nameOf(set), values: scored.map(({ score }) => score!.value!) },
      ...SHOWN_CONTROLS.map(([control, name]) => ({ name, values: controlValues(scored, control) })),
      ...otherSets(store, set),
    ].filter(({ values }) => values.length > 0),
    densities: rows.flatMap(({ feature }) => (feature.density > 0 ? [feature.density] : [])),
    points: scored.map(({ feature, score }) => [feature.density, score!.value!] as const),
    loss: metrics && {
      original: metrics.crossEntropy,
      reconstructed: metrics.crossEntropyReconstructed,
      zeroed: metrics.crossEntropyZeroed,
      recovered: metrics.crossEntropyRecovered,
      tokens: metrics.tokens,
    },
    cost: store.ledger.lines().map(({ stage, model, usd, promptTokens, completionTokens }) => ({
      stage: escapeForTerminal(stage),
      model: escapeForTerminal(model),
      usd,
      promptTokens,
      completionTokens,
    })),
  }
}

function controlValues(scored: readonly FeatureRow[], name: ControlName): number[] {
  return scored.flatMap(({ controls }) => controls.get(name)?.value ?? [])
}

function otherSets(store: Store, set: FeatureSetRecord): ScoreSeries[] {
  return store.featureSets
    .all()
    .filter(({ id }) => id !== set.id)
    .map((other) => ({
      name: nameOf(other),
      values: featureRows(store, other).flatMap(({ score }) => score?.value ?? []),
    }))
}

function nameOf(set: FeatureSetRecord): string {
  const kind = kindOf(set)
  if (kind === 'sae') return 'features'
  return kind === 'shuffled' ? 'shuffled model' : kind
}
