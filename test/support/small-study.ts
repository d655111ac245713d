import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll } from 'vitest'
import { stringify } from 'yaml'
import { GENERATED_REGISTERS, generateRegister } from '../../src/corpus/generated-registers.ts'
import { sha256 } from '../../src/core/hash.ts'
import { databaseExists } from '../../src/store/database.ts'
import { PROGRAM, temporaryFolder } from './paths.ts'

const CHARACTERS_PER_REGISTER = 25_000
const WRITTEN = new Date('2024-01-01T00:00:00Z')

/** Settings of a study that runs in a few seconds on the bundled model. */
export const SMALL_SETTINGS = {
  model: 'tiny-1l',
  hook: 'blocks.0.mlp.hook_post',
  corpus: ['corpus.jsonl'],
  train: { features: 96, k: 6, tokens: 30_000, batchSize: 512, learningRate: 0.003 },
}

/** A small corpus and a gloss.yaml in a folder; nothing has run yet. */
export function writeSmallStudy(folder: string, settings: object = {}): string {
  const documents = GENERATED_REGISTERS.flatMap((register) => [
    ...generateRegister(register, CHARACTERS_PER_REGISTER, 7),
  ])
  const corpus = join(folder, 'corpus.jsonl')
  writeFileSync(corpus, documents.map((document) => `${JSON.stringify(document)}\n`).join(''))
  // A whole second survives copying, and a corpus is known by its time.
  utimesSync(corpus, WRITTEN, WRITTEN)
  writeFileSync(join(folder, 'gloss.yaml'), stringify({ ...SMALL_SETTINGS, ...settings }))
  return folder
}

/** A small study in a folder that is removed when the test ends. */
export function smallStudy(settings: object = {}): string {
  return writeSmallStudy(temporaryFolder(), settings)
}

/**
 * One study for all tests of a file: a folder that `write` fills and verbs work on before the first test, removed
 * after the last.
 */
export function sharedStudy(
  verbs: readonly string[],
  write: (folder: string) => void = (folder) => void writeSmallStudy(folder),
): string {
  const folder = mkdtempSync(join(tmpdir(), 'gloss-shared-'))
  beforeAll(async () => {
    write(folder)
    for (const verb of verbs) {
      const { code, stderr } = await gloss([verb, '--quiet'], { folder })
      if (code !== 0) throw new Error(`gloss ${verb} ended with ${code}: ${stderr}`)
    }
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly folder?: string
  readonly environment?: Readonly<Record<string, string>>
  /** Called with the process once it runs. */
  readonly meanwhile?: (child: ChildProcess) => void
}

/** An environment without anything of this machine's that gloss reads. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:GLOSS_|OPENAI_|NO_COLOR|FORCE_COLOR)/.test(name)),
  )
}

/** Runs the built program and waits for its end. */
export async function gloss(
  args: readonly string[],
  { folder, environment, meanwhile }: RunOptions = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: folder,
    env: { ...cleanEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  meanwhile?.(child)
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal, ...output }
}

/** Columns that are outside the promise of equal bytes. */
const OUTSIDE = new Set(['created', 'latency_ms', 'seconds', 'attempts'])
/** Tables whose content a study promises to be the same again. */
const PROMISED = [
  'provenance',
  'feature_set',
  'collection',
  'document',
  'feature',
  'sample',
  'example',
  'explanation',
  'candidate',
  'score',
  'control',
]

/** All promised content of a study's database, in the order of its keys, as a text. */
export function tablesOf(folder: string): string {
  const database = new Database(join(folder, 'gloss.db'), { readonly: true })
  try {
    return PROMISED.map((table) => {
      const rows = database.prepare(`SELECT * FROM ${table}`).all() as Record<string, unknown>[]
      const kept = rows.map((row) =>
        JSON.stringify(Object.entries(row).filter(([column]) => !OUTSIDE.has(column))),
      )
      return [table, ...kept.toSorted()].join('\n')
    }).join('\n\n')
  } finally {
    database.close()
  }
}

/** Rows of a query against a study's database. */
export function query(folder: string, sql: string): Record<string, unknown>[] {
  const database = new Database(join(folder, 'gloss.db'), { readonly: true })
  try {
    return database.prepare(sql).all() as Record<string, unknown>[]
  } finally {
    database.close()
  }
}

/** Every row and file of a study as a line, but for what SQLite and the lock keep beside them. */
export function contentOf(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => !/^gloss\.(?:db|lock)/.test(name) && statSync(join(folder, name)).isFile())
  return [
    ...files.map((name) => `${name} ${sha256(readFileSync(join(folder, name)))}`),
    ...(databaseExists(join(folder, 'gloss.db')) ? tablesOf(folder).split('\n') : []),
  ]
}
