import { existsSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { UsageError } from '../core/errors.ts'
import { readText, writeFileAtomically } from '../core/files.ts'
import { describeIssues, parseYaml } from '../core/parse.ts'
import { type StudyConfig, studyConfigSchema } from '../core/study-config.ts'
import type { Store } from '../core/store.ts'
import { databaseExists } from '../store/database.ts'
import { openStore } from '../store/sqlite-store.ts'
import { bundledMigrations, bundledModelFolder } from './assets.ts'
import type { CommonOptions, StudyOptions } from './options.ts'

/** The file that makes a folder a study. */
export const CONFIG_FILE = 'gloss.yaml'
/** The study's database. */
export const DATABASE_FILE = 'gloss.db'

/** The folder of the study that a command is about. @throws {UsageError} `workspace-missing` */
export function findWorkspace(options: CommonOptions, folder: string): string {
  if (options.workspace !== undefined) {
    const named = resolve(folder, options.workspace)
    if (existsSync(join(named, CONFIG_FILE))) return named
    throw new UsageError(
      'workspace-missing',
      `expected a study with a ${CONFIG_FILE} in ${named}, found none; make one with gloss init`,
    )
  }
  for (let current = resolve(folder); ; current = dirname(current)) {
    if (existsSync(join(current, CONFIG_FILE))) return current
    if (current === dirname(current)) break
  }
  throw new UsageError(
    'workspace-missing',
    `expected a ${CONFIG_FILE} in ${resolve(folder)} or a folder above it, found none; change to a study, name one with --workspace, or make one with gloss init or gloss demo`,
  )
}

/** A study's settings: flags over gloss.yaml over defaults. @throws {ConfigError | UsageError} */
export function readConfig(workspace: string, options: StudyOptions): StudyConfig {
  const path = join(workspace, CONFIG_FILE)
  const file = parseYaml(readText(path, "the study's settings"), studyConfigSchema, path)
  const merged = {
    ...file,
    ...given({
      seed: options.seed,
      model: options.model,
      hook: options.hook,
      protocol: options.protocol,
      corpus: options.corpus,
    }),
    tokenize: { ...file.tokenize, ...given({ maxTokens: options.maxTokens }) },
    train: {
      ...file.train,
      ...given({
        kind: options.kind,
        architecture: options.architecture,
        features: options.features,
        k: options.k,
        l1: options.l1,
        learningRate: options.learningRate,
        tokens: options.trainTokens,
      }),
    },
    // One flag says how much goes into a call, whatever is asked.
    score: { ...file.score, ...given({ questionsPerCall: options.examplesPerCall }) },
    llm: { ...file.llm, ...given({ concurrency: options.concurrency }) },
  }
  const parsed = studyConfigSchema.safeParse(merged)
  // The file alone was fine.
  if (!parsed.success)
    throw new UsageError(
      'flag-out-of-range',
      `${describeIssues(parsed.error)}; correct the flag (or its GLOSS_… variable) that sets it`,
    )
  const { architecture, features, k } = parsed.data.train
  if (architecture === 'topk' && k > features)
    throw new UsageError(
      'k-too-large',
      `expected k to be at most the number of features, found k ${k} and ${features} features`,
    )
  return parsed.data
}

/** Writes a new gloss.yaml. */
export function writeConfig(workspace: string, config: object): void {
  const header = '# Settings of this study; gloss --help and the README say what they mean.\n'
  writeFileAtomically(join(workspace, CONFIG_FILE), header + stringify(config))
}

/** Opens a study's database; with `create`, makes it where there is none. @throws {StoreError | UsageError} */
export function openWorkspaceStore(workspace: string, create: boolean): Store {
  const path = join(workspace, DATABASE_FILE)
  if (!create && !databaseExists(path))
    throw new UsageError(
      'database-missing',
      `expected the study's database at ${path}, found none; run gloss run first`,
    )
  return openStore(path, bundledMigrations())
}

/** The folder of a model: a path, or the name of one that comes with gloss. */
export function resolveModel(model: string, base: string): string {
  const path = isAbsolute(model) ? model : resolve(base, model)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path
  return bundledModelFolder(model) ?? path
}

/** Only the members that are not undefined. */
function given<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
