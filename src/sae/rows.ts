/** Operations on the rows of a matrix, in place. */

/** Removes from each gradient row its component along the unit-norm row of the parameter. */
export function removeParallelPart(gradient: Float32Array, rows: Float32Array, width: number): void {
  for (let start = 0; start < rows.length; start += width) {
    let along = 0
    for (let i = start; i < start + width; i++) along += gradient[i]! * rows[i]!
    for (let i = start; i < start + width; i++) gradient[i]! -= along * rows[i]!
  }
}

/** Gives every row unit norm; a row of zeros stays. */
export function normalizeRows(rows: Float32Array, width: number): void {
  for (let start = 0; start < rows.length; start += width) {
    let squares = 0
    for (let i = start; i < start + width; i++) squares += rows[i]! * rows[i]!
    const inverse = squares > 0 ? 1 / Math.sqrt(squares) : 0
    for (let i = start; i < start + width; i++) rows[i]! *= inverse
  }
}

/** The transpose [columns, rows] of a matrix [rows, columns]. */
export function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const transposed = new Float32Array(matrix.length)
  const block = 32
  // Small blocks keep both sides in the cache.
  for (let firstRow = 0; firstRow < rows; firstRow += block)
    for (let firstColumn = 0; firstColumn < columns; firstColumn += block)
      for (let row = firstRow; row < Math.min(rows, firstRow + block); row++)
        for (let column = firstColumn; column < Math.min(columns, firstColumn + block); column++)
          transposed[column * rows + row] = matrix[row * columns + column]!
  return transposed
}

/** Rows of `from` columns as rows of `to` columns: cut, or filled with zeros. */
export function resizeRows(matrix: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return matrix.slice()
  const rows = matrix.length / from
  const resized = new Float32Array(rows * to)
  for (let row = 0; row < rows; row++)
    resized.set(matrix.subarray(row * from, row * from + Math.min(from, to)), row * to)
  return resized
}
