import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FeatureTableRow, featureTableLines } from '../../src/tui/feature-table.ts'
import { COLOURED, PLAIN } from '../../src/tui/style.ts'
import { widthOf } from '../../src/tui/text.ts'
import { WIDTHS, wideText } from '../support/wide-texts.ts'

const DNA: FeatureTableRow = {
  feature: 2937,
  standing: 'scored',
  density: 0.0041,
  max: 3.21,
  topTokens: ['TA', ' GC', ' CC', ' ATG'],
  register: 'dna',
  explanation: 'fires on DNA bases',
  table: null,
  score: 0.87,
  low: 0.81,
  high: 0.92,
  undefined: null,
  shuffled: 0.02,
  aboveBaseline: true,
}
const BARE: FeatureTableRow = {
  ...DNA,
  feature: 7,
  register: null,
  explanation: null,
  score: null,
  low: null,
  high: null,
  shuffled: null,
  aboveBaseline: null,
}

const row = fc.record({
  feature: fc.nat(1_000_000),
  standing: fc.constantFrom('scored', 'undefined', 'failed', 'dead', 'tooRare', 'pending'),
  density: fc.double({ min: 0, max: 1, noNaN: true }),
  max: fc.double({ min: 0, max: 1e6, noNaN: true }),
  topTokens: fc.array(wideText, { maxLength: 6 }),
  register: fc.option(wideText),
  explanation: fc.option(wideText),
  table: fc.option(fc.array(fc.tuple(wideText, fc.integer({ min: 0, max: 10 })), { maxLength: 12 })),
  score: fc.option(fc.double({ min: -1, max: 1, noNaN: true })),
  low: fc.option(fc.double({ min: -1, max: 1, noNaN: true })),
  high: fc.option(fc.double({ min: -1, max: 1, noNaN: true })),
  undefined: fc.option(fc.constantFrom('noExplanation', 'lowCoverage', 'callsFailed', 'constantTruth')),
  shuffled: fc.option(fc.double({ min: -1, max: 1, noNaN: true })),
  aboveBaseline: fc.option(fc.boolean()),
})

describe('the table of features', () => {
  it('has a line for each, numbers at the right edge of their columns, units where there are some', () => {
    const rows: FeatureTableRow[] = [
      DNA,
      {
        ...DNA,
        feature: 64,
        density: 0.019,
        max: 12.43,
        topTokens: ['\n', ' a'],
        explanation: '{}',
        table: [
          [' the', 9],
          ['\n', 3],
        ],
        score: 0.31,
        low: -0.08,
        high: 0.42,
        shuffled: 0.24,
        aboveBaseline: false,
      },
    ]
    expect(featureTableLines(rows, 100, PLAIN)).toEqual([
      ' feature  density   max  top tokens    explanation            ρ [95 % CI]  control',
      '    2937   0.41 %  3.21  TA GC CC ATG  fires on DNA bases   .87 [.81 .92]      .02',
      '      64    1.9 %  12.4  ⏎ a           baseline: the⁹ ⏎³   .31 [−.08 .42]    ≈ .24',
    ])
  })

  it('says why there is no score', () => {
    const reason = (some: Partial<FeatureTableRow>): string =>
      featureTableLines([{ ...BARE, ...some }], 100, PLAIN)[1]!
    expect(reason({ standing: 'dead' })).toMatch(/ dead +·$/)
    expect(reason({ standing: 'tooRare' })).toMatch(/ too rare +·$/)
    expect(reason({ standing: 'pending' })).toMatch(/ pending +·$/)
    expect(reason({ standing: 'undefined', undefined: 'noExplanation' })).toMatch(
      / none could be read +noExplanation +·$/,
    )
    expect(reason({ standing: 'undefined', undefined: 'lowCoverage', explanation: 'some text' })).toMatch(
      / some text +lowCoverage +·$/,
    )
  })

  it('names the register where there is room', () => {
    expect(featureTableLines([DNA], 120, PLAIN)[0]).toContain('only in')
    expect(featureTableLines([DNA], 120, PLAIN)[1]).toMatch(/ATG {2}dna +fires/)
    expect(featureTableLines([DNA], 80, PLAIN)[0]).not.toContain('only in')
  })

  it.each(WIDTHS)('keeps feature, explanation and score on a screen of %d columns', (width) => {
    const long = { ...DNA, explanation: 'fires '.repeat(40), topTokens: Array(9).fill(' token') as string[] }
    const [header, line] = featureTableLines([long], width, PLAIN)
    for (const name of ['feature', 'ρ [95 % CI]']) expect(header).toContain(name)
    expect(line).toMatch(/^ +2937 .*fires.* \.87 \[\.81 \.92\]/)
  })

  it.each(WIDTHS)('is never wider than %d columns, whatever it holds', (width) => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 4 }), (rows) => {
        const lines = featureTableLines(rows, width, PLAIN)
        expect(lines).toHaveLength(rows.length + 1)
        for (const line of lines) {
          expect(widthOf(line)).toBeLessThanOrEqual(width)
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u)
        }
        expect(featureTableLines(rows, width, COLOURED).map((line) => withoutColour(line).trimEnd())).toEqual(
          lines,
        )
      }),
    )
  })
})

function withoutColour(line: string): string {
  // oxlint-disable-next-line no-control-regex
  return line.replaceAll(/\u001b\[[\d;]+m/g, '')
}
