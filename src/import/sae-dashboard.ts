import { z } from 'zod'
import { parseJson } from '../core/parse.ts'
import type { ImportedEffects, ImportedFeature, ImportedFile } from './imported.ts'

const numbers = z.array(z.number())

/** What Neuronpedia's and SAEDashboard's features have in common, by the names that both use. */
export const dashboardStatisticsSchema = z.object({
  frac_nonzero: z.number().nullish(),
  freq_hist_data_bar_values: numbers.default([]),
  freq_hist_data_bar_heights: numbers.default([]),
  pos_str: z.array(z.string()).default([]),
  pos_values: numbers.default([]),
  neg_str: z.array(z.string()).default([]),
  neg_values: numbers.default([]),
})

const recordSchema = z
  .object({ tokens: z.array(z.string()), values: numbers })
  .refine(({ tokens, values }) => tokens.length === values.length, 'expected as many values as tokens')

const batchSchema = z.object({
  model_id: z.string(),
  layer: z.union([z.string(), z.number()]),
  sae_set: z.string(),
  sae_id_suffix: z.string().nullish(),
  features: z.array(
    dashboardStatisticsSchema.extend({
      feature_index: z.int().nonnegative(),
      activations: z.array(recordSchema),
    }),
  ),
})

/**
 * Reads a `batch-N.json` of sae-dashboard's Neuronpedia runner.
 * @throws {DataError} `json-malformed`, `json-schema`
 */
export function readDashboardBatch(text: string, source: string): ImportedFile {
  const {
    model_id: model,
    layer,
    sae_set: set,
    sae_id_suffix: suffix,
    features,
  } = parseJson(text, batchSchema, source)
  return {
    model,
    hook: `${layer}-${set}${suffix ? `__${suffix}` : ''}`,
    features: features.map(({ feature_index: index, activations, ...statistics }) => ({
      index,
      records: activations.map(({ tokens, values }) => ({ tokens, activations: values, random: false })),
      ...readStatistics(statistics),
      max: null,
      explanations: [],
    })),
  }
}

/** Density, histogram and logits of a dashboard. */
export function readStatistics(
  statistics: z.output<typeof dashboardStatisticsSchema>,
): Pick<ImportedFeature, 'density' | 'firings' | 'bars' | 'logits'> {
  const {
    frac_nonzero: density,
    freq_hist_data_bar_values: centres,
    freq_hist_data_bar_heights: heights,
  } = statistics
  const effects = (texts: readonly string[], values: readonly number[]): ImportedEffects =>
    texts.slice(0, values.length).map((text, place) => [text, values[place]!])
  const top = effects(statistics.pos_str, statistics.pos_values)
  const bottom = effects(statistics.neg_str, statistics.neg_values)
  const counts = heights.every((height) => Number.isInteger(height))
  return {
    density: density ?? null,
    firings: heights.length > 0 && counts ? heights.reduce((sum, height) => sum + height, 0) : null,
    bars: centres.slice(0, heights.length).map((centre, place) => [centre, heights[place]!]),
    logits: top.length + bottom.length > 0 ? { top, bottom } : null,
  }
}
