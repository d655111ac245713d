import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import {
  OWN_ROWS,
  type OwnManifest,
  ownManifestSchema,
  type OwnRow,
  type OwnTable,
} from '../import/own-tables.ts'
import { parquetRows, type RandomAccess } from '../import/parquet-rows.ts'
import { DataError, UsageError } from '../core/errors.ts'
import { readError, readText } from '../core/files.ts'
import { sha256OfFiles } from '../core/hash.ts'
import { describeIssues, parseJson } from '../core/parse.ts'
import { TABLES_FOLDER } from './tables-beside.ts'

/** Tables that were exported, checked against their manifest; rows are read as they are asked for. */
export interface OwnTables {
  readonly manifest: OwnManifest
  /** The rows of a table in the order of the file; none where it was not exported. */
  rows<Table extends OwnTable>(table: Table): AsyncGenerator<OwnRow<Table>>
}

/** What features cannot be read back without. */
const NEEDED: readonly OwnTable[] = ['features', 'vocabulary']
const READ_BYTES = 1 << 20
const LINE_FEED = 10

/** The folder of our own tables at a path: itself, or the one that stands in another tool's layout; null for neither. */
export function ownTablesFolder(path: string): string | null {
  return (
    [path, join(path, TABLES_FOLDER)].find((folder) => {
      const manifest = join(folder, 'manifest.json')
      return existsSync(manifest) && readText(manifest, 'a manifest').includes('"gloss tables"')
    }) ?? null
  )
}

/**
 * Opens tables that `gloss export` wrote as JSON lines or Parquet.
 * @throws {DataError} `tables-changed` where a file is not the one of the manifest
 * @throws {UsageError} `tables-missing` where the export lacks what is needed
 */
export function openOwnTables(path: string): OwnTables {
  const folder = ownTablesFolder(path)
  if (folder === null)
    throw new UsageError(
      'tables-missing',
      `expected manifest.json and tables of gloss export in ${path}, found none; an export that was cut short has no manifest: run it again`,
    )
  const at = join(folder, 'manifest.json')
  const manifest = parseJson(readText(at, 'a manifest'), ownManifestSchema, at)
  const files = new Map(manifest.files.map((one) => [one.table, one]))
  const missing = NEEDED.filter((table) => !files.has(table))
  if (missing.length > 0)
    throw new UsageError(
      'tables-missing',
      `expected the tables ${NEEDED.join(' and ')} in ${folder}, found no ${missing.join(' and no ')}; export with --tables all`,
    )
  for (const table of Object.keys(OWN_ROWS)) {
    const one = files.get(table)
    if (!one) continue
    const file = join(folder, one.file)
    if (!['.jsonl', '.parquet'].includes(extname(file)))
      throw new UsageError(
        'tables-missing',
        `expected tables as jsonl or parquet in ${folder}, found ${one.file}, which has no types; export with --format jsonl --tables all`,
      )
    if (sha256OfFiles([file]) !== one.sha256)
      throw new DataError(
        'tables-changed',
        `expected ${file} as the manifest beside it describes it, found other content; copy or export it again`,
      )
  }
  return {
    manifest,
    async *rows(table) {
      const one = files.get(table)
      if (!one) return
      const file = join(folder, one.file)
      const rows = extname(file) === '.parquet' ? parquetRows(openFile(file), file) : jsonLines(file)
      let number = 0
      for await (const row of rows) {
        number++
        const checked = OWN_ROWS[table].safeParse(row)
        if (!checked.success)
          throw new DataError(
            'row-schema',
            `row ${number} of ${file} does not have the expected form: ${describeIssues(checked.error)}`,
          )
        yield checked.data as OwnRow<typeof table>
      }
    },
  }
}

function openFile(path: string): RandomAccess {
  return {
    byteLength: statSync(path).size,
    slice: (start, end = statSync(path).size) => {
      const bytes = Buffer.alloc(end - start)
      const descriptor = openSync(path, 'r')
      try {
        readSync(descriptor, bytes, 0, bytes.length, start)
      } finally {
        closeSync(descriptor)
      }
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
    },
  }
}

/** The values of the lines of a file, whatever its size. */
function* jsonLines(path: string): Generator {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (error) {
    throw readError(error, path, 'a table')
  }
  const piece = Buffer.alloc(READ_BYTES)
  let rest: Buffer = Buffer.alloc(0)
  let number = 0
  const parse = (line: Buffer): unknown => {
    number++
    try {
      return JSON.parse(line.toString('utf8')) as unknown
    } catch (error) {
      throw new DataError('json-malformed', `line ${number} of ${path} is no valid JSON; copy it again`, {
        cause: error,
      })
    }
  }
  try {
    for (let read = readSync(descriptor, piece); read > 0; read = readSync(descriptor, piece)) {
      const bytes = Buffer.concat([rest, piece.subarray(0, read)])
      let start = 0
      for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
        if (end > start) yield parse(bytes.subarray(start, end))
        start = end + 1
      }
      rest = bytes.subarray(start)
    }
    if (rest.length > 0) yield parse(rest)
  } finally {
    closeSync(descriptor)
  }
}
