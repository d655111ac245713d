import type { SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { Json } from '../core/hash.ts'
import type { Column, ColumnType, Row, TableEncoder } from './table.ts'

/** Rows of a row group: what is in memory at a time. */
export const PARQUET_ROWS = 5_000

/**
 * Parquet with typed, nullable columns, lists as LIST, Snappy, statistics, a row group for every {@link PARQUET_ROWS} rows.
 * Descriptions of the columns travel in the file's key-value metadata.
 */
export class ParquetEncoder implements TableEncoder {
  readonly #columns: readonly Column[]
  readonly #bytes = new ByteWriter()
  readonly #writer: ParquetWriter
  #waiting: Row[] = []

  constructor(columns: readonly Column[]) {
    this.#columns = columns
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: [{ name: 'root', num_children: columns.length }, ...columns.flatMap(schemaOf)],
      createdBy: 'gloss',
      kvMetadata: [{ key: 'gloss.columns', value: JSON.stringify(columns) }],
    })
  }

  begin(): Uint8Array {
    return this.#take()
  }

  rows(rows: readonly Row[]): Uint8Array {
    this.#waiting.push(...rows)
    while (this.#waiting.length >= PARQUET_ROWS) this.#write(this.#waiting.splice(0, PARQUET_ROWS))
    return this.#take()
  }

  end(): Uint8Array {
    if (this.#waiting.length > 0) this.#write(this.#waiting.splice(0))
    void this.#writer.finish()
    return this.#take()
  }

  #write(rows: readonly Row[]): void {
    void this.#writer.write({
      columnData: this.#columns.map(({ name, type }, index) => ({
        name,
        data: rows.map((row) => parquetCell(type, row[index] ?? null)),
      })),
      rowGroupSize: PARQUET_ROWS,
    })
  }

  /** What was written since the last time. */
  #take(): Uint8Array {
    const taken = this.#bytes.getBytes().slice()
    this.#bytes.index = 0
    return taken
  }
}

function parquetCell(type: ColumnType, cell: Json): unknown {
  return cell !== null && type === 'json' ? JSON.stringify(cell) : cell
}

/** The logical and physical types of scalars. */
const SCALARS = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  json: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  integer: { type: 'INT32' },
  number: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
} as const

const ELEMENTS = { strings: 'string', integers: 'integer', numbers: 'number' } as const

function schemaOf({ name, type }: Column): SchemaElement[] {
  if (type === 'strings' || type === 'integers' || type === 'numbers')
    return [
      { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', repetition_type: 'OPTIONAL', ...SCALARS[ELEMENTS[type]] },
    ]
  return [{ name, repetition_type: 'OPTIONAL', ...SCALARS[type] }]
}
