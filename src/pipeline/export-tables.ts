import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { CsvEncoder } from '../export/csv.ts'
import { datasetCard } from '../export/dataset-card.ts'
import { JsonlEncoder } from '../export/jsonl.ts'
import { MarkdownEncoder } from '../export/markdown.ts'
import { ParquetEncoder } from '../export/parquet.ts'
import { type Column, pickColumns, type Row, type TableEncoder } from '../export/table.ts'
import { TABLES, type TableName } from '../export/tables.ts'
import { StoppedError, UsageError } from '../core/errors.ts'
import { AtomicFile, writeFileAtomically } from '../core/files.ts'
import type { Selection } from '../core/selection.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
import { exportManifest, type WrittenTable } from './export-manifest.ts'
import { eventLoopTurn } from './sample.ts'
import { selectedFeatures } from './selected-features.ts'
import { kindOf } from './sets.ts'
import { type RowFilter, tableRows } from './table-rows.ts'

/** Formats of whole tables, each with the ending of its files. */
export const TABLE_FORMATS = {
  csv: 'csv',
  jsonl: 'jsonl',
  parquet: 'parquet',
  markdown: 'md',
  huggingface: 'parquet',
} as const
/** One of {@link TABLE_FORMATS}. */
export type TableFormat = keyof typeof TABLE_FORMATS

/** What is to be exported. */
export interface TableExport {
  readonly format: TableFormat
  readonly tables: readonly TableName[]
  /** The columns that are wanted of every table that has them; null for the usual ones. */
  readonly columns: readonly string[] | null
  readonly sets: readonly FeatureSetRecord[]
  readonly selection: Selection
  readonly scorers: readonly string[] | null
  readonly minimum: number | null
  readonly seed: number
}

/** How far a table is; `done` where its file has its name. */
export interface ExportProgress {
  readonly table: TableName
  readonly rows: number
  readonly bytes: number
  readonly done: boolean
}

/** Takes the bytes of a table. */
export interface ByteSink {
  write(bytes: Uint8Array): void | Promise<void>
}

/** Rows that are encoded together: few, so that they die young. */
const ROWS_AT_ONCE = 250

/** What is shown of a table where nobody says which columns: a page has room for few. */
const MARKDOWN_COLUMNS: Partial<Record<TableName, string>> = {
  features: 'set feature state density max firings token_share single_token top_tokens',
  explanations: 'set feature explainer explainer_llm explanation explanation_problem scores',
  scores:
    'set feature explainer explainer_llm explanation scorer protocol tier value low high n undefined control_shuffled ' +
    'control_tokenTable gain_tokenTable',
  ratings: 'session rubric rater item role set feature standing measure part value most text comment',
}

/**
 * Writes tables into a folder: a file for each, then the data dictionary, then the manifest, which is there exactly
 * when all that it names is whole. Same study, same bytes.
 */
export async function* exportTables(
  store: Store,
  wanted: TableExport,
  folder: string,
  version: string,
  signal: AbortSignal,
): AsyncGenerator<ExportProgress, readonly WrittenTable[]> {
  const columns = new Map(wanted.tables.map((table) => [table, columnsOf(wanted, table)]))
  const manifest = join(folder, 'manifest.json')
  const release = store.exports.holdSnapshot()
  try {
    rmSync(manifest, { force: true })
    const written: WrittenTable[] = []
    for (const table of wanted.tables) {
      const name = fileOf(wanted.format, table)
      const file = new AtomicFile(join(folder, name))
      const hash = createHash('sha256')
      let last: ExportProgress = { table, rows: 0, bytes: 0, done: false }
      const sink = (bytes: Uint8Array): void => {
        hash.update(bytes)
        file.write(bytes)
      }
      try {
        for await (last of encodeTable(store, wanted, table, columns.get(table)!, { write: sink })) {
          yield last
          if (signal.aborted)
            throw new StoppedError('stopped', 'stopped while exporting; run the same command again')
        }
      } catch (error) {
        file.abandon()
        throw error
      }
      file.commit()
      written.push({ file: name, table, rows: last.rows, bytes: last.bytes, sha256: hash.digest('hex') })
      yield { ...last, done: true }
    }
    const dictionary = [...columns].map(([table, described]) => ({ table, columns: described }))
    writeFileAtomically(join(folder, 'data-dictionary.json'), `${JSON.stringify(dictionary, null, 2)}\n`)
    if (wanted.format === 'huggingface')
      writeFileAtomically(join(folder, 'README.md'), describeDataset(store, wanted.sets, written, columns))
    writeFileAtomically(
      manifest,
      `${JSON.stringify(exportManifest(store, wanted.sets, version, written, describeFilters(wanted)), null, 2)}\n`,
    )
    return written
  } finally {
    release()
  }
}

/** A dataset's tables have folders of their own, so that one can be cut into several files by whoever publishes it. */
function fileOf(format: TableFormat, table: TableName): string {
  return format === 'huggingface' ? `${table}/train.parquet` : `${table}.${TABLE_FORMATS[format]}`
}

function describeDataset(
  store: Store,
  sets: readonly FeatureSetRecord[],
  written: readonly WrittenTable[],
  columns: ReadonlyMap<TableName, readonly Column[]>,
): string {
  return datasetCard(
    sets.map((set) => ({
      set: set.id,
      kind: kindOf(set),
      hook: set.hook,
      features: set.features,
      model: store.provenance.get(set.provenanceId).model,
    })),
    written.map(({ table, file, rows }) => ({ table, file, rows, columns: columns.get(table)! })),
  )
}

/** Writes one table to wherever bytes go, without dictionary and manifest. */
export async function* streamTable(
  store: Store,
  wanted: TableExport,
  table: TableName,
  sink: ByteSink,
): AsyncGenerator<ExportProgress> {
  const release = store.exports.holdSnapshot()
  try {
    yield* encodeTable(store, wanted, table, columnsOf(wanted, table), sink)
  } finally {
    release()
  }
}

async function* encodeTable(
  store: Store,
  wanted: TableExport,
  table: TableName,
  columns: readonly Column[],
  sink: ByteSink,
): AsyncGenerator<ExportProgress> {
  const encoder = encoderOf(wanted.format, columns)
  let rows = 0
  let bytes = 0
  const send = async (piece: Uint8Array): Promise<void> => {
    if (piece.length > 0) await sink.write(piece)
    bytes += piece.length
  }
  await send(encoder.begin())
  let waiting: Row[] = []
  for (const row of tableRows(store, wanted.sets, table, columns, filterOf(store, wanted))) {
    waiting.push(row)
    if (waiting.length < ROWS_AT_ONCE) continue
    rows += waiting.length
    await send(encoder.rows(waiting))
    waiting = []
    yield { table, rows, bytes, done: false }
    await eventLoopTurn()
  }
  rows += waiting.length
  await send(encoder.rows(waiting))
  await send(encoder.end())
  yield { table, rows, bytes, done: false }
}

function encoderOf(format: TableFormat, columns: readonly Column[]): TableEncoder {
  switch (format) {
    case 'csv':
      return new CsvEncoder(columns)
    case 'jsonl':
      return new JsonlEncoder(columns)
    case 'parquet':
    case 'huggingface':
      return new ParquetEncoder(columns)
    case 'markdown':
      return new MarkdownEncoder(columns)
    default:
      return format satisfies never
  }
}

/** @throws {UsageError} `column-unknown` */
function columnsOf({ format, tables, columns }: TableExport, table: TableName): Column[] {
  const all = TABLES[table]
  if (columns === null)
    return pickColumns(all, (format === 'markdown' && MARKDOWN_COLUMNS[table]?.split(' ')) || null)
  const known = new Set(tables.flatMap((one) => TABLES[one].map(({ name }) => name)))
  const unknown = columns.find((name) => !known.has(name))
  const picked = pickColumns(all, columns)
  if (unknown !== undefined || picked.length === 0)
    throw new UsageError(
      'column-unknown',
      `expected columns of ${unknown === undefined ? table : tables.join(', ')}, found ${JSON.stringify(unknown ?? columns.join(','))}; ${table} has ${all.map(({ name }) => name).join(', ')}`,
    )
  return picked
}

function filterOf(store: Store, { sets, selection, scorers, minimum, seed }: TableExport): RowFilter {
  if (selection.kind === 'all') return { wants: () => true, scorers, minimum }
  const selected = new Map(sets.map((set) => [set.id, selectedFeatures(store, { set, selection, seed })]))
  return { wants: (set, feature) => selected.get(set.id)!.has(feature), scorers, minimum }
}

function describeFilters({ format, selection, scorers, minimum, columns }: TableExport) {
  return {
    format,
    only: selection.kind === 'features' ? [...selection.features] : { ...selection },
    scorers,
    minimumScore: minimum,
    columns,
  }
}
