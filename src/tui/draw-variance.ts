import { correlation, percent, wrap } from './text.ts'

/** How scores vary when everything is asked again, as it is shown. */
export interface DrawVarianceView {
  readonly features: number
  readonly explainerDraws: number
  readonly simulatorDraws: number
  readonly complete: number
  readonly components: {
    readonly mean: number
    readonly between: { readonly features: number; readonly explainer: number; readonly simulator: number }
  } | null
}

/** Variance components as standard deviations and shares. */
export function drawVarianceLines(view: DrawVarianceView, width: number): string[] {
  const { features, explainerDraws, simulatorDraws, complete, components } = view
  const counts = [
    `${complete} of ${features} features with all ${explainerDraws} explanations and ${simulatorDraws} simulations of each`,
    components === null ? 'too few to compare' : `mean ρ ${correlation(components.mean)}`,
  ]
  const lines = wrap(counts.join(' · '), width - 2, ' · ', 2).map((line) => ` ${line}`)
  if (components === null) return lines
  const parts = [
    ['between features', components.between.features],
    ['between explanations', components.between.explainer],
    ['between simulations', components.between.simulator],
  ] as const
  const total = parts.reduce((sum, [, variance]) => sum + variance, 0)
  return [
    ...lines,
    ...parts.map(
      ([name, variance]) =>
        ` ${name.padEnd(22)}SD ${correlation(Math.sqrt(variance)).padStart(4)}   ${total > 0 ? percent(variance / total) : '0 %'} of the variance`,
    ),
  ]
}
