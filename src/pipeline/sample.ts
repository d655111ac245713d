import { firingsByFeature } from '../collect/firings.ts'
import { FeatureSampler } from '../collect/sample.ts'
import { WindowIndex } from '../collect/windows.ts'
import { StoppedError, UsageError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import { examplesWanted, usesOf } from '../core/protocol.ts'
import type { FeatureSetRecord } from '../core/store.ts'
import type { Tokenizer } from '../core/subject-model.ts'
import { FIRINGS_MEMORY, openCollection, readShards } from './collect.ts'
import { cutContexts, currentSet, provenanceOf } from './feature-set.ts'
import { StageRecorder } from './stage-recorder.ts'
import type { Study } from './study.ts'
import { openTokens } from './tokenize.ts'

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
  const { folder, manifest, record } = openCollection(study, set)
  const features = store.features.all(set.id)
  const sampled = store.examples.sampledFeatures(set.id, protocol.name)
  const firing = features.filter(({ firings }) => firings > 0)
  store.study.put('protocol', protocol.name)
  if (firing.every(({ id }) => sampled.has(id))) {
    yield { type: 'stage-skip', stage: 'sample', note: describe(countStates(study, set)) }
    return countStates(study, set)
  }

  const model = study.model()
  const corpus = openTokens(study)
  if (corpus.hash !== record.corpusHash)
    throw new UsageError(
      'collection-stale',
      `expected the tokens that ${set.id} was collected on, found another corpus; run gloss run (or gloss train and gloss collect) first`,
    )
  const contexts = cutContexts(corpus, model, record.contextLength)
  const recorder = new StageRecorder(study, 'sample', sampled.size, firing.length)
  const shares = usesOf(protocol).map(
    (use) => `${examplesWanted(protocol[use]!, protocol.intervals)} to ${use}`,
  )
  yield recorder.start('features', shares.join(', '))

  if (protocol.sampler !== 'slices')
    throw new UsageError(
      'protocol-sampler',
      `expected a protocol of slices, found ${protocol.name}; use another`,
    )
  const tokenizer = study.tokenizer()
  const windows = new WindowIndex(
    contexts.corpus,
    contexts.plan,
    contexts.eligible,
    protocol.window,
    model.vocabularySize,
    (id) => isAllDigits(tokenizer, id),
  )
  const sampler = new FeatureSampler(
    windows,
    contexts.plan,
    contexts.corpus.documents.length,
    protocol,
    study.config.seed,
  )
  const provenanceId = store.provenance.put({
    ...provenanceOf(study, set),
    protocol: protocol.name,
    protocolHash: protocol.hash,
  })
  const counts = Uint32Array.from(features, ({ firings }) => firings)
  let block: ReturnType<FeatureSampler['sample']>[] = []
  let done = sampled.size
  const commit = (): void =>
    store.transaction(() => {
      for (const one of block) store.examples.putSample(set.id, protocol.name, provenanceId, one)
      done += block.length
      recorder.record(done)
      block = []
    })
  const shards = (): ReturnType<typeof readShards> => readShards(folder, manifest)
  for (const firings of firingsByFeature(counts, shards, FIRINGS_MEMORY, windows.hashes)) {
    if (counts[firings.feature] === 0 || sampled.has(firings.feature)) continue
    block.push(sampler.sample(firings))
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
  yield recorder.end(describe(countStates(study, set)))
  return countStates(study, set)
}

/** Lets signals and timers in between two pieces of synchronous work. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function isAllDigits(tokenizer: Tokenizer, id: number): boolean {
  return /^ ?[0-9]+$/.test(Buffer.from(tokenizer.tokenBytes(id)).toString('latin1'))
}

function countStates(study: Study, set: FeatureSetRecord): SampleCounts {
  const counts = { alive: 0, tooRare: 0, dead: 0 }
  for (const { state } of study.store.features.all(set.id)) counts[state]++
  return counts
}

function describe({ alive, tooRare, dead }: SampleCounts): string {
  return `${alive.toLocaleString('en')} features, ${tooRare} too rare, ${dead} dead`
}
