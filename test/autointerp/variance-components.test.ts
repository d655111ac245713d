import { describe, expect, it } from 'vitest'
import { varianceComponents } from '../../src/autointerp/variance-components.ts'
import { Random } from '../../src/core/random.ts'

describe('variance components', () => {
  it('of a small table, by hand', () => {
    // Feature means 2 and 6; explanation means 1, 3 and 5, 7; each simulated as mean ± 1.
    const found = varianceComponents([
      [
        [0, 2],
        [2, 4],
      ],
      [
        [4, 6],
        [6, 8],
      ],
    ])!
    // MS simulator 8/4 = 2, MS explainer 2·4/2 = 4, MS features 4·8/1 = 32.
    expect(found).toEqual({
      features: 2,
      mean: 4,
      between: { features: (32 - 4) / 4, explainer: (4 - 2) / 2, simulator: 2 },
    })
  })

  it('are found again in what was drawn with them', () => {
    const random = new Random(3, 'draws')
    const scores = Array.from({ length: 3000 }, () => {
      const feature = 0.5 * random.normal()
      return Array.from({ length: 3 }, () => {
        const explanation = feature + 0.2 * random.normal()
        return Array.from({ length: 3 }, () => explanation + 0.1 * random.normal())
      })
    })
    const { between } = varianceComponents(scores)!
    expect(between.features).toBeCloseTo(0.25, 1)
    expect(between.explainer).toBeCloseTo(0.04, 2)
    expect(between.simulator).toBeCloseTo(0.01, 3)
  })

  it('need two of everything', () => {
    expect(varianceComponents([])).toBeNull()
    expect(
      varianceComponents([
        [
          [1, 2],
          [3, 4],
        ],
      ]),
    ).toBeNull()
    expect(
      varianceComponents([
        [[1], [3]],
        [[1], [2]],
      ]),
    ).toBeNull()
  })
})
