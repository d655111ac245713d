import type { Style } from './style.ts'
import { pad, truncate, widthOf } from './text.ts'

/** A column of a table. Cells hold escaped text; `style` is applied after the cell has its width. */
export interface Column<Row> {
  readonly header: string
  readonly align?: 'left' | 'right'
  /** Columns with a weight share the width that the others leave, in proportion. */
  readonly weight?: number
  readonly cell: (row: Row) => string
  readonly style?: (text: string, row: Row, style: Style) => string
}

const GAP = '  '

/** A table as lines of at most `width` columns: rigid columns as wide as their longest cell, others cut to fit. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  style: Style,
): string[] {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)))
  const natural = columns.map((column, index) =>
    Math.max(widthOf(column.header), ...cells.map((row) => widthOf(row[index]!))),
  )
  const widths = fit(columns, natural, width - GAP.length * (columns.length - 1) - 1)
  const line = (texts: readonly string[], decorate: (text: string, index: number) => string): string =>
    ` ${texts.map((text, index) => decorate(pad(truncate(text, widths[index]!), widths[index]!, columns[index]!.align), index)).join(GAP)}`.trimEnd()
  return [
    line(
      columns.map(({ header }) => header),
      (text) => style.dim(text),
    ),
    ...rows.map((row, place) =>
      line(cells[place]!, (text, index) => columns[index]!.style?.(text, row, style) ?? text),
    ),
  ]
}

function fit(
  columns: readonly { readonly weight?: number }[],
  natural: readonly number[],
  available: number,
): number[] {
  const rigid = natural.reduce((sum, width, index) => sum + (columns[index]!.weight ? 0 : width), 0)
  const widths = [...natural]
  let left = Math.max(0, available - rigid)
  let weights = columns.reduce((sum, { weight }) => sum + (weight ?? 0), 0)
  // Narrow columns first: what they do not need is shared by the wider ones.
  const flexible = columns
    .map((column, index) => ({ index, weight: column.weight ?? 0 }))
    .filter(({ weight }) => weight > 0)
    .toSorted((a, b) => natural[a.index]! / a.weight - natural[b.index]! / b.weight)
  for (const { index, weight } of flexible) {
    const share = Math.floor((left * weight) / weights)
    widths[index] = Math.min(natural[index]!, Math.max(share, 4))
    left -= widths[index]
    weights -= weight
  }
  return widths
}
