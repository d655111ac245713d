import type { Json } from '../core/hash.ts'
import type { Column, ColumnType, Row } from './table.ts'

/**
 * The cells of rows as texts. Most cells of a column that holds no numbers are those of the row before (hashes, models,
 * explanations), so what a column's last cell became is kept.
 */
export class RepeatedCells {
  readonly #types: readonly ColumnType[]
  readonly #encode: (type: ColumnType, cell: Json) => string
  readonly #last: Json[]
  readonly #texts: string[]

  /** @param encode what a cell becomes, from its type and value alone */
  constructor(columns: readonly Column[], encode: (type: ColumnType, cell: Json) => string) {
    this.#types = columns.map(({ type }) => type)
    this.#encode = encode
    this.#last = columns.map(() => null)
    this.#texts = columns.map(({ type }) => encode(type, null))
  }

  /** The texts of a row's cells; the same array every time. */
  of(row: Row): readonly string[] {
    for (const [index, type] of this.#types.entries()) {
      const cell = row[index] ?? null
      // Lists that were changed in place would be the same object, but no row is ever changed.
      if (cell === this.#last[index]) continue
      this.#last[index] = cell
      this.#texts[index] = this.#encode(type, cell)
    }
    return this.#texts
  }
}
