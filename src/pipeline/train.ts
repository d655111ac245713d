import { existsSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { DictionaryTrainer, TrainingOptions, TrainingStep } from '../core/dictionary.ts'
import { StoppedError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import { readText, writeFileAtomically } from '../core/files.ts'
import { parseJson } from '../core/parse.ts'
import type { FeatureSetMetrics, FeatureSetRecord } from '../core/store.ts'
import type { SubjectModel } from '../core/subject-model.ts'
import type { FloatMatrix } from '../core/tensor.ts'
import {
  autoencoderId,
  contextLength,
  cutContexts,
  featureSetRecord,
  hookWidth,
  metricsOf,
  type StudyContexts,
} from './feature-set.ts'
import { chunkRows } from './hook-rows.ts'
import { measureFeatureSet } from './measure.ts'
import { StageRecorder } from './stage-recorder.ts'
import type { Study } from './study.ts'
import { openTokens } from './tokenize.ts'
import { planTraining, type TrainingPlan } from './training-plan.ts'
import { makeUntrainedSet } from './untrained-set.ts'

/** The state of training is written at the end of a chunk, but not more often than this. */
const SECONDS_BETWEEN_STATES = 20

/** Makes the study's feature set: trains a sparse autoencoder, or makes one of the baselines that need no training. */
export async function* train(study: Study): AsyncGenerator<StudyEvent, FeatureSetRecord> {
  const { kind } = study.config.train
  if (kind === 'neurons' || kind === 'random') return yield* makeUntrainedSet(study, kind)
  return yield* trainAutoencoder(study, kind === 'shuffled' ? study.config.seed : null)
}

/** Trains a sparse autoencoder, measures it on contexts it has not seen, and records the feature set. */
async function* trainAutoencoder(
  study: Study,
  shuffledSeed: number | null,
): AsyncGenerator<StudyEvent, FeatureSetRecord> {
  const model = study.model(shuffledSeed)
  const width = hookWidth(study, model)
  const contexts = cutContexts(openTokens(study), model, contextLength(study, model))
  const id = autoencoderId(study, contexts.corpus, model, shuffledSeed !== null)
  const existing = study.store.featureSets.get(id)
  const folder = join('features', id)
  if (existing && existsSync(join(study.folder, folder, 'cfg.json'))) {
    study.store.study.put('set', id)
    yield { type: 'stage-skip', stage: 'train', note: describe(metricsOf(existing)) }
    return existing
  }

  const { kind: _kind, tokens, batchSize, ...training } = study.config.train
  const plan = planTraining(contexts.plan, contexts.eligible, width, tokens, batchSize, study.config.seed)
  const options: TrainingOptions = { ...training, batchSize, steps: plan.steps, seed: study.config.seed }
  const total = plan.steps * batchSize
  if (total < tokens - batchSize)
    yield {
      type: 'notice',
      stage: 'train',
      text: `the corpus has ${total.toLocaleString('en')} tokens to train on, fewer than asked for`,
    }

  const files = trainingFiles(join(study.folder, folder))
  const trained = existsSync(files.complete)
  const trainer = trained ? null : await study.workshop.resumeTraining(options, files.state)
  const done = trained ? total : (trainer?.step ?? 0) * batchSize
  const recorder = new StageRecorder(study, 'train', done, total)
  const sparsity = options.architecture === 'topk' ? `k=${options.k}` : `λ=${options.l1}`
  const subject = shuffledSeed === null ? '' : `, weights shuffled by seed ${shuffledSeed}`
  yield recorder.start(
    'tokens',
    `${options.architecture} ${sparsity}, ${width} → ${options.features}${subject}`,
  )
  if (!trained) yield* trainChunks(study, model, contexts, plan, options, files, width, trainer, recorder)

  const dictionary = await study.workshop.load(join(study.folder, folder))
  const { deadShare } = parseJson(
    readText(files.summary, 'the summary of training'),
    summarySchema,
    files.summary,
  )
  const { silentShare: _, ...metrics } = await measureFeatureSet(
    model,
    dictionary,
    study.config.hook,
    contexts,
    plan.heldOut,
  )
  const record = featureSetRecord(study, model, contexts, dictionary, {
    id,
    kind: 'sae',
    architecture: options.architecture,
    weights: 'sae_weights.safetensors',
    metrics: { ...metrics, deadShare },
    shuffledSeed,
  })
  await dictionary.close()
  study.store.transaction(() => {
    study.store.featureSets.put(record)
    study.store.study.put('set', id)
  })
  yield recorder.end(describe(metricsOf(record)))
  return record
}

interface TrainingFiles {
  /** What an interrupted run needs to go on. */
  readonly state: string
  /** What the last step saw. */
  readonly summary: string
  /** Written last. */
  readonly complete: string
}

function trainingFiles(folder: string): TrainingFiles {
  return {
    state: join(folder, 'training-state.safetensors'),
    summary: join(folder, 'training.json'),
    complete: join(folder, 'cfg.json'),
  }
}

const summarySchema = z.object({ loss: z.number(), l0: z.number(), fvu: z.number(), deadShare: z.number() })

async function* trainChunks(
  study: Study,
  model: SubjectModel,
  contexts: StudyContexts,
  plan: TrainingPlan,
  options: TrainingOptions,
  files: TrainingFiles,
  width: number,
  resumed: DictionaryTrainer | null,
  recorder: StageRecorder,
): AsyncGenerator<StudyEvent> {
  let trainer = resumed
  let last: TrainingStep | null = null
  let savedAt = study.now().getTime()
  for (const chunk of plan.chunks) {
    if (chunk.firstStep < (resumed?.step ?? 0)) continue
    const rows = await chunkRows(study, model, contexts, chunk, width)
    trainer ??= await study.workshop.startTraining(options, rows)
    for (let step = 0; step < chunk.steps; step++) {
      last = await trainer.update(batchOf(rows, step, options.batchSize))
      recorder.record(trainer.step * options.batchSize)
      yield recorder.progress(last ? { training: last } : {})
    }
    const finished = trainer.step === plan.steps
    if (
      !finished &&
      (study.signal.aborted || study.now().getTime() - savedAt > SECONDS_BETWEEN_STATES * 1000)
    ) {
      trainer.saveState(files.state)
      savedAt = study.now().getTime()
    }
    if (!finished && study.signal.aborted) {
      recorder.stop()
      throw new StoppedError('stopped', 'stopped while training; run the same command again to go on')
    }
  }
  writeFileAtomically(files.summary, `${JSON.stringify(last)}\n`)
  trainer!.saveDictionary(dirname(files.complete), {
    modelName: model.name,
    hookName: study.config.hook,
    contextSize: contextLength(study, model),
    prependBos: model.beginTokenId !== null,
  })
  rmSync(files.state, { force: true })
  await trainer!.close()
}

function batchOf({ columns, data }: FloatMatrix, step: number, batchSize: number): FloatMatrix {
  const start = step * batchSize * columns
  return { rows: batchSize, columns, data: data.subarray(start, start + batchSize * columns) }
}

/** The quality of a feature set in one line. */
export function describe(metrics: FeatureSetMetrics): string {
  const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
  return `L0 ${metrics.l0.toFixed(1)}   FVU ${metrics.fvu.toFixed(3)}   dead ${percent(metrics.deadShare)}   CE recovered ${percent(metrics.crossEntropyRecovered)}`
}
