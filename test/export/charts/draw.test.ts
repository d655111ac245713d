import { describe, expect, it } from 'vitest'
import { drawCharts } from '../../../src/export/charts/draw.ts'
import type { ChartNumbers } from '../../../src/export/charts/numbers.ts'
import { chartPng } from '../../../src/export/charts/png.ts'
import { standaloneSvg } from '../../../src/export/charts/render.ts'

const NUMBERS: ChartNumbers = {
  scores: [
    { name: 'features', values: [0.2, 0.4, 0.9] },
    { name: 'another’s text', values: [-0.1, 0, 0.1] },
  ],
  densities: [1e-5, 1e-3, 1e-2],
  points: [
    [1e-5, 0.2],
    [1e-3, 0.4],
    [1e-2, 0.9],
  ],
  loss: { original: 4.2, reconstructed: 4.3, zeroed: 13.4, recovered: 0.989, tokens: 15_351 },
  cost: [
    {
      stage: 'explain',
      model: '<script>alert(1)</script>',
      usd: 1.5,
      promptTokens: 900,
      completionTokens: 90,
    },
  ],
}

describe('charts', () => {
  const charts = drawCharts(NUMBERS)

  it('are five, each with what it says in words', () => {
    expect(charts.map(({ name }) => name)).toEqual(['scores', 'density', 'score-by-density', 'loss', 'cost'])
    expect(charts[0]!.caption).toContain('features 0.40 (n 3), another’s text 0.00 (n 3)')
    expect(charts[3]!.caption).toContain('98.9 % recovered')
    expect(charts[4]!.caption).toContain('990 tokens')
  })

  it('are the same bytes again', () => {
    expect(drawCharts(NUMBERS)).toEqual(charts)
  })

  it('have one bar for each bin that holds a score', () => {
    const rows = charts[0]!.svg.match(/<rect /g)!
    // Every bin has a rectangle, those of no height too: 24 bins of .05 from −.2 to 1 in each of two rows.
    expect(rows).toHaveLength(48)
  })

  it('carry no style of their own and no markup from a name', () => {
    for (const { svg } of charts) {
      expect(svg).not.toMatch(/<style|style=|<script|\son\w+=/)
      expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    }
    expect(charts[4]!.svg).toContain('&lt;script&gt;')
  })

  it('are left out where there is nothing to show', () => {
    const none = { ...NUMBERS, scores: [], densities: [], points: [], cost: [] }
    expect(drawCharts(none).map(({ name }) => name)).toEqual(['loss'])
    expect(drawCharts({ ...none, loss: { ...NUMBERS.loss!, tokens: 0 } })).toEqual([])
  })

  it('stand alone in colours of their own, and become PNG', () => {
    const svg = standaloneSvg(charts[0]!.svg)
    expect(svg).not.toMatch(/var\(|currentColor/)
    const png = Buffer.from(chartPng(charts[0]!.svg))
    expect(png.subarray(1, 4).toString('latin1')).toBe('PNG')
    // Width and height of the header: twice the SVG's.
    expect(png.readUInt32BE(16)).toBe(960)
    expect(png.readUInt32BE(20)).toBe(2 * (64 + 60 * 2))
  })
})
