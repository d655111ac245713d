/**
 * Which of many tests hold at a false discovery rate (Benjamini and Hochberg 1995): with p in ascending order, all up
 * to the last for which p_(i) ≤ i · rate / m.
 *
 * @returns for each p, in the given order, whether it holds
 * @example
 * discoveries([0.01, 0.04, 0.03, 0.5], 0.05) // [true, false, false, false]
 */
export function discoveries(p: readonly number[], rate: number): boolean[] {
  const sorted = Float64Array.from(p).toSorted()
  let threshold = Number.NEGATIVE_INFINITY
  for (let rank = sorted.length; rank > 0; rank--)
    if (sorted[rank - 1]! <= (rank * rate) / sorted.length) {
      threshold = sorted[rank - 1]!
      break
    }
  return p.map((one) => one <= threshold)
}
