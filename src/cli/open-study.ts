import { join, resolve } from 'node:path'
import type { SubjectModel, Tokenizer } from '../core/subject-model.ts'
import { Gpt2Model } from '../model/gpt2-model.ts'
import { writeShuffledCheckpoint } from '../model/shuffled-checkpoint.ts'
import { ByteLevelTokenizer } from '../model/tokenizer.ts'
import type { Study } from '../pipeline/study.ts'
import { saeWorkshop } from '../sae/workshop.ts'
import { WorkspaceLock } from '../store/lock.ts'
import { packageVersion } from './assets.ts'
import type { StudyOptions } from './options.ts'
import { findProtocol } from './protocols.ts'
import type { Surroundings } from './terminal.ts'
import { findWorkspace, openWorkspaceStore, readConfig, resolveModel } from './workspace.ts'

const LOCK_FILE = 'gloss.lock'

/** An open study, with what has to be closed again. */
export interface OpenStudy {
  readonly study: Study
  readonly close: () => Promise<void>
}

/**
 * Opens a study: for a verb that works on it, or only to read it beside one.
 * @throws {StoreError} `workspace-locked`, where it is opened to work
 */
export function openStudy(
  options: StudyOptions,
  surroundings: Surroundings,
  purpose: 'work' | 'read' = 'work',
): OpenStudy {
  const workspace = findWorkspace(options, surroundings.folder)
  const config = readConfig(workspace, options)
  const protocol = findProtocol(
    config.protocol,
    workspace,
    options.protocol === undefined ? workspace : surroundings.folder,
  )
  const lock = purpose === 'work' ? new WorkspaceLock(join(workspace, LOCK_FILE)) : null
  let model: SubjectModel | undefined
  let tokenizer: Tokenizer | undefined
  const corpusBase = options.corpus === undefined ? workspace : surroundings.folder
  const modelFolder = (): string =>
    resolveModel(config.model, options.model === undefined ? workspace : surroundings.folder)
  const ownModel = (): SubjectModel => (model ??= new Gpt2Model(modelFolder(), config.model))
  const shuffled = new Map<number, SubjectModel>()
  const shuffledModel = (seed: number): SubjectModel => {
    let known = shuffled.get(seed)
    if (!known) {
      // A folder for each model and seed: it can be deleted, and is made again with the same bytes.
      const folder = join(workspace, 'models', `shuffled-${seed}-${ownModel().weightsHash.slice(0, 8)}`)
      writeShuffledCheckpoint(modelFolder(), folder, seed)
      known = new Gpt2Model(folder, `${config.model} with weights shuffled by seed ${seed}`)
      shuffled.set(seed, known)
    }
    return known
  }
  try {
    const store = openWorkspaceStore(workspace, purpose === 'work')
    return {
      study: {
        folder: workspace,
        config,
        corpusPaths: config.corpus.map((path) => resolve(corpusBase, path)),
        protocol,
        precision: options.precision ?? null,
        store,
        workshop: saeWorkshop,
        version: packageVersion(),
        model: (shuffledSeed = null) => (shuffledSeed === null ? ownModel() : shuffledModel(shuffledSeed)),
        tokenizer: () => (tokenizer ??= new ByteLevelTokenizer(modelFolder())),
        now: () => new Date(),
        signal: surroundings.signal,
      },
      close: async () => {
        await model?.close()
        for (const one of shuffled.values()) await one.close()
        store.close()
        lock?.release()
      },
    }
  } catch (error) {
    lock?.release()
    throw error
  }
}
