import fc from 'fast-check'
import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { plotLines } from '../../src/tui/plots.ts'
import { PLAIN } from '../../src/tui/style.ts'

function columnsWith(bars: Readonly<Record<number, string>>): string {
  return Array.from({ length: 28 }, (_, column) => bars[column] ?? ' ').join('')
}

describe('plots', () => {
  it('put every series on one axis', () => {
    const lines = plotLines(
      {
        scores: [
          { name: 'features', values: [0.99, 0.99, 0.5] },
          { name: 'another’s text', values: [0, 0, -0.15] },
        ],
        densities: [1e-3, 1e-3, 0.5],
        points: [
          [1e-3, 0.5],
          [0.5, 1],
        ],
      },
      60,
      PLAIN,
    )
    // 28 columns: a score s stands in column ⌊28 (s + .2) / 1.2⌋, a density d in ⌊28 (3 + log₁₀ d) / 3⌋.
    expect(lines).toEqual([
      '',
      ` ρ features           −.20 ${columnsWith({ 16: '▅', 27: '█' })} 1.00`,
      ` ρ another’s text     −.20 ${columnsWith({ 1: '▅', 4: '█' })} 1.00`,
      ` log₁₀ density          −3 ${columnsWith({ 0: '█', 25: '▅' })} 0`,
      ` median ρ by density    −3 ${columnsWith({ 0: '▅', 25: '█' })} 0`,
    ])
  })

  it('never pass the width, and are left out where there is no room or nothing to show', () => {
    expect(plotLines({ scores: [], densities: [], points: [] }, 80, PLAIN)).toEqual([])
    const score = fc.double({ min: -1, max: 1, noNaN: true })
    const density = fc.double({ min: 1e-7, max: 1, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(score),
        fc.array(density),
        fc.array(fc.tuple(density, score)),
        fc.integer({ min: 20, max: 200 }),
        (values, densities, points, width) => {
          for (const line of plotLines(
            { scores: [{ name: 'features', values }], densities, points },
            width,
            PLAIN,
          ))
            expect(stringWidth(line)).toBeLessThanOrEqual(width)
        },
      ),
    )
  })
})
