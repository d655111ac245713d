import { existsSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  type ActivationManifest,
  type ActivationShard,
  ActivationShardWriter,
  estimateShardBytes,
  hashShard,
  readActivationManifest,
  readActivationShard,
  writeActivationManifest,
} from '../collect/activation-shards.ts'
import { activationHistogram, FiringTotals, tokenCounts, tokenShare } from '../collect/feature-statistics.ts'
import { firingsByFeature } from '../collect/firings.ts'
import { contextCount } from '../core/contexts.ts'
import type { Dictionary } from '../core/dictionary.ts'
import { StoppedError, StoreError, UsageError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import { prepareResumableFolder, shardName } from '../core/resumable-folder.ts'
import type { CollectionRecord, FeatureRecord, FeatureSetRecord, LogitEffects } from '../core/store.ts'
import type { SubjectModel } from '../core/subject-model.ts'
import {
  checkOrigin,
  contextLength,
  cutContexts,
  currentSet,
  featureSetFolder,
  metricsOf,
  modelOf,
  provenanceOf,
  type StudyContexts,
} from './feature-set.ts'
import { hookRows } from './hook-rows.ts'
import { logitEffects } from './logit-effects.ts'
import { StageRecorder } from './stage-recorder.ts'
import type { Study } from './study.ts'
import { openTokens } from './tokenize.ts'

/** Corpus tokens of one shard, … */
const TOKENS_PER_SHARD = 1 << 17
/** … fewer where so many features fire on a token that it would hold more firings than this. */
const FIRINGS_PER_SHARD = 1 << 24

/** Memory for turning shards into firings feature by feature. */
export const FIRINGS_MEMORY = 512 * 2 ** 20

/** A multiple of the intervals of the usual protocols: importance weights need the firings of each. */
export const HISTOGRAM_BINS = 36

/** Runs the corpus through model and feature set once, writes sparse shards and records every feature's statistics. */
export async function* collect(study: Study): AsyncGenerator<StudyEvent, CollectionRecord> {
  const set = currentSet(study)
  metricsOf(set)
  const model = modelOf(study, set)
  const contexts = cutContexts(openTokens(study), model, contextLength(study, model))
  const folder = collectionFolder(study, set)
  const inputs = `${set.id} ${contexts.corpus.hash} ${contexts.plan.length}`
  const existing = study.store.collections.get(set.id)
  const manifest = readActivationManifest(folder)
  if (existing && manifest?.inputs === inputs) {
    // Studies of earlier versions lack them.
    if (study.store.tokenCounts.get(set.id).size === 0)
      putTokenCounts(study, set, countTokens(contexts, model))
    yield { type: 'stage-skip', stage: 'collect', note: describe(existing) }
    return existing
  }

  checkOrigin(study, set, model, contexts.corpus)
  const dictionary = await study.workshop.load(featureSetFolder(study, set))
  const bytes = estimateShardBytes(contexts.corpus.ids.length, metricsOf(set).l0, set.features)
  const recorder = new StageRecorder(study, 'collect', 0, contexts.corpus.ids.length)
  yield recorder.start(
    'tokens',
    `about ${Math.ceil(bytes / 1e6)} MB on disk, up to ${memoryNeed(set, contexts)} MB in memory`,
  )
  const totals = new FiringTotals(set.features)
  const complete =
    manifest?.inputs === inputs
      ? manifest
      : yield* writeShards(study, set, model, dictionary, contexts, folder, inputs, totals, recorder, bytes)
  if (complete === manifest) for (const shard of readShards(folder, complete)) totals.add(shard)

  const counts = countTokens(contexts, model)
  const features = featureRecords(
    counts,
    contexts,
    folder,
    complete,
    totals,
    await logitEffects(model, dictionary, set.hook, [...totals.firings.keys()]),
  )
  const record: CollectionRecord = {
    setId: set.id,
    corpusHash: contexts.corpus.hash,
    tokenizerHash: study.tokenizer().hash,
    tokens: contexts.corpus.ids.length,
    eligible: contexts.eligible.reduce((sum, value) => sum + value, 0),
    documents: contexts.corpus.documents.length,
    contexts: contextCount(contexts.plan),
    contextLength: contexts.plan.length,
    entries: complete.shards.reduce((sum, shard) => sum + shard.entries, 0),
    bytes: complete.shards.reduce((sum, shard) => sum + statSync(join(folder, shard.file)).size, 0),
    provenanceId: study.store.provenance.put(provenanceOf(study, set)),
  }
  study.store.transaction(() => {
    putLabels(study, contexts)
    study.store.collections.put(record)
    study.store.features.put(set.id, features)
    putTokenCounts(study, set, counts)
  })
  await dictionary.close()
  yield recorder.end(describe(record))
  return record
}

/** The shards of a finished collection, in order, each checked against its hash. */
export function* readShards(folder: string, manifest: ActivationManifest): Generator<ActivationShard> {
  for (const entry of manifest.shards) yield readActivationShard(join(folder, entry.file), entry)
}

/** A finished collection's folder and manifest. @throws {UsageError} `collection-missing` */
export function openCollection(
  study: Study,
  set: FeatureSetRecord,
): { folder: string; manifest: ActivationManifest; record: CollectionRecord } {
  metricsOf(set)
  const folder = collectionFolder(study, set)
  const manifest = readActivationManifest(folder)
  const record = study.store.collections.get(set.id)
  if (!manifest || !record)
    throw new UsageError(
      'collection-missing',
      `expected a collection of ${set.id} in ${folder}, found none; run gloss collect (or gloss run) first`,
    )
  return { folder, manifest, record }
}

async function* writeShards(
  study: Study,
  set: FeatureSetRecord,
  model: SubjectModel,
  dictionary: Dictionary,
  contexts: StudyContexts,
  folder: string,
  inputs: string,
  totals: FiringTotals,
  recorder: StageRecorder,
  bytes: number,
): AsyncGenerator<StudyEvent, ActivationManifest> {
  prepareResumableFolder(folder, inputs)
  const shards: ActivationManifest['shards'] = []
  for (const [first, end] of shardContexts(contexts, metricsOf(set).l0)) {
    const file = shardName(shards.length)
    const path = join(folder, file)
    const span = { start: contexts.plan.starts[first]!, end: contexts.plan.starts[end]! }
    let shard: ActivationShard
    if (existsSync(path)) shard = readActivationShard(path, span)
    else {
      checkDisk(folder, bytes * (1 - span.start / contexts.corpus.ids.length))
      const writer = new ActivationShardWriter(span.start, span.end, dictionary.features)
      const range = Array.from({ length: end - first }, (_, index) => first + index)
      for await (const { tokens, rows } of hookRows(model, contexts, range, set.hook, dictionary.dIn)) {
        if (tokens.length === 0) continue
        writer.add(tokens, await dictionary.encode(rows))
        recorder.record(tokens.at(-1)!)
        yield recorder.progress()
        if (study.signal.aborted) {
          recorder.stop()
          throw new StoppedError('stopped', 'stopped while collecting; run the same command again to go on')
        }
      }
      shard = writer.write(path)
    }
    totals.add(shard)
    shards.push({ file, sha256: hashShard(path), ...span, entries: shard.values.length })
    recorder.record(span.end)
    yield recorder.progress()
  }
  const manifest: ActivationManifest = { format: 1, inputs, tokens: contexts.corpus.ids.length, shards }
  writeActivationManifest(folder, manifest)
  return manifest
}

/** Runs of contexts `[first, end)` that make up the shards. @param active features that fire on a token */
function* shardContexts({ plan }: StudyContexts, active: number): Generator<[number, number]> {
  const most = Math.min(TOKENS_PER_SHARD, Math.floor(FIRINGS_PER_SHARD / Math.max(1, active)))
  for (let first = 0; first < contextCount(plan);) {
    let end = first + 1
    while (end < contextCount(plan) && plan.starts[end + 1]! - plan.starts[first]! <= most) end++
    yield [first, end]
    first = end
  }
}

function checkDisk(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < bytes)
    throw new StoreError(
      'disk-full',
      `expected ${Math.ceil(bytes / 1e6)} MB of free disk for the shards in ${folder}, found ${Math.floor((bavail * bsize) / 1e6)} MB; free some space and run the same command again`,
    )
}

/** Feature by feature: density, maximum, histogram and token share. */
function* featureRecords(
  counts: Float64Array,
  { corpus }: StudyContexts,
  folder: string,
  manifest: ActivationManifest,
  totals: FiringTotals,
  effects: readonly LogitEffects[] | null,
): Generator<FeatureRecord> {
  const all = counts.reduce((sum, count) => sum + count, 0)
  const scratch = new Float64Array(counts.length)
  for (const firings of firingsByFeature(
    totals.firings,
    () => readShards(folder, manifest),
    FIRINGS_MEMORY,
  )) {
    const id = firings.feature
    const max = totals.maxima[id]!
    yield {
      id,
      density: all > 0 ? totals.firings[id]! / all : 0,
      max,
      firings: totals.firings[id]!,
      state: totals.firings[id] === 0 ? 'dead' : 'alive',
      tokenShare: tokenShare(firings, corpus.ids, counts, all, scratch),
      singleToken: null,
      histogram: activationHistogram(firings.activations, max, HISTOGRAM_BINS),
      logits: effects?.[id] ?? null,
    }
  }
}

function countTokens({ corpus, eligible }: StudyContexts, model: SubjectModel): Float64Array {
  return tokenCounts(corpus.ids, eligible, model.vocabularySize)
}

function putTokenCounts({ store }: Study, set: FeatureSetRecord, counts: Float64Array): void {
  const occurring = [...counts.entries()].filter(([, count]) => count > 0)
  store.transaction(() => store.tokenCounts.put(set.id, occurring))
}

/** Stores what reading a study needs of tokenizer and corpus, so that it works without the model's files. */
function putLabels(study: Study, { corpus }: StudyContexts): void {
  const tokenizer = study.tokenizer()
  if (study.store.vocabulary.get(tokenizer.hash).length === 0)
    study.store.vocabulary.put(
      tokenizer.hash,
      Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.tokenBytes(id)),
    )
  if (study.store.documents.all(corpus.hash).length === 0)
    study.store.documents.put(
      corpus.hash,
      corpus.documents.map((label, index) => ({
        ...label,
        tokens: corpus.documentStarts[index + 1]! - corpus.documentStarts[index]!,
      })),
    )
}

/** Where a set's activations lie. */
export function collectionFolder(study: Pick<Study, 'folder'>, set: Pick<FeatureSetRecord, 'id'>): string {
  return join(study.folder, 'collections', set.id)
}

/** Megabytes that sampling and statistics may take beside the runtime. */
function memoryNeed(set: FeatureSetRecord, { corpus }: StudyContexts): number {
  const firings = Math.min(FIRINGS_MEMORY, corpus.ids.length * metricsOf(set).l0 * 8)
  return Math.ceil((firings + corpus.ids.length * 40) / 1e6)
}

function describe(record: CollectionRecord): string {
  return `${(record.tokens / 1e6).toFixed(2)} M tokens, ${(record.entries / 1e6).toFixed(1)} M firings, ${Math.ceil(record.bytes / 1e6)} MB`
}
