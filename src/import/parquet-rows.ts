import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet'
import { DataError } from '../core/errors.ts'

/** A file that is read in pieces. */
export type RandomAccess = AsyncBuffer

/**
 * The rows of a Parquet file, a row group in memory at a time.
 * @throws {DataError} `parquet-malformed`
 */
export async function* parquetRows(file: RandomAccess, source: string): AsyncGenerator {
  const malformed = (error: unknown): DataError =>
    new DataError('parquet-malformed', `${source} is no whole Parquet file; copy or download it again`, {
      cause: error,
    })
  let groups: number[]
  let columns: string[]
  try {
    const metadata = await parquetMetadataAsync(file)
    groups = metadata.row_groups.map(({ num_rows: rows }) => Number(rows))
    columns = parquetSchema(metadata).children.map(({ element }) => element.name)
  } catch (error) {
    throw malformed(error)
  }
  let first = 0
  for (const rows of groups) {
    let read: Record<string, unknown>[]
    try {
      read = await parquetReadObjects({ file, rowStart: first, rowEnd: first + rows })
    } catch (error) {
      throw malformed(error)
    }
    // A list that is null in all rows of a group is not read at all.
    for (const row of read) yield Object.fromEntries(columns.map((name) => [name, row[name] ?? null]))
    first += rows
  }
}
