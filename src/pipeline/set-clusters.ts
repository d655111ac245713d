import { connectedComponents } from '../autointerp/feature-clusters.ts'
import { readActivationManifest } from '../collect/activation-shards.ts'
import { correlatedPairs, correlationStride } from '../collect/activation-correlation.ts'
import type { DictionaryWorkshop } from '../core/dictionary.ts'
import { GlossError, UsageError } from '../core/errors.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
import { collectionFolder, readShards } from './collect.ts'
import { featureSetFolder } from './feature-set.ts'

/** Where two features of a set count as one: the cosine of decoder rows, or the correlation of neurons' activations. */
const ALIKE = 0.7

/** Where a set's weights and activations are read: the study's database and folder. */
export interface ClusterSource {
  readonly store: Store
  readonly folder: string
  readonly workshop: Pick<DictionaryWorkshop, 'load' | 'alignedPairs'>
}

/**
 * The cluster of each feature of a set, numbered from 0: features that point the same way, or through others that do,
 * are one draw of a bootstrap.
 *
 * @throws {UsageError | DataError} where weights or activations are not there or damaged
 */
export async function clustersOf(source: ClusterSource, set: FeatureSetRecord): Promise<Uint32Array> {
  return connectedComponents(set.features, await alikePairs(source, set))
}

/** The same; null where the study has only the scores of a set: one from another tool, or a copy without its folders. */
export async function clustersIfKnown(
  source: ClusterSource,
  set: FeatureSetRecord,
): Promise<Uint32Array | null> {
  if (set.kind === 'imported') return null
  try {
    return await clustersOf(source, set)
  } catch (error) {
    const isAbsent =
      error instanceof GlossError && (error.code === 'file-missing' || error.code === 'collection-missing')
    if (isAbsent) return null
    throw error
  }
}

/** Neurons have no decoder of their own: the unit vectors say nothing of what they have in common. */
async function alikePairs(
  { folder, workshop, store }: ClusterSource,
  set: FeatureSetRecord,
): Promise<Uint32Array> {
  if (set.kind !== 'neurons') {
    const dictionary = await workshop.load(featureSetFolder({ folder }, set))
    const pairs = await workshop.alignedPairs(dictionary.decoder, ALIKE)
    await dictionary.close()
    return pairs
  }
  const collection = collectionFolder({ folder }, set)
  const manifest = readActivationManifest(collection)
  const record = store.collections.get(set.id)
  if (!manifest || !record)
    throw new UsageError(
      'collection-missing',
      `expected the activations of ${set.id} in ${collection}, found none; run gloss collect --set ${set.id}`,
    )
  const stride = correlationStride(record.tokens, record.entries / record.tokens)
  return correlatedPairs(set.features, readShards(collection, manifest), stride, ALIKE)
}
