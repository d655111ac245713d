import { sampleRankCorrelation } from 'simple-statistics'

/** Spearman's rank correlation with average ranks for ties; null where a side is constant or there are no two pairs. */
export function spearmanRho(pairs: readonly (readonly [number, number])[]): number | null {
  const x = pairs.map(([a]) => a)
  const y = pairs.map(([, b]) => b)
  if (new Set(x).size < 2 || new Set(y).size < 2) return null
  return Math.min(1, Math.max(-1, sampleRankCorrelation(x, y)))
}

/**
 * Kendall's τ_b: (concordant − discordant) / √((n₀ − ties in x)(n₀ − ties in y)), n₀ = n(n−1)/2, counted by merge
 * sort (Knight 1966).
 * @returns null where a side is constant or there are no two pairs
 */
export function kendallTau(pairs: readonly (readonly [number, number])[]): number | null {
  const sorted = pairs.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])
  const all = pairsOf(sorted.length)
  const tiesX = tiedPairs(sorted.map(([x]) => x))
  const tiesBoth = tiedPairs(sorted, (a, b) => a[0] === b[0] && a[1] === b[1])
  const y = sorted.map(([, second]) => second)
  const discordant = sortCountingSwaps(y)
  const tiesY = tiedPairs(y)
  const scale = Math.sqrt((all - tiesX) * (all - tiesY))
  return scale > 0 ? (all - tiesX - tiesY + tiesBoth - 2 * discordant) / scale : null
}

function pairsOf(count: number): number {
  return (count * (count - 1)) / 2
}

/** Pairs of equal elements of a sorted list. */
function tiedPairs<T>(sorted: readonly T[], equal: (a: T, b: T) => boolean = Object.is): number {
  let ties = 0
  let run = 1
  for (let i = 1; i <= sorted.length; i++) {
    if (i < sorted.length && equal(sorted[i - 1]!, sorted[i]!)) run++
    else {
      ties += pairsOf(run)
      run = 1
    }
  }
  return ties
}

/** Sorts numbers in place and counts the pairs that were in the wrong order. */
function sortCountingSwaps(values: number[]): number {
  if (values.length < 2) return 0
  const left = values.slice(0, values.length >> 1)
  const right = values.slice(values.length >> 1)
  let swaps = sortCountingSwaps(left) + sortCountingSwaps(right)
  let i = 0
  let j = 0
  for (let place = 0; place < values.length; place++) {
    if (j === right.length || (i < left.length && left[i]! <= right[j]!)) values[place] = left[i++]!
    else {
      swaps += left.length - i
      values[place] = right[j++]!
    }
  }
  return swaps
}
