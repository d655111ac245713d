import { Option, InvalidArgumentError } from 'commander'
import { join, resolve } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import type { Store } from '../../core/store.ts'
import { SPECIAL_TABLES, TABLE_NAMES, type TableName } from '../../export/tables.ts'
import {
  exportTables,
  type ExportProgress,
  streamTable,
  TABLE_FORMATS,
  type TableExport,
  type TableFormat,
} from '../../pipeline/export-tables.ts'
import { exportNeuronpedia } from '../../pipeline/export-neuronpedia.ts'
import { exportSaeDashboard } from '../../pipeline/export-sae-dashboard.ts'
import { currentSet } from '../../pipeline/feature-set.ts'
import { findSet } from '../../pipeline/sets.ts'
import { packageVersion } from '../assets.ts'
import { type CommandDefinition, selectionOf, terminalFor } from '../command.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'
import type { Surroundings, Terminal } from '../terminal.ts'
import { findWorkspace, openWorkspaceStore, readConfig } from '../workspace.ts'

interface ExportOptions extends Omit<StudyOptions, 'scorer'> {
  readonly format: TableFormat | SetFormat
  readonly tables?: readonly string[]
  readonly columns?: readonly string[]
  readonly scorer?: readonly string[]
  readonly minScore?: number
  readonly out?: string
}

/** Formats of one feature set, with a layout of their own. */
const SET_FORMATS = { neuronpedia: exportNeuronpedia, 'sae-dashboard': exportSaeDashboard } as const
type SetFormat = keyof typeof SET_FORMATS

function isSetFormat(format: ExportOptions['format']): format is SetFormat {
  return format in SET_FORMATS
}

const PROGRESS_MILLISECONDS = 5000

/** `gloss export`: tables of a study for other tools. */
export const exportCommand: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('export')
    .description('the scored tables, for other tools')
    .addOption(
      new Option('--format <name>', 'how')
        .choices([...Object.keys(TABLE_FORMATS), ...Object.keys(SET_FORMATS)])
        .default('csv'),
    )
    .addOption(
      new Option(
        '--tables <names>',
        `which: ${TABLE_NAMES.join(', ')} or all (default: all but ${SPECIAL_TABLES.join(', ')}; huggingface: all; markdown: scores)`,
      ).argParser(names),
    )
    .addOption(new Option('--columns <names>', 'these columns alone, in this order').argParser(names))
    .addOption(
      new Option(
        '--scorer <names>',
        'scores of these scorers alone; simulation stands for simulation.pearson too',
      ).argParser(names),
    )
    .addOption(new Option('--min-score <n>', 'scores of at least this alone').argParser(score))
    .addOption(
      new Option('--out <dir>', 'folder to write to, or - for stdout (default: exports/FORMAT in the study)'),
    )
    .addHelpText(
      'after',
      `
A file for each table, data-dictionary.json and manifest.json: what the columns
mean, and everything that made the rows. Same study, same bytes. Without --set
every feature set of the study is in the tables.

Examples:
  gloss export
  gloss export --format parquet --tables all --out tables/
  gloss export --format neuronpedia --set sae
  gloss export --format sae-dashboard --set sae
  gloss export --format huggingface --out dataset/
  gloss export --tables scores --scorer simulation --min-score 0.5
  gloss export --format jsonl --tables scores --out - | head -1`,
    )
  withOptions(withCommonOptions(command), 'set', 'only').action(async (options: ExportOptions) => {
    const terminal = terminalFor(options, surroundings)
    const workspace = findWorkspace(options, surroundings.folder)
    const { seed } = readConfig(workspace, {} as StudyOptions)
    const store = openWorkspaceStore(workspace, false)
    try {
      const { format } = options
      if (isSetFormat(format))
        return await toSetFormat(store, options, format, seed, workspace, terminal, surroundings)
      const wanted = wantedTables(store, options, format, seed)
      if (options.out === '-') return await toStdout(store, wanted, surroundings)
      const folder =
        options.out === undefined
          ? join(workspace, 'exports', options.format)
          : resolve(surroundings.folder, options.out)
      const files = await told(
        terminal,
        exportTables(store, wanted, folder, packageVersion(), surroundings.signal),
      )
      if (options.json) terminal.printJson({ folder, files })
      else
        terminal.print(
          ...files.map(({ file, rows }) => join(folder, file) + `   ${rows.toLocaleString('en')} rows`),
          ...(format === 'huggingface' ? [join(folder, 'README.md')] : []),
          join(folder, 'data-dictionary.json'),
          join(folder, 'manifest.json'),
        )
    } finally {
      store.close()
    }
  })
}

function wantedTables(store: Store, options: ExportOptions, format: TableFormat, seed: number): TableExport {
  const { columns, minScore } = options
  const sets = options.set === undefined ? store.featureSets.all() : [findSet(store, options.set)]
  if (sets.length === 0)
    throw new UsageError('set-missing', 'expected a feature set to export, found none; run gloss run first')
  return {
    format,
    tables: tableNames(options),
    columns: columns ?? null,
    sets,
    selection: selectionOf({ color: true, ...(options.only === undefined ? {} : { only: options.only }) }),
    scorers: options.scorer ?? null,
    minimum: minScore ?? null,
    seed,
  }
}

/** Another tool's layout of one set. @throws {UsageError} `tables-only` */
async function toSetFormat(
  store: Store,
  options: ExportOptions,
  format: SetFormat,
  seed: number,
  workspace: string,
  terminal: Terminal,
  { folder, signal }: Surroundings,
): Promise<void> {
  const own = (['tables', 'columns', 'scorer', 'minScore'] as const).find(
    (name) => options[name] !== undefined,
  )
  if (own !== undefined || options.out === '-')
    throw new UsageError(
      'tables-only',
      `expected --format ${format} with --set, --only and a folder, found ${own === undefined ? '--out -' : `--${own === 'minScore' ? 'min-score' : own}`}; it has a layout of its own`,
    )
  const set =
    options.set === undefined ? currentSet({ store, folder: workspace }) : findSet(store, options.set)
  const selection = selectionOf({
    color: true,
    ...(options.only === undefined ? {} : { only: options.only }),
  })
  const out = options.out === undefined ? join(workspace, 'exports', format) : resolve(folder, options.out)
  const events = SET_FORMATS[format](store, { set, selection, seed, version: packageVersion() }, out, signal)
  let saidAt = performance.now()
  for (;;) {
    const next = await events.next()
    if (next.done) {
      const { folder: written, features, batches } = next.value
      if (options.json) terminal.printJson(next.value)
      else terminal.print(`${written}   ${features.toLocaleString('en')} features in ${batches} batches`)
      return
    }
    if (performance.now() - saidAt < PROGRESS_MILLISECONDS) continue
    terminal.say(`export: ${next.value.toLocaleString('en')} features`)
    saidAt = performance.now()
  }
}

/** A dataset has all; other formats leave out what is large. */
function usualTables(format: ExportOptions['format']): readonly TableName[] {
  return format === 'huggingface' ? TABLE_NAMES : TABLE_NAMES.filter((name) => !SPECIAL_TABLES.includes(name))
}

/** @throws {UsageError} `table-unknown` */
function tableNames({ tables, format }: ExportOptions): TableName[] {
  const named = tables ?? (format === 'markdown' ? ['scores'] : usualTables(format))
  const unknown = named.find((name) => name !== 'all' && !(TABLE_NAMES as readonly string[]).includes(name))
  if (unknown !== undefined)
    throw new UsageError(
      'table-unknown',
      `expected tables among ${TABLE_NAMES.join(', ')} and all, found ${JSON.stringify(unknown)}`,
    )
  return TABLE_NAMES.filter((name) => named.includes(name) || named.includes('all'))
}

/** @throws {UsageError} `stdout-one-table` */
async function toStdout(store: Store, wanted: TableExport, { stdout }: Surroundings): Promise<void> {
  const [table, ...others] = wanted.tables
  if (table === undefined || others.length > 0)
    throw new UsageError(
      'stdout-one-table',
      `expected one table with --out -, found ${wanted.tables.join(', ')}; name it with --tables`,
    )
  const write = (bytes: Uint8Array): Promise<void> | undefined =>
    stdout.write(bytes) ? undefined : new Promise((done) => void stdout.once('drain', done))
  for await (const _ of streamTable(store, wanted, table, { write })) if (!stdout.writable) return
}

/** Says how far a long export is. */
async function told<Result>(
  terminal: Terminal,
  progress: AsyncGenerator<ExportProgress, Result>,
): Promise<Result> {
  let saidAt = performance.now()
  for (;;) {
    const next = await progress.next()
    if (next.done) return next.value
    const { table, rows, bytes, done } = next.value
    if (done || performance.now() - saidAt < PROGRESS_MILLISECONDS) continue
    terminal.say(`export: ${table} ${rows.toLocaleString('en')} rows  ${(bytes / 1e6).toFixed(1)} MB`)
    saidAt = performance.now()
  }
}

function names(text: string): string[] {
  const found = text.split(',').map((name) => name.trim())
  if (found.includes('')) throw new InvalidArgumentError('expected names with commas between them')
  return found
}

function score(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(value)) throw new InvalidArgumentError('expected a number, such as 0.5')
  return value
}
