/** Values by token as groups of equal ones, numbered from the smallest value. The commonest group is the base. */
export interface Grouped {
  readonly groups: number
  readonly base: number
  /** Group and example of each token, example after example. */
  readonly groupOf: Int32Array
  readonly exampleOf: Int32Array
  /** Tokens of each group. */
  readonly sizes: Int32Array
}

/** Groups values; −0 is 0. */
export function groupValues(values: readonly (readonly number[])[]): Grouped {
  let length = 0
  for (const example of values) length += example.length
  const flat = new Float64Array(length)
  const exampleOf = new Int32Array(length)
  let token = 0
  for (let example = 0; example < values.length; example++)
    for (const value of values[example]!) {
      // Adding 0 makes one of both zeros.
      flat[token] = value + 0
      exampleOf[token++] = example
    }
  const distinct = distinctValues(flat)
  const sizes = new Int32Array(distinct.length)
  const groupOf = new Int32Array(length)
  let last = 0
  for (let i = 0; i < length; i++) {
    if (distinct[last] !== flat[i]) last = placeOf(distinct, flat[i]!)
    groupOf[i] = last
    sizes[last]!++
  }
  let base = 0
  for (let group = 1; group < sizes.length; group++) if (sizes[group]! > sizes[base]!) base = group
  return { groups: distinct.length, base, groupOf, exampleOf, sizes }
}

/** The different values in ascending order. */
function distinctValues(values: Float64Array): Float64Array {
  const common = values[0] ?? 0
  const sorted = values.filter((value) => value !== common).toSorted()
  const distinct: number[] = []
  let isCommonIn = values.length === 0
  for (const value of sorted) {
    if (!isCommonIn && common < value) {
      distinct.push(common)
      isCommonIn = true
    }
    if (distinct.at(-1) !== value) distinct.push(value)
  }
  if (!isCommonIn) distinct.push(common)
  return Float64Array.from(distinct)
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
