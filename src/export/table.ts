import type { Json } from '../core/hash.ts'

/** What the cells of a column hold. Any of them may be null. `json` is a nested value, a text where a format has none. */
export type ColumnType =
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'strings'
  | 'integers'
  | 'numbers'
  | 'json'

/** A column of an exported table, as the data dictionary describes it. */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  /** Of numbers; null for what has none. */
  readonly unit: string | null
  readonly description: string
}

/** The cells of a row in the order of the columns that are exported. */
export type Row = readonly Json[]

/** Turns rows into the bytes of a file, piece by piece, so that memory does not grow with the table. */
export interface TableEncoder {
  /** What stands before the first row. */
  begin(): Uint8Array
  rows(rows: readonly Row[]): Uint8Array
  /** What stands after the last row. */
  end(): Uint8Array
}

/** The columns that are wanted, in the order in which they were named; all without names. */
export function pickColumns(columns: readonly Column[], names: readonly string[] | null): Column[] {
  if (names === null) return [...columns]
  const known = new Map(columns.map((column) => [column.name, column]))
  return names.flatMap((name) => known.get(name) ?? [])
}

/** Whether cells of this type are lists or objects. */
export function isNested(type: ColumnType): boolean {
  return type === 'strings' || type === 'integers' || type === 'numbers' || type === 'json'
}
