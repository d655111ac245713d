/**
 * Numbers features by the connected component that they belong to, from 0, in the order of each component's first
 * feature. Features in no pair are components of their own.
 * @param pairs [a₀, b₀, a₁, b₁, …]
 */
export function connectedComponents(count: number, pairs: ArrayLike<number>): Uint32Array {
  const parents = Uint32Array.from({ length: count }, (_, feature) => feature)
  const rootOf = (feature: number): number => {
    let root = feature
    while (parents[root] !== root) {
      parents[root] = parents[parents[root]!]!
      root = parents[root]!
    }
    return root
  }
  for (let i = 0; i < pairs.length; i += 2) {
    const [a, b] = [rootOf(pairs[i]!), rootOf(pairs[i + 1]!)]
    parents[Math.max(a, b)] = Math.min(a, b)
  }
  const labels = new Uint32Array(count)
  let components = 0
  for (let feature = 0; feature < count; feature++) {
    const root = rootOf(feature)
    labels[feature] = root === feature ? components++ : labels[root]!
  }
  return labels
}
