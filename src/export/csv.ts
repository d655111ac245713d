import type { Json } from '../core/hash.ts'
import { RepeatedCells } from './repeated-cells.ts'
import { type Column, type ColumnType, isNested, type Row, type TableEncoder } from './table.ts'

/** What a spreadsheet takes for the beginning of a formula, in their full-width forms too. */
const FORMULA = /^[\s\p{Cc}]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/u

/** What RFC 4180 asks to quote, and what a reader could trim or take for the end of a line. */
const QUOTED = /[",\p{Cc}]|^\s|\s$|^$/u

/**
 * CSV by RFC 4180: a header, CRLF, quotes doubled, UTF-8. A text that a spreadsheet would run as a formula begins with
 * an apostrophe; numbers are left as they are. Null is an empty field, an empty text is `""`. Lists are JSON.
 */
export class CsvEncoder implements TableEncoder {
  readonly #columns: readonly Column[]
  readonly #cells: RepeatedCells

  constructor(columns: readonly Column[]) {
    this.#columns = columns
    this.#cells = new RepeatedCells(columns, csvCell)
  }

  begin(): Uint8Array {
    return Buffer.from(`${this.#columns.map(({ name }) => quoted(name)).join(',')}\r\n`)
  }

  rows(rows: readonly Row[]): Uint8Array {
    let text = ''
    for (const row of rows) text += `${this.#cells.of(row).join(',')}\r\n`
    return Buffer.from(text)
  }

  end(): Uint8Array {
    return new Uint8Array()
  }
}

/** A text that no spreadsheet runs. */
export function withoutFormula(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text
}

function csvCell(type: ColumnType, cell: Json): string {
  if (cell === null) return ''
  if (isNested(type)) return quoted(withoutFormula(JSON.stringify(cell)))
  if (typeof cell === 'string') return quoted(withoutFormula(cell))
  return typeof cell === 'object' ? quoted(JSON.stringify(cell)) : String(cell)
}

function quoted(text: string): string {
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
