import { RepeatedCells } from './repeated-cells.ts'
import type { Column, Row, TableEncoder } from './table.ts'

/** One JSON object a line, with the columns in their order; nothing is lost. */
export class JsonlEncoder implements TableEncoder {
  /** What stands before each cell. */
  readonly #keys: readonly string[]
  readonly #cells: RepeatedCells

  constructor(columns: readonly Column[]) {
    this.#keys = columns.map(({ name }, index) => `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`)
    this.#cells = new RepeatedCells(columns, (_type, cell) => JSON.stringify(cell))
  }

  begin(): Uint8Array {
    return new Uint8Array()
  }

  rows(rows: readonly Row[]): Uint8Array {
    let text = ''
    for (const row of rows) {
      const cells = this.#cells.of(row)
      for (const [index, key] of this.#keys.entries()) text += key + cells[index]!
      text += '}\n'
    }
    return Buffer.from(text)
  }

  end(): Uint8Array {
    return new Uint8Array()
  }
}
