/** The outermost values on either side, both in ascending order. */
export interface Tails {
  readonly low: Float64Array
  readonly high: Float64Array
}

/**
 * The `count` smallest and the `count` largest values. For few of many this is little more than comparing every value
 * with two others: sorting would put them all in order.
 * @param count at most the number of values
 */
export function tails(values: ArrayLike<number>, count: number): Tails {
  const low = new Float64Array(count).fill(Number.POSITIVE_INFINITY)
  const high = new Float64Array(count).fill(Number.NEGATIVE_INFINITY)
  if (count === 0) return { low, high }
  let highestLow = Number.POSITIVE_INFINITY
  let lowestHigh = Number.NEGATIVE_INFINITY
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!
    if (value < highestLow) {
      let at = count - 1
      for (; at > 0 && low[at - 1]! > value; at--) low[at] = low[at - 1]!
      low[at] = value
      highestLow = low[count - 1]!
    }
    if (value > lowestHigh) {
      let at = 0
      for (; at < count - 1 && high[at + 1]! < value; at++) high[at] = high[at + 1]!
      high[at] = value
      lowestHigh = high[0]!
    }
  }
  return { low, high }
}
