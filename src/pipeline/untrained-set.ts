import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { StudyEvent } from '../core/events.ts'
import type { FeatureSetRecord } from '../core/store.ts'
import type { SubjectModel } from '../core/subject-model.ts'
import {
  autoencoderId,
  contextLength,
  cutContexts,
  featureSetRecord,
  hookWidth,
  metricsOf,
  type StudyContexts,
  untrainedSetId,
} from './feature-set.ts'
import { chunkRows } from './hook-rows.ts'
import { measureFeatureSet } from './measure.ts'
import { StageRecorder } from './stage-recorder.ts'
import type { Study } from './study.ts'
import { openTokens } from './tokenize.ts'
import { planTraining } from './training-plan.ts'

/**
 * Makes a baseline that needs no training and records it as a feature set. Random directions are as many as the
 * study's autoencoder has features, and fire as often: where the autoencoder has been collected, direction j is given
 * the density of its j-th firing feature; where it has not, every direction fires on k / features of the tokens.
 */
export async function* makeUntrainedSet(
  study: Study,
  kind: 'neurons' | 'random',
): AsyncGenerator<StudyEvent, FeatureSetRecord> {
  const model = study.model()
  const width = hookWidth(study, model)
  const contexts = cutContexts(openTokens(study), model, contextLength(study, model))
  const found = kind === 'random' ? densitiesToMatch(study, contexts, model) : null
  const features = kind === 'neurons' ? width : study.config.train.features
  const id = untrainedSetId(study, contexts.corpus, model, kind, features, found?.densities ?? null)
  const existing = study.store.featureSets.get(id)
  const folder = join(study.folder, 'features', id)
  if (existing && existsSync(join(folder, CONFIG))) {
    study.store.study.put('set', id)
    yield { type: 'stage-skip', stage: 'train', note: describe(existing) }
    return existing
  }

  const { batchSize, tokens } = study.config.train
  const plan = planTraining(contexts.plan, contexts.eligible, width, tokens, batchSize, study.config.seed)
  const sampled = kind === 'neurons' ? 0 : plan.chunks[0]!.rows
  const recorder = new StageRecorder(study, 'train', 0, sampled)
  yield recorder.start(
    'tokens',
    kind === 'neurons' ? `the ${width} units of ${study.config.hook}` : `${features} random directions`,
  )
  if (found && !found.matched)
    yield {
      type: 'notice',
      stage: 'train',
      text: "the study's autoencoder has not been collected, so that all directions are made to fire equally often; run gloss run first to match it density by density",
    }
  const metadata = {
    modelName: model.name,
    hookName: study.config.hook,
    contextSize: contextLength(study, model),
    prependBos: model.beginTokenId !== null,
  }
  if (found) {
    const rows = await chunkRows(study, model, contexts, plan.chunks[0]!, width)
    const options = { features, densities: found.densities, seed: study.config.seed }
    await study.workshop.saveRandomDirections(folder, options, rows, metadata)
    recorder.record(sampled)
  } else study.workshop.saveNeurons(folder, width, metadata)

  const dictionary = await study.workshop.load(folder)
  const { silentShare, ...metrics } = await measureFeatureSet(
    model,
    dictionary,
    study.config.hook,
    contexts,
    plan.heldOut,
  )
  const record = featureSetRecord(study, model, contexts, dictionary, {
    id,
    kind,
    architecture: kind === 'neurons' ? 'neurons' : 'relu',
    weights: kind === 'neurons' ? CONFIG : 'sae_weights.safetensors',
    metrics: { ...metrics, deadShare: silentShare },
    shuffledSeed: null,
  })
  await dictionary.close()
  study.store.transaction(() => {
    study.store.featureSets.put(record)
    study.store.study.put('set', id)
  })
  yield recorder.end(describe(record))
  return record
}

const CONFIG = 'cfg.json'

/** The densities of the study's autoencoder, feature by feature, dead ones left out. */
function densitiesToMatch(
  study: Study,
  { corpus }: StudyContexts,
  model: SubjectModel,
): { densities: number[]; matched: boolean } {
  const densities = study.store.features
    .all(autoencoderId(study, corpus, model))
    .flatMap(({ firings, density }) => (firings > 0 ? [density] : []))
  if (densities.length > 0) return { densities, matched: true }
  const { k, features } = study.config.train
  return { densities: [Math.min(1, k / features)], matched: false }
}

/** The size of the set in one line. */
function describe(set: FeatureSetRecord): string {
  return `${set.features.toLocaleString('en')} features   L0 ${metricsOf(set).l0.toFixed(1)}`
}
