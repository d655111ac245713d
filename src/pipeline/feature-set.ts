import { join } from 'node:path'
import { type ContextPlan, eligibleTokens, planContexts } from '../core/contexts.ts'
import type { Dictionary } from '../core/dictionary.ts'
import { UsageError } from '../core/errors.ts'
import { contentId, sha256OfFiles } from '../core/hash.ts'
import type { FeatureSetMetrics, FeatureSetRecord, Provenance } from '../core/store.ts'
import type { SubjectModel } from '../core/subject-model.ts'
import type { TokenCorpus } from '../core/token-corpus.ts'
import type { Study } from './study.ts'

/** A tokenized corpus, cut into the contexts that the model sees. */
export interface StudyContexts {
  readonly corpus: TokenCorpus
  readonly plan: ContextPlan
  /** 1 for tokens that count. */
  readonly eligible: Uint8Array
}

/** The longest context: as configured, or as much as the model takes. */
export function contextLength(study: Study, model: SubjectModel): number {
  return Math.min(study.config.contextLength, model.maxPositions)
}

/** Cuts the corpus as the model wants it. */
export function cutContexts(corpus: TokenCorpus, model: SubjectModel, length: number): StudyContexts {
  const plan = planContexts(corpus, length, model.beginTokenId)
  const special = [model.beginTokenId, model.endTokenId].filter((id) => id !== null)
  return { corpus, plan, eligible: eligibleTokens(corpus, plan, special) }
}

/** The width of the configured hook. @throws {UsageError} `hook-unknown` */
export function hookWidth(study: Study, model: SubjectModel): number {
  const shape = model.hooks.get(study.config.hook)
  if (!shape)
    throw new UsageError(
      'hook-unknown',
      `expected a hook of ${model.name}, found ${JSON.stringify(study.config.hook)}; its hooks are, for instance, ${[...model.hooks.keys()].slice(0, 8).join(', ')}`,
    )
  return shape.reduce((product, size) => product * size, 1)
}

/** The id of the autoencoder that a study's settings lead to: a readable name and a hash of all that decides it. */
export function autoencoderId(
  study: Study,
  corpus: TokenCorpus,
  model: SubjectModel,
  shuffled = false,
): string {
  const { kind: _, architecture, features, k, l1, ...training } = study.config.train
  const hash = contentId({
    ...inputsOf(study, corpus, model),
    architecture,
    features,
    sparsity: architecture === 'topk' ? k : l1,
    ...training,
  })
  return `${shuffled ? 'shuffled-' : ''}${architecture}-${features}-${hash.slice(0, 8)}`
}

/** The id of a set that is not trained. @param densities what the set was made to fire like; null for neurons */
export function untrainedSetId(
  study: Study,
  corpus: TokenCorpus,
  model: SubjectModel,
  kind: 'neurons' | 'random',
  features: number,
  densities: readonly number[] | null,
): string {
  const hash = contentId({ ...inputsOf(study, corpus, model), kind, features, densities })
  return `${kind}-${features}-${hash.slice(0, 8)}`
}

/** What decides a feature set beside how it is made. */
function inputsOf(study: Study, corpus: TokenCorpus, model: SubjectModel) {
  return {
    weights: model.weightsHash,
    tokenizer: study.tokenizer().hash,
    corpus: corpus.hash,
    hook: study.config.hook,
    contextLength: contextLength(study, model),
    seed: study.config.seed,
  }
}

/** The model that a feature set belongs to. */
export function modelOf(study: Study, set: Pick<FeatureSetRecord, 'shuffledSeed'>): SubjectModel {
  return study.model(set.shuffledSeed)
}

/**
 * Refuses to go on with a set that was made from another model or other tokens: its statistics and examples would mix.
 * @throws {UsageError} `set-of-other-model`, `set-of-other-corpus`
 */
export function checkOrigin(
  study: Study,
  set: FeatureSetRecord,
  model: SubjectModel,
  corpus: TokenCorpus,
): void {
  const { weightsHash, corpusHash } = study.store.provenance.get(set.provenanceId)
  if (weightsHash !== null && weightsHash !== model.weightsHash)
    throw new UsageError(
      'set-of-other-model',
      `expected the model that ${set.id} was made on, found ${model.name} with other weights; name that model, or make another set with gloss run`,
    )
  if (corpusHash !== null && corpusHash !== corpus.hash)
    throw new UsageError(
      'set-of-other-corpus',
      `expected the tokens that ${set.id} was made on, found another corpus; bring that corpus back, or make another set with gloss run`,
    )
}

/** What tells one new feature set from another. */
export interface NewFeatureSet extends Pick<
  FeatureSetRecord,
  'id' | 'kind' | 'architecture' | 'metrics' | 'shuffledSeed'
> {
  /** The file in its folder whose hash stands for the set. */
  readonly weights: string
}

/** The record of a feature set whose files are written; its provenance is stored. */
export function featureSetRecord(
  study: Study,
  model: SubjectModel,
  { corpus }: StudyContexts,
  dictionary: Dictionary,
  { weights, ...made }: NewFeatureSet,
): FeatureSetRecord {
  const folder = join('features', made.id)
  return {
    ...made,
    hook: study.config.hook,
    features: dictionary.features,
    dIn: dictionary.dIn,
    folder,
    provenanceId: study.store.provenance.put({
      version: study.version,
      seed: study.config.seed,
      model: model.name,
      weightsHash: model.weightsHash,
      tokenizerHash: study.tokenizer().hash,
      corpusHash: corpus.hash,
      setId: made.id,
      setHash: sha256OfFiles([join(study.folder, folder, weights)]),
      protocol: null,
      protocolHash: null,
      prompt: null,
      promptHash: null,
      llm: null,
    }),
  }
}

/** Where a feature set's files lie. */
export function featureSetFolder(
  study: Pick<Study, 'folder'>,
  record: Pick<FeatureSetRecord, 'folder'>,
): string {
  return join(study.folder, record.folder)
}

/**
 * What was measured of a set that gloss made.
 * @throws {UsageError} `set-imported` for one that another tool made, whose collection came with it
 */
export function metricsOf({ id, metrics }: Pick<FeatureSetRecord, 'id' | 'metrics'>): FeatureSetMetrics {
  if (metrics) return metrics
  throw new UsageError(
    'set-imported',
    `expected a feature set that gloss made, found ${id}, which was imported with its examples and without its model; gloss explain and gloss score (by simulation) work on it, collecting and drawing more examples do not`,
  )
}

/** The feature set that the study last worked with. @throws {UsageError} `set-missing` */
export function currentSet(study: Pick<Study, 'store' | 'folder'>): FeatureSetRecord {
  const id = study.store.study.get('set')
  const record = id === null ? null : study.store.featureSets.get(id)
  if (!record)
    throw new UsageError(
      'set-missing',
      `expected a trained feature set in ${study.folder}, found none; run gloss run (or gloss train) first`,
    )
  return record
}

/** The provenance of what a feature set and a corpus decide; verbs fill in what else takes part. */
export function provenanceOf(
  study: Study,
  set: Pick<FeatureSetRecord, 'provenanceId'> & { id: string },
): Provenance {
  const base = study.store.provenance.get(set.provenanceId)
  return { ...base, version: study.version, seed: study.config.seed, setId: set.id }
}
