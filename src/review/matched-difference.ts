/** A value with the stratum it is compared within. */
export interface StratifiedValue {
  readonly stratum: string
  readonly value: number
}

/**
 * Cliff's δ within strata: P(a > b) − P(a < b) over pairs of one stratum, all such pairs together. With one stratum
 * it is the plain δ.
 *
 * @returns null where no stratum holds values of both sides
 */
export function matchedDelta(a: readonly StratifiedValue[], b: readonly StratifiedValue[]): number | null {
  const others = groupByStratum(b)
  let wins = 0
  let pairs = 0
  for (const { stratum, value } of a)
    for (const other of others.get(stratum) ?? []) {
      wins += Math.sign(value - other.value)
      pairs++
    }
  return pairs > 0 ? wins / pairs : null
}

function groupByStratum(values: readonly StratifiedValue[]): Map<string, StratifiedValue[]> {
  const groups = new Map<string, StratifiedValue[]>()
  for (const value of values) {
    const group = groups.get(value.stratum) ?? []
    group.push(value)
    groups.set(value.stratum, group)
  }
  return groups
}
