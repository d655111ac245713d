import { StoppedError } from '../core/errors.ts'
import type { Protocol } from '../core/protocol.ts'
import type { SampleRecord, FeatureSetRecord } from '../core/store.ts'
import { provenanceOf } from './feature-set.ts'
import { eventLoopTurn } from './sample.ts'
import { openSampling } from './sampling.ts'
import type { Study } from './study.ts'

/** Features whose examples are stored in one transaction. */
const FEATURES_PER_COMMIT = 64

/** The name under which a protocol's further score examples are stored. No protocol can have it. */
export function moreExamplesName({ name }: Pick<Protocol, 'name'>): string {
  return `${name}+more`
}

/** Draws, for features that lack them, the score examples beyond the protocol's own. */
export async function sampleMore(
  study: Study,
  set: FeatureSetRecord,
  features: readonly number[],
): Promise<void> {
  const { store, protocol } = study
  const name = moreExamplesName(protocol)
  const sampled = store.examples.sampledFeatures(set.id, name)
  const lacking = new Set(features.filter((feature) => !sampled.has(feature)))
  if (lacking.size === 0) return
  const { sampler, firingsOf } = openSampling(study, set)
  const provenanceId = store.provenance.put({
    ...provenanceOf(study, set),
    protocol: name,
    protocolHash: protocol.hash,
  })
  let block: SampleRecord[] = []
  const commit = (): void =>
    store.transaction(() => {
      for (const one of block) store.examples.putSample(set.id, name, provenanceId, one)
      block = []
    })
  for (const firings of firingsOf((feature) => lacking.has(feature))) {
    const { state, singleToken } = store.features.get(set.id, firings.feature)!
    const examples = sampler.sampleMore?.(firings) ?? []
    block.push({ feature: firings.feature, state, singleToken, examples })
    if (block.length < FEATURES_PER_COMMIT) continue
    commit()
    await eventLoopTurn()
    if (study.signal.aborted)
      throw new StoppedError(
        'stopped',
        'stopped while drawing more examples; run the same command again to go on',
      )
  }
  commit()
}
