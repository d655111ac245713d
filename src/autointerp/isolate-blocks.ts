import { hash32, Random } from '../core/random.ts'

/** A feature in a block. */
export interface BlockMember {
  readonly feature: number
  /** The one whose explanation stands in for its own in the shuffled control. */
  readonly partner: number | null
  /**
   * Whether it has the blank control, whose calls it then shares too. Null in blocks from before such calls were shared:
   * it is asked for alone there, and features without a partner are left out of the shuffled control's calls.
   */
  readonly blank: boolean | null
}

/** Features whose examples share calls, one example each. */
export type IsolateBlock = readonly BlockMember[]

/** One call: an example of each of several features, by its index among the feature's. */
export type IsolatedCall = readonly (readonly [feature: number, example: number])[]

/**
 * The blocks that planned features belong to. A feature that has one keeps it, whoever is planned beside it, so that the
 * calls of an earlier run are found again; the others are put into new ones, in an order drawn from the seed: those
 * with a blank control first, so that few blocks have one.
 *
 * @returns the blocks with a planned feature in them, known ones first
 */
export function planBlocks(
  known: readonly IsolateBlock[],
  planned: readonly BlockMember[],
  size: number,
  seed: number,
): IsolateBlock[] {
  const wanted = new Set(planned.map(({ feature }) => feature))
  const needed = known.filter((block) => block.some(({ feature }) => wanted.has(feature)))
  const placed = new Set(needed.flatMap((block) => block.map(({ feature }) => feature)))
  const fresh = planned
    .filter(({ feature }) => !placed.has(feature))
    .toSorted(
      (a, b) =>
        Number(b.blank) - Number(a.blank) ||
        hash32(seed, a.feature) - hash32(seed, b.feature) ||
        a.feature - b.feature,
    )
  for (let first = 0; first < fresh.length; first += size) needed.push(fresh.slice(first, first + size))
  return needed
}

/**
 * Deals the examples of a block's features to calls: each feature's in an order of its own, one a call. A call that fails
 * costs every feature one example.
 *
 * @param members features with the number of their examples
 */
export function dealBlock(
  members: readonly (readonly [feature: number, examples: number])[],
  seed: number,
): IsolatedCall[] {
  const orders = members.map(([feature, count]) => ({
    feature,
    order: new Random(seed, 'isolate', feature).shuffle(Array.from({ length: count }, (_, i) => i)),
  }))
  const calls = Math.max(0, ...members.map(([, count]) => count))
  return Array.from({ length: calls }, (_, call) => {
    const dealt = orders.flatMap(({ feature, order }): IsolatedCall =>
      call < order.length ? [[feature, order[call]!]] : [],
    )
    // Where a feature stands in a call is not to tell anything either.
    return new Random(seed, 'isolated call', members[0]![0], call).shuffle([...dealt])
  })
}
