import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bfloatsToFloats,
  floatToHalf,
  halfToFloatTable,
  halvesToFloats,
  LARGEST_HALF,
} from '../../src/core/half.ts'

describe('half precision', () => {
  it.each([
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, LARGEST_HALF],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
  ])('pattern %i is %d', (bits, value) => {
    expect(halfToFloatTable()[bits]).toBe(value)
    expect(floatToHalf(value)).toBe(bits)
  })

  it('takes every finite pattern to itself', () => {
    const table = halfToFloatTable()
    for (let bits = 0; bits < 1 << 16; bits++) {
      if ((bits & 0x7c00) === 0x7c00 || bits === 0x8000) continue
      expect(floatToHalf(table[bits]!)).toBe(bits)
    }
  })

  it('rounds to the nearest value, ties to even', () => {
    const table = halfToFloatTable()
    const positive = Array.from(table.subarray(0, 0x7c00))
    fc.assert(
      fc.property(fc.float({ min: 0, max: 65000, noNaN: true }), (value) => {
        const bits = floatToHalf(value)
        const distance = Math.abs(table[bits]! - value)
        for (const neighbour of [bits - 1, bits + 1].filter((one) => one >= 0 && one < 0x7c00)) {
          const other = Math.abs(positive[neighbour]! - value)
          expect(distance).toBeLessThanOrEqual(other)
          if (distance === other) expect(bits & 1).toBe(0)
        }
      }),
    )
  })

  it('becomes infinite beyond the largest value', () => {
    expect(halfToFloatTable()[floatToHalf(70_000)]).toBe(Number.POSITIVE_INFINITY)
    expect(floatToHalf(65_519)).toBe(0x7bff)
    expect(floatToHalf(65_520)).toBe(0x7c00)
  })

  it('reads bfloat16 as the upper half of a float32', () => {
    expect([...bfloatsToFloats(Uint16Array.of(0x3f80, 0xc040, 0x0000))]).toEqual([1, -3, 0])
    expect([...halvesToFloats(Uint16Array.of(0x3c00, 0x4000))]).toEqual([1, 2])
  })
})
