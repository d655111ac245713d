import { z } from 'zod'
import { parseJson } from '../core/parse.ts'
import type { ImportedExplanation, ImportedFeature, ImportedFile, ImportedRecord } from './imported.ts'
import { dashboardStatisticsSchema, readStatistics } from './sae-dashboard.ts'

const index = z.union([z.string().regex(/^\d+$/), z.int().nonnegative()]).transform(Number)

const featureSchema = dashboardStatisticsSchema.extend({
  modelId: z.string(),
  layer: z.string(),
  index,
  maxActApprox: z.number().nullish(),
})

const activationSchema = z
  .object({ index, tokens: z.array(z.string()), values: z.array(z.number()) })
  .refine(({ tokens, values }) => tokens.length === values.length, 'expected as many values as tokens')

const explanationSchema = z.object({
  index,
  description: z.string(),
  typeName: z.string().nullish(),
  explanationModelName: z.string().nullish(),
  notes: z.string().nullish(),
})

/** What our own export writes into the notes, where Neuronpedia's columns are keys into its tables. */
const notesSchema = z.object({ gloss: z.object({ explainer: z.string(), llm: z.string().nullable() }) })

/** The lines of `batch-N.jsonl` files of a Neuronpedia source, unpacked. */
export interface NeuronpediaLines {
  readonly features: Iterable<string>
  readonly activations: Iterable<string>
  readonly explanations: Iterable<string>
}

/**
 * Reads a source of Neuronpedia's bulk export: its features with the activations and explanations that name them.
 * @throws {DataError} `json-malformed`, `json-schema`
 */
export function readNeuronpedia(lines: NeuronpediaLines, source: string): ImportedFile {
  const records = new Map<number, ImportedRecord[]>()
  for (const line of lines.activations) {
    const { index: feature, tokens, values } = parseJson(line, activationSchema, `an activation of ${source}`)
    listOf(records, feature).push({ tokens, activations: values, random: false })
  }
  const explanations = new Map<number, ImportedExplanation[]>()
  for (const line of lines.explanations) {
    const read = parseJson(line, explanationSchema, `an explanation of ${source}`)
    listOf(explanations, read.index).push({
      text: read.description,
      ...(ownNotes(read.notes) ?? {
        explainer: read.typeName ?? 'imported',
        llm: read.explanationModelName ?? null,
      }),
    })
  }
  let origin = { model: 'unknown', hook: 'unknown' }
  const features: ImportedFeature[] = []
  for (const line of lines.features) {
    const {
      modelId,
      layer,
      index: feature,
      maxActApprox,
      ...statistics
    } = parseJson(line, featureSchema, `a feature of ${source}`)
    origin = { model: modelId, hook: layer }
    features.push({
      index: feature,
      records: records.get(feature) ?? [],
      ...readStatistics(statistics),
      max: maxActApprox ?? null,
      explanations: explanations.get(feature) ?? [],
    })
  }
  return { ...origin, features }
}

function ownNotes(notes: string | null | undefined): Pick<ImportedExplanation, 'explainer' | 'llm'> | null {
  if (!notes?.startsWith('{"gloss":')) return null
  return parseJson(notes, notesSchema, 'the notes of an explanation').gloss
}

function listOf<T>(lists: Map<number, T[]>, key: number): T[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}
