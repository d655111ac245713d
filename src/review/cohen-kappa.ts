/**
 * Cohen's kappa for pairs of answers without an order: (p₀ − pₑ) / (1 − pₑ), p₀ the share of equal pairs, pₑ what the
 * margins give (Cohen 1960).
 *
 * @returns null for no pairs or where both margins are one and the same value
 * @example
 * cohenKappa([[0, 0], [0, 1], [1, 1], [1, 1]]) // 0.5
 */
export function cohenKappa(pairs: readonly (readonly [number, number])[]): number | null {
  const first = new Map<number, number>()
  const second = new Map<number, number>()
  let equal = 0
  for (const [a, b] of pairs) {
    first.set(a, (first.get(a) ?? 0) + 1)
    second.set(b, (second.get(b) ?? 0) + 1)
    if (a === b) equal++
  }
  const n = pairs.length
  const expected = [...first].reduce((sum, [value, count]) => sum + count * (second.get(value) ?? 0), 0)
  return n === 0 || expected === n * n ? null : (equal * n - expected) / (n * n - expected)
}
