import { type Grouped, groupValues } from './grouped-values.ts'

/** Bytes that the kernel reserves for eight resamples' numbers of one example or token. */
const STRIDE = 32

/** A truth and sets of predictions as the kernel of resampled ranks reads them: see `kernels/resampled-ranks.ts`. */
export interface RankedTokens {
  /** Tokens of each example. */
  readonly lengths: Int32Array
  readonly truth: Int32Array
  /** Tokens of the truth outside its base. */
  readonly places: number
  readonly predictions: Int32Array
  readonly sets: number
  /** Which sets are constant over all examples. */
  readonly constant: readonly boolean[]
}

/**
 * Lays out tokens by the groups of equal values that they are in, on either side.
 * @param truth activations by example and token
 * @param predictions sets of predictions for the same tokens
 */
export function rankedTokens(
  truth: readonly (readonly number[])[],
  predictions: readonly (readonly (readonly number[])[])[],
): RankedTokens {
  const grouped = groupValues(truth)
  const placeOf = new Int32Array(grouped.groupOf.length).fill(-1)
  const ofTruth = layTruth(grouped, placeOf)
  const sets = predictions.map((one) => groupValues(one))
  const laid = sets.map((one) => layPredictions(one, placeOf))
  const all = new Int32Array(laid.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const one of laid) {
    all.set(one, at)
    at += one.length
  }
  return {
    lengths: Int32Array.from(truth, ({ length }) => length),
    ...ofTruth,
    predictions: all,
    sets: sets.length,
    constant: sets.map(({ groups }) => groups <= 1),
  }
}

/** Groups in the order in which they are visited: below the base from the smallest, above it from the largest. */
function visitOrder({ groups, base }: Grouped): Int32Array {
  const order = new Int32Array(groups > 0 ? groups - 1 : 0)
  let at = 0
  for (let group = 0; group < base; group++) order[at++] = group
  for (let group = groups - 1; group > base; group--) order[at++] = group
  return order
}

/** @param placeOf receives each token's place among those outside the base */
function layTruth(grouped: Grouped, placeOf: Int32Array): { truth: Int32Array; places: number } {
  const { groups, base, groupOf, exampleOf, sizes } = grouped
  const order = visitOrder(grouped)
  const places = groups > 0 ? groupOf.length - sizes[base]! : 0
  const header = 4
  const truth = new Int32Array(header + order.length + places)
  const starts = new Int32Array(groups)
  let place = 0
  let below = 0
  for (let run = 0; run < order.length; run++) {
    const group = order[run]!
    if (run === base) below = place
    starts[group] = place
    truth[header + run] = sizes[group]!
    place += sizes[group]!
  }
  if (base >= order.length) below = place
  truth[0] = base
  truth[1] = order.length - base
  truth[2] = below
  truth[3] = places - below
  for (let token = 0; token < groupOf.length; token++) {
    const group = groupOf[token]!
    if (group === base) continue
    const at = starts[group]!++
    placeOf[token] = at
    truth[header + order.length + at] = exampleOf[token]! * STRIDE
  }
  return { truth, places }
}

/** @param placeOf each token's place among those outside the truth's base, −1 for those inside */
function layPredictions(grouped: Grouped, placeOf: Int32Array): Int32Array {
  const { groups, base, groupOf, exampleOf, sizes } = grouped
  const order = visitOrder(grouped)
  const overlaps = new Int32Array(groups)
  let total = 0
  for (let token = 0; token < groupOf.length; token++) {
    const group = groupOf[token]!
    if (group === base) continue
    total++
    if (placeOf[token]! >= 0) {
      overlaps[group]!++
      total++
    }
  }
  const laid = new Int32Array(2 + 2 * order.length + total)
  laid[0] = base
  laid[1] = order.length - base
  const tokenAt = new Int32Array(groups)
  const overlapAt = new Int32Array(groups)
  let at = 2
  for (const group of order) {
    laid[at++] = sizes[group]!
    laid[at++] = overlaps[group]!
    tokenAt[group] = at
    at += sizes[group]!
    overlapAt[group] = at
    at += overlaps[group]!
  }
  for (let token = 0; token < groupOf.length; token++) {
    const group = groupOf[token]!
    if (group === base) continue
    laid[tokenAt[group]!++] = exampleOf[token]! * STRIDE
    if (placeOf[token]! >= 0) laid[overlapAt[group]!++] = placeOf[token]! * STRIDE
  }
  return laid
}
