import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cohenKappa } from '../../src/review/cohen-kappa.ts'
import { weightedKappa } from '../../src/review/weighted-kappa.ts'

/** Pairs from a table of counts. */
const pairsOf = (table: readonly (readonly number[])[]): [number, number][] =>
  table.flatMap((row, a) =>
    row.flatMap((count, b) => Array.from({ length: count }, (): [number, number] => [a, b])),
  )

describe("Cohen's kappa", () => {
  it.each([
    // p₀ = 35/50, pₑ = ½·.6 + ½·.4: (.7 − .5) / .5
    [
      [
        [20, 5],
        [10, 15],
      ],
      0.4,
    ],
    // p₀ = .6, pₑ = .54
    [
      [
        [45, 15],
        [25, 15],
      ],
      0.06 / 0.46,
    ],
    // p₀ = .6, pₑ = .46
    [
      [
        [25, 35],
        [5, 35],
      ],
      0.14 / 0.54,
    ],
    // Cohen 1960, table 1, in counts of 200: p₀ = .70, pₑ = .41
    [
      [
        [88, 14, 18],
        [10, 40, 10],
        [2, 6, 12],
      ],
      0.29 / 0.59,
    ],
  ])('of %j is %d', (table, kappa) => {
    expect(cohenKappa(pairsOf(table))).toBeCloseTo(kappa, 12)
  })

  it('is the weighted one where there are two answers, and does not care what answers are called', () => {
    const pair = fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 1 }))
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        const [nominal, weighted] = [cohenKappa(pairs), weightedKappa(pairs)]
        if (nominal === null || weighted === null) expect([nominal, weighted]).toEqual([null, null])
        else expect(nominal).toBeCloseTo(weighted, 10)
        expect(cohenKappa(pairs.map(([a, b]) => [a === 0 ? 4 : 2, b === 0 ? 4 : 2]))).toEqual(nominal)
      }),
    )
  })

  it('is undefined without pairs or variance', () => {
    expect(cohenKappa([])).toBeNull()
    expect(
      cohenKappa([
        [1, 1],
        [1, 1],
      ]),
    ).toBeNull()
    expect(
      cohenKappa([
        [1, 1],
        [1, 0],
      ]),
    ).toBe(0)
  })
})
