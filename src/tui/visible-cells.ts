/** A token of a window as it is laid out. */
export interface TokenCell {
  /** 0 for silent tokens. */
  readonly strength: number
  readonly columns: number
}

/**
 * Which cells of a window fit into a line: the first ones, or as many later as it takes to see the strongest. A column
 * is kept at either end where cells are left out.
 * @returns the first one and the one behind the last
 */
export function visibleCells(
  cells: readonly TokenCell[],
  room: number,
): readonly [first: number, end: number] {
  const most = Math.max(0, ...cells.map(({ strength }) => strength))
  const strongest = most === 0 ? 0 : cells.findIndex(({ strength }) => strength === most)
  const fits = (from: number, to: number): boolean => {
    const columns = cells.slice(from, to).reduce((sum, cell) => sum + cell.columns, 0)
    return columns + Number(from > 0) + Number(to < cells.length) <= room
  }
  let first = 0
  while (first < strongest && !fits(first, strongest + 1)) first++
  let end = Math.min(cells.length, first + 1)
  while (end < cells.length && fits(first, end + 1)) end++
  return [first, end]
}
