import type { FeatureSample } from '../collect/sample.ts'
import { StoppedError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import { examplesWanted, usesOf } from '../core/protocol.ts'
import type { FeatureSetRecord } from '../core/store.ts'
import { openCollection } from './collect.ts'
import { currentSet, provenanceOf } from './feature-set.ts'
import { checkProtocol, openSampling } from './sampling.ts'
import { StageRecorder } from './stage-recorder.ts'
import type { Study } from './study.ts'

/** Features whose examples are stored in one transaction. */
const FEATURES_PER_COMMIT = 64

/** What one run of sampling found. */
export interface SampleCounts {
  readonly alive: number
  readonly tooRare: number
  readonly dead: number
}

/** Draws the examples of every feature for the study's protocol. */
export async function* sample(study: Study): AsyncGenerator<StudyEvent, SampleCounts> {
  const { store, protocol } = study
  const set = currentSet(study)
  openCollection(study, set)
  const features = store.features.all(set.id)
  const sampled = store.examples.sampledFeatures(set.id, protocol.name)
  const firing = features.filter(({ firings }) => firings > 0)
  checkProtocol(study, set)
  if (store.study.get('protocol') !== protocol.name) store.study.put('scoring', protocol.name)
  store.study.put('protocol', protocol.name)
  const settle = (): void => store.examples.settleStates(set.id, protocol.name)
  if (firing.every(({ id }) => sampled.has(id))) {
    settle()
    yield { type: 'stage-skip', stage: 'sample', note: describe(countStates(study, set)) }
    return countStates(study, set)
  }

  const { sampler, firingsOf } = openSampling(study, set)
  const recorder = new StageRecorder(study, 'sample', sampled.size, firing.length)
  const shares = usesOf(protocol).map(
    (use) => `${examplesWanted(protocol[use]!, protocol.intervals)} to ${use}`,
  )
  yield recorder.start('features', shares.join(', '))

  const provenanceId = store.provenance.put({
    ...provenanceOf(study, set),
    protocol: protocol.name,
    protocolHash: protocol.hash,
  })
  const flags = new Map(features.map(({ id, singleToken }) => [id, singleToken]))
  let block: FeatureSample[] = []
  let done = sampled.size
  const commit = (): void =>
    store.transaction(() => {
      for (const one of block) store.examples.putSample(set.id, protocol.name, provenanceId, one)
      done += block.length
      recorder.record(done)
      block = []
    })
  for (const firings of firingsOf((feature) => !sampled.has(feature))) {
    const one = sampler.sample(firings)
    // The single-token flag is about windows of the slices; ranked contexts only stand in for them.
    const known = protocol.sampler === 'slices' ? null : flags.get(one.feature)
    block.push(known == null ? one : { ...one, singleToken: known })
    if (block.length < FEATURES_PER_COMMIT) continue
    commit()
    yield recorder.progress()
    await eventLoopTurn()
    if (study.signal.aborted) {
      recorder.stop()
      throw new StoppedError('stopped', 'stopped while sampling; run the same command again to go on')
    }
  }
  commit()
  settle()
  yield recorder.end(describe(countStates(study, set)))
  return countStates(study, set)
}

/** Lets signals and timers in between two pieces of synchronous work. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function countStates(study: Study, set: FeatureSetRecord): SampleCounts {
  const counts = { alive: 0, tooRare: 0, dead: 0 }
  for (const { state } of study.store.features.all(set.id)) counts[state]++
  return counts
}

function describe({ alive, tooRare, dead }: SampleCounts): string {
  return `${alive.toLocaleString('en')} features, ${tooRare} too rare, ${dead} dead`
}
