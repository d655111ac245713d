import { examplesOfTokens, flatTokens, type Grouped, groupValues } from './grouped-values.ts'

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
  const flat = flatTokens(truth)
  const exampleOf = examplesOfTokens(truth, flat.length)
  const placeOf = new Int32Array(flat.length).fill(-1)
  const grouped = groupValues(flat)
  const ofTruth = layTruth(grouped, exampleOf, placeOf)
  const sets = predictions.map((one) => groupValues(flatTokens(one)))
  const laid = new Int32Array(sets.reduce((sum, set) => sum + mostRoom(set), 0))
  const cursors = new Int32Array(2 * sets.reduce((most, { groups }) => Math.max(most, groups), 0))
  let end = 0
  for (const set of sets) end = layPredictions(set, exampleOf, placeOf, laid, end, cursors)
  return {
    lengths: Int32Array.from(truth, ({ length }) => length),
    truth: ofTruth,
    places: ofTruth[2]! + ofTruth[3]!,
    predictions: laid.subarray(0, end),
    sets: sets.length,
    constant: sets.map(({ groups }) => groups <= 1),
  }
}

/** The group that is visited as number `run`: those below the base from the smallest, then those above from the largest. */
function visited({ groups, base }: Grouped, run: number): number {
  return run < base ? run : groups - 1 - (run - base)
}

/** How many values are not in the base. */
function outside({ groups, base, groupOf, sizes }: Grouped): number {
  return groups === 0 ? 0 : groupOf.length - sizes[base]!
}

/** @param placeOf receives each token's place among those outside the base */
function layTruth(grouped: Grouped, exampleOf: Int32Array, placeOf: Int32Array): Int32Array {
  const { groups, base, groupOf, sizes } = grouped
  const runs = Math.max(groups - 1, 0)
  const places = outside(grouped)
  const first = 4 + runs
  const laid = new Int32Array(first + places)
  const starts = new Int32Array(groups)
  let place = 0
  let below = 0
  for (let run = 0; run < runs; run++) {
    const group = visited(grouped, run)
    starts[group] = place
    laid[4 + run] = sizes[group]!
    place += sizes[group]!
    if (run < base) below = place
  }
  laid[0] = base
  laid[1] = runs - base
  laid[2] = below
  laid[3] = places - below
  for (let token = 0; token < groupOf.length; token++) {
    const group = groupOf[token]!
    if (group === base) continue
    const at = starts[group]!++
    placeOf[token] = at
    laid[first + at] = exampleOf[token]! * STRIDE
  }
  return laid
}

/** What {@link layPredictions} needs at most: where every token is outside the truth's base as well. */
function mostRoom(set: Grouped): number {
  return 2 + 2 * set.groups + 2 * outside(set)
}

/**
 * @param placeOf each token's place among those outside the truth's base, −1 for those inside
 * @param laid receives the set from `start` on
 * @param cursors room for two numbers a group
 * @returns where the set ends
 */
function layPredictions(
  set: Grouped,
  exampleOf: Int32Array,
  placeOf: Int32Array,
  laid: Int32Array,
  start: number,
  cursors: Int32Array,
): number {
  const { groups, base, groupOf, sizes } = set
  const runs = Math.max(groups - 1, 0)
  cursors.fill(0)
  for (let token = 0; token < groupOf.length; token++)
    if (placeOf[token]! >= 0) cursors[2 * groupOf[token]! + 1]!++
  let at = start
  laid[at++] = base
  laid[at++] = runs - base
  for (let run = 0; run < runs; run++) {
    const group = visited(set, run)
    const overlaps = cursors[2 * group + 1]!
    laid[at++] = sizes[group]!
    laid[at++] = overlaps
    cursors[2 * group] = at
    at += sizes[group]!
    cursors[2 * group + 1] = at
    at += overlaps
  }
  for (let token = 0; token < groupOf.length; token++) {
    const group = groupOf[token]!
    if (group === base) continue
    laid[cursors[2 * group]!++] = exampleOf[token]! * STRIDE
    if (placeOf[token]! >= 0) laid[cursors[2 * group + 1]!++] = placeOf[token]! * STRIDE
  }
  return at
}
