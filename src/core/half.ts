/** Conversions between float32 and the two 16-bit floating-point formats (IEEE 754 binary16, bfloat16). */

const scratchFloat = new Float32Array(1)
const scratchBits = new Uint32Array(scratchFloat.buffer)

let halfTable: Float32Array | undefined

/** The float32 value of every binary16 bit pattern: `halfToFloatTable()[bits]`. Built once. */
export function halfToFloatTable(): Float32Array {
  if (halfTable) return halfTable
  const table = new Float32Array(1 << 16)
  for (let bits = 0; bits < table.length; bits++) {
    const sign = bits & 0x8000 ? -1 : 1
    const exponent = (bits >> 10) & 0x1f
    const fraction = bits & 0x3ff
    if (exponent === 0) table[bits] = sign * fraction * 2 ** -24
    else if (exponent === 31) table[bits] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
  }
  halfTable = table
  return table
}

/** The largest finite binary16 value. */
export const LARGEST_HALF = 65504

/** The binary16 bit pattern nearest to `value`, ties to even; beyond {@link LARGEST_HALF} it is infinity. */
export function floatToHalf(value: number): number {
  scratchFloat[0] = value
  const bits = scratchBits[0]!
  const sign = (bits >>> 16) & 0x8000
  const exponent = (bits >>> 23) & 0xff
  const fraction = bits & 0x7fffff
  if (exponent === 0xff) return sign | 0x7c00 | (fraction ? 0x200 : 0)
  const halfExponent = exponent - 127 + 15
  if (halfExponent >= 31) return sign | 0x7c00
  if (halfExponent <= 0) {
    if (halfExponent < -10) return sign
    const mantissa = fraction | 0x800000
    return sign | roundShift(mantissa, 14 - halfExponent)
  }
  // A carry out of the fraction moves into the exponent, which is the correct next value.
  return sign | ((halfExponent << 10) + roundShift(fraction, 13))
}

/** `value / 2 ** shift`, rounded to nearest, ties to even. */
function roundShift(value: number, shift: number): number {
  const kept = value >>> shift
  const rest = value & ((1 << shift) - 1)
  const half = 1 << (shift - 1)
  return rest > half || (rest === half && kept & 1) ? kept + 1 : kept
}

/** Float32 values of binary16 bit patterns. */
export function halvesToFloats(halves: Uint16Array): Float32Array {
  const table = halfToFloatTable()
  const floats = new Float32Array(halves.length)
  for (let i = 0; i < halves.length; i++) floats[i] = table[halves[i]!]!
  return floats
}

/** Float32 values of bfloat16 bit patterns: the upper half of a float32. */
export function bfloatsToFloats(bfloats: Uint16Array): Float32Array {
  const bits = new Uint32Array(bfloats.length)
  for (let i = 0; i < bfloats.length; i++) bits[i] = bfloats[i]! << 16
  return new Float32Array(bits.buffer)
}
