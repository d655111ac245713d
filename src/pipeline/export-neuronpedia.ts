import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import {
  activationLine,
  describingLines,
  explanationLine,
  featureLine,
  type NeuronpediaActivation,
  type NeuronpediaExplanation,
  type NeuronpediaFeature,
  type NeuronpediaSource,
  scoreLine,
  UPLOAD_FEATURES,
  uploadFeature,
} from '../export/neuronpedia.ts'
import { StoppedError } from '../core/errors.ts'
import { writeFileAtomically } from '../core/files.ts'
import type { Json } from '../core/hash.ts'
import type { FeatureRecord, FeatureSetRecord, Store, StoredExample } from '../core/store.ts'
import { textOfBytes, textsOfTokens } from '../core/token-text.ts'
import { eventLoopTurn } from './sample.ts'
import { vocabularyOf } from './token-texts.ts'

/** The kinds of lines that a batch has, each in a folder of its own. */
const KINDS = ['features', 'activations', 'explanations', 'scores'] as const
type Lines = Record<(typeof KINDS)[number], Record<string, Json>[]>

/** What was written. */
export interface NeuronpediaExport {
  /** The source's folder, MODEL/LAYER-SET. */
  readonly folder: string
  readonly batches: number
  readonly features: number
}

/**
 * Writes a feature set in Neuronpedia's bulk layout: the lines of 128 features a batch, and beside them, in `upload/`, the
 * same as bodies of its upload route. Every file appears whole; the same study gives the same bytes.
 */
export async function* exportNeuronpedia(
  store: Store,
  set: FeatureSetRecord,
  wants: (feature: number) => boolean,
  out: string,
  signal: AbortSignal,
): AsyncGenerator<number, NeuronpediaExport> {
  const source = sourceOf(store, set)
  const folder = join(out, source.modelId, source.layer)
  const vocabulary = vocabularyOf({ store }, set)
  const release = store.exports.holdSnapshot()
  let batches = 0
  let features = 0
  try {
    const description = `${set.features} features (${set.kind}) at ${set.hook}, explained and scored by gloss`
    for (const [name, line] of Object.entries(describingLines(source, description)))
      writeFileAtomically(join(folder, name), `${JSON.stringify(line)}\n`)
    let lines: Lines = { features: [], activations: [], explanations: [], scores: [] }
    let uploads: Json[] = []
    const flush = (): void => {
      for (const kind of KINDS) {
        const content = gzipSync(lines[kind].map((line) => `${JSON.stringify(line)}\n`).join(''))
        writeFileAtomically(join(folder, kind, `batch-${batches}.jsonl.gz`), content)
      }
      const body = { modelId: source.modelId, source: source.layer, features: uploads }
      if (uploads.length > 0)
        writeFileAtomically(join(folder, 'upload', `batch-${batches}.json`), JSON.stringify(body))
      lines = { features: [], activations: [], explanations: [], scores: [] }
      uploads = []
      batches++
    }
    for (const record of store.exports.features(set.id)) {
      if (!wants(record.id)) continue
      const upload = addFeature(store, set, source, vocabulary, record, lines)
      if (upload !== null) uploads.push(upload)
      features++
      if (lines.features.length < UPLOAD_FEATURES) continue
      flush()
      yield features
      await eventLoopTurn()
      if (signal.aborted)
        throw new StoppedError('stopped', 'stopped while exporting; run the same command again')
    }
    if (lines.features.length > 0) flush()
    return { folder, batches, features }
  } finally {
    release()
  }
}

/** Model and source as Neuronpedia names them. */
function sourceOf(store: Store, set: FeatureSetRecord): NeuronpediaSource {
  const { model } = store.provenance.get(set.provenanceId)
  const named = (name: string): string =>
    name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replaceAll(/^[-.]+|-+$/g, '')
  const modelId = named((model ?? '').split('/').at(-1)!).toLowerCase() || 'unknown'
  const layer = /^\d+-/.test(set.hook) ? set.hook : `${/\d+/.exec(set.hook)?.[0] ?? '0'}-${set.id}`
  return { modelId, layer: named(layer) }
}

/** Adds the lines of a feature; returns its part of an upload. */
function addFeature(
  store: Store,
  set: FeatureSetRecord,
  source: NeuronpediaSource,
  vocabulary: readonly Uint8Array[],
  record: FeatureRecord,
  lines: Lines,
): Json | null {
  const bytesOf = (token: number): Uint8Array => vocabulary[token] ?? new Uint8Array()
  const effects = (pairs: readonly (readonly [number, number])[] = []): [string, number][] =>
    pairs.map(([token, value]) => [textOfBytes(bytesOf(token)), value])
  const feature: NeuronpediaFeature = {
    index: record.id,
    density: record.density,
    max: record.max,
    hookName: set.hook,
    histogram: record.histogram,
    top: effects(record.logits?.top),
    bottom: effects(record.logits?.bottom),
  }
  const activations = store.exports
    .exampleProtocols(set.id)
    .filter((protocol) => !protocol.includes('+'))
    .slice(0, 1)
    .flatMap((protocol) => store.examples.of(set.id, record.id, protocol))
    .map((example) => activationOf(record, example, textsOfTokens(example.tokens.map(bytesOf))))
  const explanations: NeuronpediaExplanation[] = []
  for (const { id, text, explainer, llm } of store.explanations.of(set.id, record.id)) {
    if (text === null) continue
    explanations.push({ id, index: record.id, text, notes: { gloss: { id, explainer, llm } } })
    for (const score of store.scores.of(id)) {
      const controls = store.scores.controlsOf(score.id).map(({ scoreId: _scoreId, ...control }) => control)
      const { scorer, protocol, tier, low, high, n, undefined: reason, flag, coverage, provenanceId } = score
      const provenance = { ...store.provenance.get(provenanceId) }
      lines.scores.push(
        scoreLine(score.id, id, scorer, score.value, {
          id: score.id,
          scorer,
          protocol,
          tier,
          low,
          high,
          n,
          undefined: reason,
          flag,
          coverage,
          controls,
          provenance,
        }),
      )
    }
  }
  lines.features.push(featureLine(source, feature))
  lines.activations.push(...activations.map((one) => activationLine(source, one)))
  lines.explanations.push(...explanations.map((one) => explanationLine(source, one)))
  return uploadFeature(feature, explanations, activations)
}

function activationOf(
  { id, max, histogram }: FeatureRecord,
  { slice, nominal, activations }: StoredExample,
  tokens: readonly string[],
): NeuronpediaActivation {
  const interval = /^interval (\d+)$/.exec(slice)
  return {
    index: id,
    tokens,
    values: activations,
    qualifying: nominal,
    bin: interval && binOf(Number(interval[1])),
  }

  function binOf(number: number): [number, number, number] {
    // The intervals of every bundled protocol that has them are twelve.
    const intervals = 12
    const per = histogram.length / intervals
    const total = histogram.reduce((sum, count) => sum + count, 0)
    const within = histogram.slice((number - 1) * per, number * per).reduce((sum, count) => sum + count, 0)
    return [((number - 1) / intervals) * max, (number / intervals) * max, total === 0 ? 0 : within / total]
  }
}
