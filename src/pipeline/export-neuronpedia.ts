import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import {
  activationLine,
  describingLines,
  explanationLine,
  featureLine,
  type NeuronpediaExplanation,
  scoreLine,
  UPLOAD_FEATURES,
  uploadFeature,
} from '../export/neuronpedia.ts'
import { StoppedError } from '../core/errors.ts'
import { writeFileAtomically } from '../core/files.ts'
import type { Json } from '../core/hash.ts'
import type { FeatureRecord, FeatureSetRecord, Store } from '../core/store.ts'
import { DashboardFeatures } from './dashboard-features.ts'
import { eventLoopTurn } from './sample.ts'
import { selectedFeatures } from './selected-features.ts'
import { beginTables, type SetExport, writeTables } from './tables-beside.ts'

/** The kinds of lines that a batch has, each in a folder of its own. */
const KINDS = ['features', 'activations', 'explanations', 'scores'] as const
/** Written at once, because a line is far smaller than what it is made of. */
type Lines = Record<(typeof KINDS)[number], string[]>

const noLines = (): Lines => ({ features: [], activations: [], explanations: [], scores: [] })
const lineOf = (record: Json): string => `${JSON.stringify(record)}\n`

/** What was written. */
export interface NeuronpediaExport {
  /** The source's folder, MODEL/LAYER-SET. */
  readonly folder: string
  readonly batches: number
  readonly features: number
}

/**
 * Writes a feature set in Neuronpedia's bulk layout: the lines of 128 features a batch, and beside them, in `upload/`, the
 * same as bodies of its upload route, and in `gloss/` our own tables. Every file appears whole; the same study gives the same bytes.
 */
export async function* exportNeuronpedia(
  store: Store,
  wanted: SetExport,
  out: string,
  signal: AbortSignal,
): AsyncGenerator<number, NeuronpediaExport> {
  const { set } = wanted
  const selected = selectedFeatures(store, wanted)
  const dashboards = new DashboardFeatures(store, set)
  const { source } = dashboards
  const folder = join(out, source.modelId, source.layer)
  beginTables(folder)
  const provenances = new Map<string, Record<string, Json>>()
  const provenanceById = (id: string): Record<string, Json> => {
    const known = provenances.get(id) ?? { ...store.provenance.get(id) }
    provenances.set(id, known)
    return known
  }
  const release = store.exports.holdSnapshot()
  let batches = 0
  let features = 0
  try {
    const description = `${set.features} features (${set.kind}) at ${set.hook}, explained and scored by gloss`
    for (const [name, line] of Object.entries(describingLines(source, description)))
      writeFileAtomically(join(folder, name), lineOf(line))
    let lines = noLines()
    let uploads: Json[] = []
    const flush = (): void => {
      for (const kind of KINDS) {
        const content = gzipSync(lines[kind].join(''))
        writeFileAtomically(join(folder, kind, `batch-${batches}.jsonl.gz`), content)
      }
      const body = { modelId: source.modelId, source: source.layer, features: uploads }
      if (uploads.length > 0)
        writeFileAtomically(join(folder, 'upload', `batch-${batches}.json`), JSON.stringify(body))
      lines = noLines()
      uploads = []
      batches++
    }
    for (const record of store.exports.features(set.id)) {
      if (!selected.has(record.id)) continue
      const upload = addFeature(store, set, dashboards, record, provenanceById, lines)
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
  } finally {
    release()
  }
  await writeTables(store, wanted, folder, signal)
  return { folder, batches, features }
}

/** Adds the lines of a feature; returns its part of an upload. */
function addFeature(
  store: Store,
  set: FeatureSetRecord,
  dashboards: DashboardFeatures,
  record: FeatureRecord,
  provenanceById: (id: string) => Record<string, Json>,
  lines: Lines,
): Json | null {
  const { source } = dashboards
  const feature = dashboards.feature(record)
  const activations = dashboards.activations(record)
  const explanations: NeuronpediaExplanation[] = []
  for (const { id, text, explainer, llm } of store.explanations.of(set.id, record.id)) {
    if (text === null) continue
    explanations.push({ id, index: record.id, text, notes: { gloss: { id, explainer, llm } } })
    for (const { score, controls: beside } of store.exports.scores(id)) {
      const controls = beside
        .map(({ scoreId: _scoreId, ...control }) => control)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      const { scorer, protocol, tier, low, high, n, undefined: reason, flag, coverage, provenanceId } = score
      const provenance = provenanceById(provenanceId)
      lines.scores.push(
        lineOf(
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
        ),
      )
    }
  }
  lines.features.push(lineOf(featureLine(source, feature)))
  lines.activations.push(...activations.map((one) => lineOf(activationLine(source, one))))
  lines.explanations.push(...explanations.map((one) => lineOf(explanationLine(source, one))))
  return uploadFeature(feature, explanations, activations)
}
