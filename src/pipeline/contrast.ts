import { CONTRAST, type ContrastSample, contextsByToken } from '../collect/contrast-sample.ts'
import { firingsByFeature } from '../collect/firings.ts'
import { samplerFor } from '../collect/sampler.ts'
import { ContextSketch, drawFirings, mostSimilar } from '../collect/similar-features.ts'
import { contextCount } from '../core/contexts.ts'
import { UsageError } from '../core/errors.ts'
import type { Protocol } from '../core/protocol.ts'
import type { FeatureSetRecord } from '../core/store.ts'
import { FIRINGS_MEMORY, openCollection, readShards } from './collect.ts'
import { decoderCosine } from './decoder-cosine.ts'
import { cutContexts, featureSetFolder, modelOf, type StudyContexts } from './feature-set.ts'
import { isAllDigits } from './sampling.ts'
import type { Study } from './study.ts'
import { openTokens } from './tokenize.ts'

/**
 * Where the windows come from that a scorer tells from those of the protocol: drawn at random (with more firing ones),
 * or silent ones at which features with a similar decoder row fire, or features that fire in the same contexts.
 */
export type ContrastKind = 'random' | 'neighbours' | 'cooccurrence'

/** Features whose firings hard negatives are drawn from. */
const SIMILAR_FEATURES = 10
/** Places of each that are tried. */
const PLACES_PER_FEATURE = 64

/** The name under which such examples are stored: not a protocol's, which holds no plus sign. */
export function contrastName(study: Pick<Study, 'protocol'>, kind: ContrastKind): string {
  return `${study.protocol.name}+${kind}`
}

/** Everything about the drawing that decides a score. */
export const CONTRAST_RECIPE = { ...CONTRAST, similar: SIMILAR_FEATURES, places: PLACES_PER_FEATURE } as const

/** Refuses a protocol that has no way to draw what questions need. @throws {UsageError} `scorer-protocol` */
export function checkDrawsContrasts({ name, sampler }: Protocol): void {
  if (sampler !== 'slices')
    throw new UsageError(
      'scorer-protocol',
      `expected a protocol that draws windows slice by slice, found ${name}; this scorer needs one such as monosemanticity`,
    )
}

/**
 * Draws the contrast examples of features that were sampled for the study's protocol, feature after feature. Reads the
 * collection's shards once, for hard negatives twice or thrice.
 * @throws {UsageError} `scorer-protocol`, `collection-stale`, `collection-missing`, `tokens-missing`
 */
export async function* drawContrasts(
  study: Study,
  set: FeatureSetRecord,
  features: readonly number[],
  kind: ContrastKind,
): AsyncGenerator<ContrastSample> {
  if (features.length === 0) return
  const { store, protocol, config } = study
  checkDrawsContrasts(protocol)
  const { folder, manifest, record } = openCollection(study, set)
  const corpus = openTokens(study)
  if (corpus.hash !== record.corpusHash)
    throw new UsageError(
      'collection-stale',
      `expected the tokens that ${set.id} was collected on, found another corpus; run gloss run (or gloss train and gloss collect) first`,
    )
  const model = modelOf(study, set)
  const contexts = cutContexts(corpus, model, record.contextLength)
  const tokenizer = study.tokenizer()
  const world = {
    ...contexts,
    vocabularySize: model.vocabularySize,
    allDigits: (id: number) => isAllDigits(tokenizer, id),
  }
  const { labels, sampleContrasts } = samplerFor(protocol, world, config.seed)
  const counts = Uint32Array.from(store.features.all(set.id), ({ firings }) => firings)
  const walk = (wanted: (feature: number) => boolean): ReturnType<typeof firingsByFeature> =>
    firingsByFeature(
      counts.map((count, feature) => (wanted(feature) ? count : 0)),
      () => readShards(folder, manifest),
      FIRINGS_MEMORY,
      labels,
    )
  const candidatesOf =
    kind === 'random' ? () => null : await hardCandidates(study, set, contexts, counts, features, kind, walk)
  const asked = new Set(features)
  for (const firings of walk((feature) => asked.has(feature))) {
    const { feature } = firings
    if (asked.has(feature))
      yield sampleContrasts!(
        firings,
        store.examples.of(set.id, feature, protocol.name),
        candidatesOf(feature),
      )
  }
}

/** Places at which similar features fire, by feature. */
async function hardCandidates(
  study: Study,
  set: FeatureSetRecord,
  { plan, corpus }: StudyContexts,
  counts: Uint32Array,
  features: readonly number[],
  kind: 'neighbours' | 'cooccurrence',
  walk: (wanted: (feature: number) => boolean) => ReturnType<typeof firingsByFeature>,
): Promise<(feature: number) => Uint32Array> {
  const { seed } = study.config
  const places = new Map<number, Uint32Array>()
  let similarity: (a: number, b: number) => number
  let collected: (feature: number) => boolean
  const similar = new Map<number, readonly number[]>()
  const findSimilar = (): void => {
    for (const feature of features)
      similar.set(
        feature,
        mostSimilar(
          feature,
          counts.length,
          (other) => (counts[other] === 0 ? 0 : similarity(feature, other)),
          SIMILAR_FEATURES,
        ),
      )
  }
  if (kind === 'neighbours') {
    const dictionary = await study.workshop.load(featureSetFolder(study, set))
    similarity = decoderCosine(dictionary)
    await dictionary.close()
    findSimilar()
    const wanted = new Set([...similar.values()].flat())
    collected = (feature) => wanted.has(feature)
    for (const firings of walk(collected))
      places.set(firings.feature, drawFirings(firings, PLACES_PER_FEATURE, seed))
  } else {
    const contextOf = contextsByToken(plan, corpus.ids.length)
    const sketch = new ContextSketch(counts.length, contextCount(plan), (token) => contextOf[token]!, seed)
    for (const firings of walk(() => true)) {
      sketch.add(firings)
      places.set(firings.feature, drawFirings(firings, PLACES_PER_FEATURE, seed))
    }
    similarity = (a, b) => sketch.similarity(a, b)
    findSimilar()
  }
  return (feature) =>
    Uint32Array.from(new Set(similar.get(feature)!.flatMap((other) => [...(places.get(other) ?? [])])))
}
