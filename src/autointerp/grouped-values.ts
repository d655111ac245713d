/** Values as groups of equal ones, numbered from the smallest value. The commonest group is the base. */
export interface Grouped {
  readonly groups: number
  readonly base: number
  /** Group of each value. */
  readonly groupOf: Int32Array
  /** How many values each group has. */
  readonly sizes: Int32Array
}

/** Values by example and token as one list; −0 is 0. */
export function flatTokens(values: readonly (readonly number[])[]): Float64Array {
  let length = 0
  for (const example of values) length += example.length
  const flat = new Float64Array(length)
  let token = 0
  for (const example of values)
    // Adding 0 makes one of both zeros.
    for (let index = 0; index < example.length; index++) flat[token++] = example[index]! + 0
  return flat
}

/** The example of each token of {@link flatTokens}. */
export function examplesOfTokens(values: readonly (readonly number[])[], tokens: number): Int32Array {
  const exampleOf = new Int32Array(tokens)
  let token = 0
  for (let example = 0; example < values.length; example++) {
    const end = token + values[example]!.length
    exampleOf.fill(example, token, end)
    token = end
  }
  return exampleOf
}

/** Groups values, none of which is −0. */
export function groupValues(values: Float64Array): Grouped {
  return groupLevels(values) ?? groupAny(values)
}

/** Levels are the whole numbers below this: most predictions are. */
const LEVELS = 64

/** Groups levels without sorting; null where a value is none. */
function groupLevels(values: Float64Array): Grouped | null {
  const groupOf = new Int32Array(values.length)
  const counts = new Int32Array(LEVELS)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    const level = value | 0
    if (level !== value || level < 0 || level >= LEVELS) return null
    groupOf[i] = level
    counts[level]!++
  }
  const sizes = counts.filter((count) => count > 0)
  // From here on a level's count is its group.
  let group = 0
  for (let level = 0; level < LEVELS; level++) if (counts[level]! > 0) counts[level] = group++
  for (let i = 0; i < values.length; i++) groupOf[i] = counts[groupOf[i]!]!
  return { groups: sizes.length, base: commonest(sizes), groupOf, sizes }
}

function groupAny(values: Float64Array): Grouped {
  const distinct = distinctValues(values)
  const sizes = new Int32Array(distinct.length)
  const groupOf = new Int32Array(values.length)
  let last = 0
  for (let i = 0; i < values.length; i++) {
    if (distinct[last] !== values[i]) last = placeOf(distinct, values[i]!)
    groupOf[i] = last
    sizes[last]!++
  }
  return { groups: distinct.length, base: commonest(sizes), groupOf, sizes }
}

/** The first of the largest groups. */
function commonest(sizes: Int32Array): number {
  let base = 0
  for (let group = 1; group < sizes.length; group++) if (sizes[group]! > sizes[base]!) base = group
  return base
}

/** The different values in ascending order. */
function distinctValues(values: Float64Array): Float64Array {
  // Silence is most of what there is, and need not be sorted.
  const sorted = new Float64Array(values.length)
  let others = 0
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) sorted[others++] = values[i]!
  if (others < values.length) others++
  const kept = sorted.subarray(0, others).toSorted()
  let distinct = 0
  for (let i = 0; i < others; i++)
    if (distinct === 0 || kept[i] !== kept[distinct - 1]) kept[distinct++] = kept[i]!
  return kept.subarray(0, distinct)
}

function placeOf(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
