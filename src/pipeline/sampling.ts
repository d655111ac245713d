import { type FeatureFirings, firingsByFeature } from '../collect/firings.ts'
import { type Sampler, samplerFor } from '../collect/sampler.ts'
import { UsageError } from '../core/errors.ts'
import type { FeatureSetRecord } from '../core/store.ts'
import type { Tokenizer } from '../core/subject-model.ts'
import { FIRINGS_MEMORY, openCollection, readShards } from './collect.ts'
import { cutContexts, modelOf } from './feature-set.ts'
import type { Study } from './study.ts'
import { openTokens } from './tokenize.ts'

/** A collection with the sampler of the study's protocol. */
export interface Sampling {
  readonly sampler: Sampler
  /** Where the features fire that are wanted and fire at all, in the order of their ids. */
  readonly firingsOf: (wanted: (feature: number) => boolean) => Iterable<FeatureFirings>
}

/** Opens what examples are drawn from. @throws {UsageError} `collection-stale` */
export function openSampling(study: Study, set: FeatureSetRecord): Sampling {
  const { store, protocol } = study
  const { folder, manifest, record } = openCollection(study, set)
  const model = modelOf(study, set)
  const corpus = openTokens(study)
  if (corpus.hash !== record.corpusHash)
    throw new UsageError(
      'collection-stale',
      `expected the tokens that ${set.id} was collected on, found another corpus; run gloss run (or gloss train and gloss collect) first`,
    )
  const tokenizer = study.tokenizer()
  const sampler = samplerFor(
    protocol,
    {
      ...cutContexts(corpus, model, record.contextLength),
      vocabularySize: model.vocabularySize,
      allDigits: (id) => isAllDigits(tokenizer, id),
    },
    study.config.seed,
  )
  const firings = new Uint32Array(set.features)
  for (const feature of store.features.all(set.id)) firings[feature.id] = feature.firings
  return {
    sampler,
    *firingsOf(wanted) {
      const counts = firings.map((count, feature) => (wanted(feature) ? count : 0))
      const shards = (): ReturnType<typeof readShards> => readShards(folder, manifest)
      for (const one of firingsByFeature(counts, shards, FIRINGS_MEMORY, sampler.labels))
        if (one.tokens.length > 0) yield one
    },
  }
}

/**
 * Makes sure that examples were drawn by the very protocol that is now to be used: those of another recipe of the same
 * name would be taken for its own.
 * @throws {UsageError} `protocol-changed`
 */
export function checkProtocol({ store, protocol }: Study, set: FeatureSetRecord): void {
  const other = store.examples.protocolHashes(set.id, protocol.name).find((hash) => hash !== protocol.hash)
  if (other !== undefined)
    throw new UsageError(
      'protocol-changed',
      `expected the protocol ${protocol.name} as it was when examples were drawn for it, found its file changed; ` +
        'give the changed recipe a name of its own',
    )
}

/** Whether a token is all digits, perhaps after a blank: such tokens are alike when windows are compared. */
export function isAllDigits(tokenizer: Tokenizer, id: number): boolean {
  return /^ ?[0-9]+$/.test(Buffer.from(tokenizer.tokenBytes(id)).toString('latin1'))
}
