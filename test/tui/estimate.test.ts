import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { estimateLines, type EstimateView } from '../../src/tui/estimate.ts'
import { COLOURED, PLAIN } from '../../src/tui/style.ts'
import { widthOf } from '../../src/tui/text.ts'
import { WIDTHS } from '../support/wide-texts.ts'

const EXPLAIN: EstimateView = {
  stage: 'explain',
  features: 3571,
  requests: 3559,
  stored: 12,
  promptTokens: 7_123_456,
  completionTokens: 123_456,
  usd: 1.2,
  seconds: 400,
}
const SCORE: EstimateView = {
  stage: 'score',
  features: 3571,
  requests: 21_426,
  stored: 0,
  promptTokens: 17_123_456,
  completionTokens: 5_123_456,
  usd: 5.65,
  seconds: 4000,
}

describe('estimates', () => {
  it('are a row for each stage, with what they come to in all', () => {
    expect(estimateLines([EXPLAIN, SCORE], 80, PLAIN)).toEqual([
      ' stage    features  requests  stored   prompt  completion   cost        time',
      ' explain     3,571     3,559      12   7.12 M     123.5 k  $1.20  6 min 40 s',
      ' score       3,571    21,426       0  17.12 M      5.12 M  $5.65  1 h 06 min',
      ' in all      3,571    24,985      12  24.25 M      5.25 M  $6.85  1 h 13 min',
      '',
      ' Nothing was sent. Prompt and completion are tokens; retries come on top.',
    ])
  })

  it('have no sum where there is one stage', () => {
    expect(estimateLines([EXPLAIN], 80, PLAIN).filter((line) => line.startsWith(' in all'))).toEqual([])
  })

  it('show what is not known, also in the sum, and say how to know it', () => {
    const lines = estimateLines(
      [
        { ...EXPLAIN, usd: null },
        { ...SCORE, seconds: null },
      ],
      100,
      PLAIN,
    )
    expect(lines.slice(0, 4)).toEqual([
      ' stage    features  requests  stored   prompt  completion   cost        time',
      ' explain     3,571     3,559      12   7.12 M     123.5 k      ?  6 min 40 s',
      ' score       3,571    21,426       0  17.12 M      5.12 M  $5.65           ?',
      ' in all      3,571    24,985      12  24.25 M      5.25 M      ?           ?',
    ])
    expect(lines.slice(5)).toEqual([
      ' Nothing was sent. Prompt and completion are tokens; retries come on top.',
      ' The price is not known: give llm.prices in gloss.yaml.',
      " The time is not known before the endpoint's first run.",
    ])
  })

  it('say nothing of price and time where nothing would be asked', () => {
    const nothing = { ...EXPLAIN, requests: 0, promptTokens: 0, completionTokens: 0, usd: 0, seconds: 0 }
    expect(estimateLines([nothing], 80, PLAIN).slice(1)).toEqual([
      ' explain     3,571         0      12       0           0    $0  0.0 s',
      '',
      ' Nothing was sent. Prompt and completion are tokens; retries come on top.',
    ])
  })

  it('leave columns out where room is short, never digits, and the cost last', () => {
    expect(estimateLines([EXPLAIN, SCORE], 60, PLAIN).slice(0, 2)).toEqual([
      ' stage    requests   prompt  completion   cost        time',
      ' explain     3,559   7.12 M     123.5 k  $1.20  6 min 40 s',
    ])
    expect(estimateLines([EXPLAIN, SCORE], 40, PLAIN)).toEqual([
      ' stage    requests   cost        time',
      ' explain     3,559  $1.20  6 min 40 s',
      ' score      21,426  $5.65  1 h 06 min',
      ' in all     24,985  $6.85  1 h 13 min',
      '',
      ' Nothing was sent. Prompt and',
      ' completion are tokens; retries come on',
      ' top.',
    ])
  })

  const count = fc.nat(100_000_000)
  const view: fc.Arbitrary<EstimateView> = fc.record({
    stage: fc.constantFrom('explain', 'score'),
    features: count,
    requests: count,
    stored: count,
    promptTokens: fc.nat(2_000_000_000),
    completionTokens: fc.nat(2_000_000_000),
    usd: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
    seconds: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
  })

  it.each(WIDTHS)('fit into %d columns, with nothing cut', (width) => {
    fc.assert(
      fc.property(fc.array(view, { minLength: 1, maxLength: 2 }), (views) => {
        const lines = estimateLines(views, width, PLAIN)
        for (const line of lines) {
          expect(widthOf(line), line).toBeLessThanOrEqual(width)
          expect(line).not.toContain('…')
        }
        const coloured = estimateLines(views, width, COLOURED)
        expect(coloured.map((line) => widthOf(line))).toEqual(lines.map((line) => widthOf(line)))
      }),
    )
  })
})
