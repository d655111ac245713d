import { activationHistogram } from '../collect/feature-statistics.ts'
import type { FeatureFirings } from '../collect/firings.ts'
import type { FeatureSample } from '../collect/sample.ts'
import { type Sampler, samplerFor } from '../collect/sampler.ts'
import type { SampleRecord } from '../core/example-store.ts'
import type { DelphiShard } from '../import/delphi.ts'
import type { ImportedFeature, ImportedFile, ImportedOrigin, ImportedRecord } from '../import/imported.ts'
import type { ContextPlan } from '../core/contexts.ts'
import { DataError } from '../core/errors.ts'
import type { FeatureRecord } from '../core/store.ts'
import type { TokenCorpus } from '../core/token-corpus.ts'
import { HISTOGRAM_BINS } from './collect.ts'
import type { Study } from './study.ts'

/** What was read from other tools' files. `hash` is of the files. */
export type ImportSource =
  /** Records of each feature alone: what other features do there, and what happens elsewhere, is not known. */
  | { readonly kind: 'records'; readonly file: ImportedFile; readonly hash: string }
  /** A whole collection: contexts that all features share. `vocabulary` holds the bytes of token ids. */
  | {
      readonly kind: 'cache'
      readonly origin: ImportedOrigin
      readonly shards: readonly DelphiShard[]
      readonly vocabulary: readonly Uint8Array[]
      readonly features: number
      readonly hash: string
    }

/** A feature as it is stored. */
export interface PreparedFeature {
  readonly record: FeatureRecord
  readonly sample: FeatureSample
  /** Examples that questions need beside those; null where the protocol draws none. */
  readonly contrasts: SampleRecord | null
  readonly explanations: ImportedFeature['explanations']
}

/** All that an imported set is stored as. */
export interface PreparedSet {
  readonly origin: ImportedOrigin
  readonly features: number
  readonly vocabulary: readonly Uint8Array[]
  readonly documents: readonly number[]
  readonly tokens: number
  readonly entries: number
  readonly contextLength: number
  readonly tokenCounts: ReadonlyMap<number, number>
  readonly each: Iterable<PreparedFeature>
}

/** What is to be stored of a source, features in the order of their numbers; examples are drawn as they are asked for. */
export function prepareImport(study: Study, source: ImportSource): PreparedSet {
  return source.kind === 'records' ? prepareRecords(study, source.file) : prepareCache(study, source)
}

/** Whether a token is all digits, perhaps after a blank. */
function digitsOf(vocabulary: readonly Uint8Array[]): (id: number) => boolean {
  const digits = vocabulary.map((bytes) => /^ ?[0-9]+$/.test(Buffer.from(bytes).toString('latin1')))
  return (id) => digits[id] === true
}

/** A corpus in which every record is a document, and a context. */
function corpusOf(hash: string, records: readonly ArrayLike<number>[]): [TokenCorpus, ContextPlan] {
  const starts = new Float64Array(records.length + 1)
  for (const [place, { length }] of records.entries()) starts[place + 1] = starts[place]! + length
  const ids = new Uint32Array(starts[records.length]!)
  for (const [place, record] of records.entries()) ids.set(record, starts[place])
  const documents = records.map((_, place) => ({ name: `record ${place}`, register: null }))
  const length = Math.max(0, ...records.map((record) => record.length))
  return [
    { hash, ids, documentStarts: starts, documents },
    { length, beginTokenId: null, starts, documents: Uint32Array.from(records.keys()) },
  ]
}

/** @param wholeCorpus whether places are of all text, so that how often a feature fires in windows can be counted */
function drawExamples(
  sampler: Sampler,
  feature: number,
  tokens: Uint32Array,
  activations: Float32Array,
  wholeCorpus: boolean,
): Pick<PreparedFeature, 'sample' | 'contrasts'> {
  const labels = sampler.labels ? tokens.map((token) => sampler.labels![token]!) : new Uint32Array()
  const firings: FeatureFirings = { feature, tokens, activations, labels }
  const sample = sampler.sample(firings)
  if (sampler.sampleContrasts === null || sample.state !== 'alive') return { sample, contrasts: null }
  const { firingShare, ...drawn } = sampler.sampleContrasts(firings, sample.examples)
  return { sample, contrasts: { ...sample, ...drawn, ...(wholeCorpus && { firingShare }) } }
}

/** Records become a corpus for each feature. */
function prepareRecords({ protocol, config }: Study, { features, ...origin }: ImportedFile): PreparedSet {
  const ordered = features.toSorted((a, b) => a.index - b.index)
  const texts = new Set<string>()
  let tokens = 0
  let entries = 0
  const longest: number[] = []
  for (const { records, logits } of ordered) {
    for (const [place, record] of withoutRepeats(records).entries()) {
      for (const text of record.tokens) texts.add(text)
      tokens += record.tokens.length
      entries += record.activations.filter((activation) => activation > 0).length
      longest[place] = Math.max(longest[place] ?? 0, record.tokens.length)
    }
    for (const [text] of [...(logits?.top ?? []), ...(logits?.bottom ?? [])]) texts.add(text)
  }
  const spelled = [...texts].toSorted()
  const idOf = new Map(spelled.map((text, id) => [text, id]))
  const vocabulary = spelled.map((text) => Buffer.from(text, 'utf8'))
  const allDigits = digitsOf(vocabulary)
  const effects = (pairs: readonly (readonly [string, number])[]) =>
    pairs.map(([text, value]): [number, number] => [idOf.get(text)!, value])
  const prepare = (feature: ImportedFeature): PreparedFeature => {
    const records = withoutRepeats(feature.records)
    const [corpus, plan] = corpusOf(
      '',
      records.map((record) => record.tokens.map((text) => idOf.get(text)!)),
    )
    const values = records.flatMap(({ activations }) => activations)
    const firing = Uint32Array.from(values.keys()).filter((token) => values[token]! > 0)
    const activations = Float32Array.from(firing, (token) => values[token]!)
    const eligible = new Uint8Array(values.length).fill(1)
    const world = { corpus, plan, eligible, vocabularySize: spelled.length, allDigits }
    const sampler = samplerFor(protocol, world, config.seed)
    // Tools keep the records in which a feature fires, so their share of windows is not that of text.
    const drawn = drawExamples(sampler, feature.index, firing, activations, false)
    const { sample } = drawn
    // Records can be windows that miss the strongest token, of which the file knows.
    const max = activations.reduce((largest, activation) => Math.max(largest, activation), feature.max ?? 0)
    return {
      record: {
        id: feature.index,
        density: feature.density ?? (values.length === 0 ? 0 : firing.length / values.length),
        max,
        firings: feature.firings ?? firing.length,
        state: sample.state,
        tokenShare: null,
        singleToken: sample.singleToken,
        histogram: barsHistogram(feature.bars, max),
        logits: feature.logits && {
          top: effects(feature.logits.top),
          bottom: effects(feature.logits.bottom),
        },
      },
      ...drawn,
      explanations: feature.explanations,
    }
  }
  return {
    origin,
    features: ordered.length,
    vocabulary,
    documents: longest,
    tokens,
    entries,
    contextLength: Math.max(0, ...longest),
    tokenCounts: new Map(),
    each: mapEach(ordered, prepare),
  }
}

/** Records whose tokens no earlier one has: the same text in two uses would tell what it is asked about. */
function withoutRepeats(records: readonly ImportedRecord[]): ImportedRecord[] {
  const seen = new Set<string>()
  return records.filter(({ tokens }) => {
    const key = JSON.stringify(tokens)
    return seen.has(key) ? false : seen.add(key)
  })
}

/** Bars of another width as the bins of ours. */
function barsHistogram(bars: ImportedFeature['bars'], max: number): number[] {
  const counts = Array.from({ length: HISTOGRAM_BINS }, () => 0)
  for (const [centre, count] of bars)
    if (centre > 0 && max > 0)
      counts[Math.min(HISTOGRAM_BINS - 1, Math.floor((centre / max) * HISTOGRAM_BINS))]! += Math.round(count)
  return counts
}

/** The cache is the corpus of all features. */
function prepareCache(
  { protocol, config }: Study,
  { origin, shards, vocabulary, features, hash }: Extract<ImportSource, { kind: 'cache' }>,
): PreparedSet {
  const [first] = shards
  if (!first) throw new DataError('import-empty', 'expected shards of a cache, found none; name its folder')
  const { contexts, length, tokens } = first
  const records = Array.from({ length: contexts }, (_, at) => tokens.subarray(at * length, (at + 1) * length))
  const [corpus, plan] = corpusOf(hash, records)
  const vocabularySize = Math.max(
    vocabulary.length,
    tokens.reduce((most, id) => Math.max(most, id + 1), 0),
  )
  const spelled = Array.from({ length: vocabularySize }, (_, id) => vocabulary[id] ?? new Uint8Array())
  const eligible = new Uint8Array(tokens.length).fill(1)
  const world = { corpus, plan, eligible, vocabularySize, allDigits: digitsOf(spelled) }
  const sampler = samplerFor(protocol, world, config.seed)
  const firings = new Map(shards.flatMap((shard) => [...shard.firings]))
  const prepare = (feature: number): PreparedFeature => {
    const { places = new Uint32Array(), activations = new Float32Array() } = firings.get(feature) ?? {}
    const drawn = drawExamples(sampler, feature, places, activations, true)
    const { sample } = drawn
    const max = activations.reduce((largest, activation) => Math.max(largest, activation), 0)
    return {
      record: {
        id: feature,
        density: places.length / tokens.length,
        max,
        firings: places.length,
        state: sample.state,
        tokenShare: null,
        singleToken: sample.singleToken,
        logits: null,
        histogram: activationHistogram(activations, max, HISTOGRAM_BINS),
      },
      ...drawn,
      explanations: [],
    }
  }
  const counts = new Map<number, number>()
  for (const id of tokens) counts.set(id, (counts.get(id) ?? 0) + 1)
  return {
    origin,
    features,
    vocabulary: spelled,
    documents: records.map((record) => record.length),
    tokens: tokens.length,
    entries: [...firings.values()].reduce((sum, { places }) => sum + places.length, 0),
    contextLength: length,
    tokenCounts: counts,
    each: mapEach(
      Array.from({ length: features }, (_, feature) => feature),
      prepare,
    ),
  }
}

function* mapEach<From, To>(values: readonly From[], make: (value: From) => To): Generator<To> {
  for (const value of values) yield make(value)
}
