/**
 * The probability that a standard normal number is larger than z: ½ erfc(z/√2), to about 14 digits.
 * Up to 3 by the Maclaurin series of the integral, beyond by the continued fraction of Mills' ratio (Abramowitz and
 * Stegun 1964, 26.2.11 and 26.2.14); below −38 and above 38 it is 1 and 0 in doubles.
 * @example
 * normalTail(1.959963984540054) // 0.025
 */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z)
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  if (z < 3) {
    let term = z
    let sum = z
    for (let n = 1; term > 1e-17 * sum; n++) {
      term *= (z * z) / (2 * n + 1)
      sum += term
    }
    return 0.5 - density * sum
  }
  let fraction = z
  for (let n = 120; n > 0; n--) fraction = z + n / fraction
  return density / fraction
}
