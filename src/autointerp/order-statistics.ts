/**
 * Reorders values so that those at `place` and `place + 1` are what sorting would put there, and none before them is
 * larger: a fraction of the work of sorting (Hoare's selection).
 * @param from values before it are in place already, none of them above the others
 */
export function placeOrderStatistics(values: Float64Array, place: number, from = 0): void {
  select(values, place, from, values.length - 1)
  const next = place + 1
  if (next >= values.length) return
  // Nothing behind the selected value is below it: the next order statistic is the least of that.
  let least = next
  for (let i = next + 1; i < values.length; i++) if (values[i]! < values[least]!) least = i
  const swapped = values[next]!
  values[next] = values[least]!
  values[least] = swapped
}

function select(values: Float64Array, place: number, first: number, last: number): void {
  let left = first
  let right = last
  while (left < right) {
    const pivot = values[place]!
    let i = left
    let j = right
    do {
      while (values[i]! < pivot) i++
      while (pivot < values[j]!) j--
      if (i <= j) {
        const swapped = values[i]!
        values[i++] = values[j]!
        values[j--] = swapped
      }
    } while (i <= j)
    if (j < place) left = i
    if (place < i) right = j
  }
}
