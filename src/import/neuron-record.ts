import { z } from 'zod'
import { parseJson } from '../core/parse.ts'
import type { ImportedFile, ImportedRecord } from './imported.ts'

const recordSchema = z
  .object({ tokens: z.array(z.string()), activations: z.array(z.number()) })
  .refine(
    ({ tokens, activations }) => tokens.length === activations.length,
    'expected as many activations as tokens',
  )
const recordsSchema = z.array(recordSchema)

/** `NeuronRecord` of openai/automated-interpretability. Moments that are NaN are written as null there. */
const neuronRecordSchema = z.object({
  neuron_id: z.object({ layer_index: z.int(), neuron_index: z.int().nonnegative() }),
  random_sample: recordsSchema,
  random_sample_by_quantile: z.array(recordsSchema).nullish(),
  most_positive_activation_records: recordsSchema,
})

/**
 * Reads a neuron's JSON as OpenAI's `neuron_explainer` writes it: its strongest records, then those of quantiles, then
 * random ones, from which the share of firing tokens is taken.
 * @throws {DataError} `json-malformed`, `json-schema`
 */
export function readNeuronRecord(text: string, source: string): ImportedFile {
  const record = parseJson(text, neuronRecordSchema, source)
  const { layer_index: layer, neuron_index: index } = record.neuron_id
  const as = (records: z.output<typeof recordsSchema>, random: boolean): ImportedRecord[] =>
    records.map(({ tokens, activations }) => ({ tokens, activations, random }))
  const atRandom = record.random_sample.flatMap(({ activations }) => activations)
  const firings = atRandom.filter((activation) => activation > 0)
  return {
    model: 'unknown',
    hook: `blocks.${layer}.mlp.hook_post`,
    features: [
      {
        index,
        records: [
          ...as(record.most_positive_activation_records, false),
          ...as((record.random_sample_by_quantile ?? []).flat(), false),
          ...as(record.random_sample, true),
        ],
        density: atRandom.length === 0 ? null : firings.length / atRandom.length,
        firings: null,
        max: null,
        bars: firings.map((activation) => [activation, 1]),
        logits: null,
        explanations: [],
      },
    ],
  }
}
