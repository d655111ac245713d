import { stringify } from 'csv-stringify/sync'
import { type Column, isNested, type Row, type TableEncoder } from './table.ts'

/** What a spreadsheet takes for the beginning of a formula, in their full-width forms too. */
const FORMULA = /^[\s\p{Cc}]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/u

/** What RFC 4180 or a reader's trimming asks to quote, beyond what csv-stringify quotes by itself. */
const QUOTED = /[\p{Cc}]|^\s|\s$/u

/**
 * CSV by RFC 4180: a header, CRLF, quotes doubled, UTF-8. A text that a spreadsheet would run as a formula begins with
 * an apostrophe; numbers are left as they are. Null is an empty field, an empty text is `""`. Lists are JSON.
 */
export class CsvEncoder implements TableEncoder {
  readonly #columns: readonly Column[]

  constructor(columns: readonly Column[]) {
    this.#columns = columns
  }

  begin(): Uint8Array {
    return lines([this.#columns.map(({ name }) => name)])
  }

  rows(rows: readonly Row[]): Uint8Array {
    return lines(rows.map((row) => this.#columns.map((column) => csvCell(column, row))))
  }

  end(): Uint8Array {
    return new Uint8Array()
  }
}

/** A text that no spreadsheet runs. */
export function withoutFormula(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text
}

function csvCell({ name, type }: Column, row: Row): string | null {
  const cell = row[name]
  if (cell == null) return null
  if (isNested(type)) return withoutFormula(JSON.stringify(cell))
  if (typeof cell === 'string') return withoutFormula(cell)
  return typeof cell === 'object' ? JSON.stringify(cell) : String(cell)
}

function lines(records: (string | null)[][]): Uint8Array {
  if (records.length === 0) return new Uint8Array()
  return Buffer.from(
    stringify(records, {
      record_delimiter: 'windows',
      quoted_match: QUOTED,
      // Null is no text and does not pass here.
      cast: { string: (value) => (value === '' ? { value, quoted_empty: true } : value) },
    }),
  )
}
