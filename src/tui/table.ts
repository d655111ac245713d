import type { Style } from './style.ts'
import { pad, truncate, widthOf } from './text.ts'

/** A column of a table. Cells hold escaped text; `style` is applied after the cell has its width. */
export interface Column<Row> {
  readonly header: string
  readonly align?: 'left' | 'right'
  /** Columns with a weight share the width that the others leave, in proportion. */
  readonly weight?: number
  /** Left out where the width does not do for all columns; of several, the largest number first. */
  readonly dispensable?: number
  readonly cell: (row: Row) => string
  readonly style?: (text: string, row: Row, style: Style) => string
}

interface Measured<Row> {
  readonly column: Column<Row>
  readonly cells: readonly string[]
  /** The width of its longest cell. */
  readonly natural: number
}

const GAP = '  '
/** Less than this of a text says nothing. */
const LEAST_WEIGHTED = 8

/** A table as lines of at most `width` columns: rigid columns as wide as their longest cell, others cut to fit. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  style: Style,
): string[] {
  const shown = columnsWithRoom(
    columns.map((column) => measure(column, rows)),
    width,
  )
  const widths = fit(shown, width - margins(shown.length))
  const line = (texts: readonly string[], decorate: (text: string, index: number) => string): string =>
    ` ${texts.map((text, index) => decorate(pad(truncate(text, widths[index]!), widths[index]!, shown[index]!.column.align), index)).join(GAP)}`.trimEnd()
  return [
    line(
      shown.map(({ column }) => column.header),
      (text) => style.dim(text),
    ),
    ...rows.map((row, place) =>
      line(
        shown.map(({ cells }) => cells[place]!),
        (text, index) => shown[index]!.column.style?.(text, row, style) ?? text,
      ),
    ),
  ]
}

function measure<Row>(column: Column<Row>, rows: readonly Row[]): Measured<Row> {
  const cells = rows.map((row) => column.cell(row))
  const natural = cells.reduce((widest, cell) => Math.max(widest, widthOf(cell)), widthOf(column.header))
  return { column, cells, natural }
}

/** Columns that hold no cell: the left margin and what stands between cells. */
function margins(columns: number): number {
  return 1 + GAP.length * (columns - 1)
}

function columnsWithRoom<Row>(all: readonly Measured<Row>[], width: number): readonly Measured<Row>[] {
  const least = all.reduce(
    (sum, { column, natural }) => sum + (column.weight ? Math.min(natural, LEAST_WEIGHTED) : natural),
    margins(all.length),
  )
  const most = Math.max(0, ...all.map(({ column }) => column.dispensable ?? 0))
  if (least <= width || most === 0) return all
  return columnsWithRoom(
    all.filter(({ column }) => column.dispensable !== most),
    width,
  )
}

function fit<Row>(columns: readonly Measured<Row>[], available: number): number[] {
  const widths = columns.map(({ natural }) => natural)
  const weightOf = (index: number): number => columns[index]!.column.weight ?? 0
  // Narrow columns first: what they do not need is shared by the wider ones.
  const flexible = [...widths.keys()]
    .filter((index) => weightOf(index) > 0)
    .toSorted((a, b) => widths[a]! / weightOf(a) - widths[b]! / weightOf(b))
  let left = available - widths.reduce((sum, width, index) => sum + (weightOf(index) > 0 ? 0 : width), 0)
  let weights = flexible.reduce((sum, index) => sum + weightOf(index), 0)
  for (const index of flexible) {
    const share = Math.floor((Math.max(0, left) * weightOf(index)) / weights)
    widths[index] = Math.min(widths[index]!, Math.max(share, 1))
    left -= widths[index]
    weights -= weightOf(index)
  }
  // Where even that is too wide, the widest columns are cut.
  for (; left < 0; left++) widths[widths.indexOf(Math.max(...widths))]!--
  return widths
}
