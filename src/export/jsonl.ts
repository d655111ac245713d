import type { Column, Row, TableEncoder } from './table.ts'

/** One JSON object a line, with the columns in their order; nothing is lost. */
export class JsonlEncoder implements TableEncoder {
  readonly #columns: readonly Column[]

  constructor(columns: readonly Column[]) {
    this.#columns = columns
  }

  begin(): Uint8Array {
    return new Uint8Array()
  }

  rows(rows: readonly Row[]): Uint8Array {
    const names = this.#columns.map(({ name }) => name)
    return Buffer.from(rows.map((row) => `${JSON.stringify(pick(row, names))}\n`).join(''))
  }

  end(): Uint8Array {
    return new Uint8Array()
  }
}

function pick(row: Row, names: readonly string[]): Row {
  return Object.fromEntries(names.map((name) => [name, row[name] ?? null]))
}
