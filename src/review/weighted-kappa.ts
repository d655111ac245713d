/**
 * Cohen's kappa with quadratic weights for pairs of ratings on one scale: 1 − Σ o·(a−b)² / Σ e·(a−b)², e from the
 * margins (Cohen 1968). For two categories it is the unweighted kappa.
 *
 * @returns null for no pairs or where both margins are one and the same value
 */
export function weightedKappa(pairs: readonly (readonly [number, number])[]): number | null {
  let observed = 0
  let expected = 0
  for (const [a] of pairs) for (const [, b] of pairs) expected += (a - b) ** 2
  for (const [a, b] of pairs) observed += (a - b) ** 2
  return expected > 0 ? 1 - (observed * pairs.length) / expected : null
}
