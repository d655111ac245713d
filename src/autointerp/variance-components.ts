/** Where scores vary: between features, between an explainer's draws, between a simulator's draws of one of them. */
export interface VarianceComponents {
  readonly features: number
  readonly mean: number
  /** Variances; a negative estimate counts as 0. */
  readonly between: { readonly features: number; readonly explainer: number; readonly simulator: number }
}

/**
 * Variance components of scores `[feature][explainer draw][simulator draw]` by the balanced nested analysis of
 * variance (Searle, Casella and McCulloch 1992, §3.6): with E and S draws,
 *
 *     σ²_simulator = MS_simulator,  σ²_explainer = (MS_explainer − MS_simulator) / S,
 *     σ²_features = (MS_features − MS_explainer) / (E · S)
 *
 * Null for fewer than two features or draws.
 */
export function varianceComponents(
  scores: readonly (readonly (readonly number[])[])[],
): VarianceComponents | null {
  const features = scores.length
  const explainers = scores[0]?.length ?? 0
  const simulators = scores[0]?.[0]?.length ?? 0
  if (features < 2 || explainers < 2 || simulators < 2) return null
  const explainerMeans = scores.map((draws) => draws.map(mean))
  const featureMeans = explainerMeans.map(mean)
  const overall = mean(featureMeans)
  const squares = (values: readonly number[], around: number): number =>
    values.reduce((sum, value) => sum + (value - around) ** 2, 0)
  let withinSimulator = 0
  let withinExplainer = 0
  for (const [feature, draws] of scores.entries()) {
    withinExplainer += squares(explainerMeans[feature]!, featureMeans[feature]!)
    for (const [draw, values] of draws.entries())
      withinSimulator += squares(values, explainerMeans[feature]![draw]!)
  }
  const simulator = withinSimulator / (features * explainers * (simulators - 1))
  const explainer = (simulators * withinExplainer) / (features * (explainers - 1))
  const feature = (explainers * simulators * squares(featureMeans, overall)) / (features - 1)
  return {
    features,
    mean: overall,
    between: {
      features: Math.max(0, (feature - explainer) / (explainers * simulators)),
      explainer: Math.max(0, (explainer - simulator) / simulators),
      simulator,
    },
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
