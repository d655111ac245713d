import { contentHash, type Json } from '../core/hash.ts'
import type { Slice } from '../core/protocol.ts'

/**
 * Records of Neuronpedia's bulk layout and of its upload route, field by field. Its importer takes the columns from the
 * first line of a file, so every line has every key. Times are the epoch: an export says nothing of when it was made.
 */

const EPOCH = '1970-01-01T00:00:00.000Z'
/** Who made the rows, until the importing user is put there. */
const AUTHOR = 'gloss'
/** The route's limits: characters of an explanation, tokens of an activation, logits, features. */
const LIMITS = { text: 512, tokens: 1024, logits: 20 } as const
/** Features of one upload request. */
export const UPLOAD_FEATURES = 128

/** What names a feature there. */
export interface NeuronpediaSource {
  readonly modelId: string
  /** The source's id, `LAYER-SET`. */
  readonly layer: string
}

/** A feature as it is exported. */
export interface NeuronpediaFeature {
  readonly index: number
  readonly density: number
  readonly max: number
  readonly hookName: string
  /** Counts in bins of equal width over (0, max]. */
  readonly histogram: readonly number[]
  readonly top: readonly (readonly [token: string, value: number])[]
  readonly bottom: readonly (readonly [token: string, value: number])[]
}

/** An activation record as it is exported; `bin` where it stands for a part of the feature's range. */
export interface NeuronpediaActivation {
  readonly index: number
  readonly slice: Slice
  readonly tokens: readonly string[]
  readonly values: readonly number[]
  readonly qualifying: number
  /** Lower and upper end, and the share of firings between them. */
  readonly bin: readonly [minimum: number, maximum: number, contains: number] | null
}

/** An explanation as it is exported. `notes` is what Neuronpedia has no column for. */
export interface NeuronpediaExplanation {
  readonly id: string
  readonly index: number
  readonly text: string
  readonly notes: Json
}

/** An id of the form that its database has: a letter and 24 letters or digits, from content. */
function cuid(content: Json): string {
  return `c${BigInt(`0x${contentHash(content)}`)
    .toString(36)
    .slice(0, 24)}`
}

/** Postgres has no U+0000 in texts. */
function text(value: string): string {
  return value.replaceAll('\u0000', '\u2400')
}

/** A line of `features/batch-N.jsonl.gz`. */
export function featureLine(
  { modelId, layer }: NeuronpediaSource,
  feature: NeuronpediaFeature,
): Record<string, Json> {
  const bins = feature.histogram.length
  return {
    modelId,
    layer,
    index: String(feature.index),
    creatorId: AUTHOR,
    createdAt: EPOCH,
    maxActApprox: feature.max,
    hasVector: false,
    vector: [],
    vectorLabel: null,
    vectorDefaultSteerStrength: null,
    hookName: feature.hookName,
    topkCosSimIndices: [],
    topkCosSimValues: [],
    neuron_alignment_indices: [],
    neuron_alignment_values: [],
    neuron_alignment_l1: [],
    correlated_neurons_indices: [],
    correlated_neurons_pearson: [],
    correlated_neurons_l1: [],
    correlated_features_indices: [],
    correlated_features_pearson: [],
    correlated_features_l1: [],
    neg_str: feature.bottom.map(([token]) => text(token)),
    neg_values: feature.bottom.map(([, value]) => value),
    pos_str: feature.top.map(([token]) => text(token)),
    pos_values: feature.top.map(([, value]) => value),
    frac_nonzero: feature.density,
    freq_hist_data_bar_heights: feature.histogram,
    freq_hist_data_bar_values: feature.histogram.map((_, bin) => ((bin + 0.5) / bins) * feature.max),
    logits_hist_data_bar_heights: [],
    logits_hist_data_bar_values: [],
    decoder_weights_dist: [],
    sourceSetName: sourceSetOf(layer),
  }
}

/** A line of `activations/batch-N.jsonl.gz`. */
export function activationLine(
  { modelId, layer }: NeuronpediaSource,
  one: NeuronpediaActivation,
): Record<string, Json> {
  const largest = one.values.reduce((most, value) => Math.max(most, value), 0)
  const key = { modelId, layer, index: one.index, tokens: one.tokens, values: one.values, bin: one.bin }
  return {
    id: cuid(key),
    modelId,
    layer,
    index: String(one.index),
    creatorId: AUTHOR,
    tokens: one.tokens.map(text),
    values: one.values,
    maxValue: largest,
    maxValueTokenIndex: Math.max(0, one.values.indexOf(largest)),
    minValue: one.values.reduce((least, value) => Math.min(least, value), largest),
    binMin: one.bin?.[0] ?? null,
    binMax: one.bin?.[1] ?? null,
    binContains: one.bin?.[2] ?? null,
    qualifyingTokenIndex: one.qualifying,
    dataSource: null,
    dataIndex: null,
    dfaValues: [],
    dfaTargetIndex: null,
    dfaMaxValue: null,
    lossValues: [],
    logitContributions: null,
    createdAt: EPOCH,
  }
}

/** A line of `explanations/batch-N.jsonl.gz`. Types and models are keys into its tables, so ours stand in the notes. */
export function explanationLine(
  { modelId, layer }: NeuronpediaSource,
  { id, index, text: description, notes }: NeuronpediaExplanation,
): Record<string, Json> {
  return {
    id: cuid(id),
    modelId,
    layer,
    index: String(index),
    description: text(description),
    authorId: AUTHOR,
    triggeredById: null,
    typeName: null,
    explanationModelName: null,
    notes: JSON.stringify(notes),
    createdAt: EPOCH,
  }
}

/** Scorers that it knows under a name of its own. */
const SCORE_TYPES: Readonly<Record<string, string>> = {
  fuzzing: 'eleuther_fuzz',
  detection: 'eleuther_recall',
}

/** A line of our sidecar `scores/batch-N.jsonl.gz`, in the shape of its table of scores, which it neither exports nor imports. */
export function scoreLine(
  id: string,
  explanationId: string,
  scorer: string,
  value: number | null,
  details: Json,
): Record<string, Json> {
  return {
    id: cuid(id),
    initiatedByUserId: AUTHOR,
    value,
    explanationId: cuid(explanationId),
    explanationScoreTypeName: SCORE_TYPES[scorer] ?? `gloss_${scorer}`,
    explanationScoreModelName: null,
    jsonDetails: JSON.stringify(details),
    createdAt: EPOCH,
  }
}

/** The lines that say what model and source the batches are of, by their files' names. */
export function describingLines(
  { modelId, layer }: NeuronpediaSource,
  description: string,
): Record<string, Json> {
  const [number = '0'] = layer.split('-')
  const set = sourceSetOf(layer)
  return {
    'release.jsonl': { name: set, description, creatorId: AUTHOR, createdAt: EPOCH },
    'model.jsonl': { id: modelId, displayName: modelId, layers: null, creatorId: AUTHOR, createdAt: EPOCH },
    'sourceset.jsonl': {
      modelId,
      name: set,
      description,
      releaseName: set,
      creatorId: AUTHOR,
      createdAt: EPOCH,
    },
    'source.jsonl': {
      id: layer,
      modelId,
      setName: set,
      layer: Number(number) || 0,
      creatorId: AUTHOR,
      createdAt: EPOCH,
    },
  }
}

/** A feature of the upload route; null where it would be refused: it takes no feature without activations. */
export function uploadFeature(
  feature: NeuronpediaFeature,
  explanations: readonly NeuronpediaExplanation[],
  activations: readonly NeuronpediaActivation[],
): Json | null {
  const logits = (pairs: NeuronpediaFeature['top']): Json =>
    pairs
      .filter(([token]) => token !== '')
      .slice(0, LIMITS.logits)
      .map(([token, value]) => ({ token: text(token), value }))
  const records = activations
    .filter(({ tokens }) => tokens.length > 0 && tokens.length <= LIMITS.tokens && !tokens.includes(''))
    .map(({ tokens, values, bin }) => ({
      tokens: tokens.map(text),
      values,
      ...(bin ? { quantileMin: bin[0], quantileMax: bin[1], quantileFraction: bin[2] } : {}),
    }))
  if (records.length === 0) return null
  return {
    index: feature.index,
    density: feature.density,
    topLogits: logits(feature.top),
    bottomLogits: logits(feature.bottom),
    explanations: explanations
      .filter((one) => one.text.trim() !== '')
      .map((one) => ({ text: shortened(text(one.text)) })),
    activations: records,
  }
}

function shortened(value: string): string {
  return value.length <= LIMITS.text
    ? value
    : `${value.slice(0, LIMITS.text - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}

function sourceSetOf(layer: string): string {
  return layer.replace(/^\d+-/, '')
}
