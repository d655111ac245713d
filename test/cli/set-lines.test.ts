import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { comparisonLines, registerLines, setLines } from '../../src/cli/set-lines.ts'
import type { ComparedSet, SetComparison } from '../../src/pipeline/compare-sets.ts'
import type { RegisterScores } from '../../src/pipeline/register-scores.ts'
import type { SetSummary } from '../../src/pipeline/sets.ts'
import { PLAIN } from '../../src/tui/style.ts'
import { widthOf } from '../../src/tui/text.ts'
import { WIDTHS, wideText } from '../support/wide-texts.ts'

const OWN: ComparedSet = {
  set: 'topk-4096-0a1b2c3d',
  kind: 'sae',
  features: 4096,
  missing: 0,
  median: 0.65,
  q1: 0.51,
  q3: 0.81,
  n: 3512,
  aboveShuffled: 0.95,
  clusters: 3012,
}
const OTHER: ComparedSet = {
  ...OWN,
  set: 'neurons-512-4d3c2b1a',
  kind: 'neurons',
  features: 512,
  median: 0.47,
  n: 512,
  aboveShuffled: 0.9,
  clusters: 480,
}
const COMPARISON: SetComparison = {
  sets: [OWN, OTHER],
  delta: { value: 0.48, interval: { low: 0.44, high: 0.53 } },
  matched: { value: 0.28, interval: { low: 0.21, high: 0.36 }, strata: 38, features: [2635, 417] },
  aboveMedian: 0.79,
  mannWhitney: { u: 1_300_000, p: 2.2e-70 },
  sameCorpus: true,
}

function linesOf(change: Partial<SetComparison>): string {
  return comparisonLines({ ...COMPARISON, ...change }, 80, PLAIN).join('\n')
}

describe('the comparison of two sets', () => {
  it('says the effect, its interval and on how many features it rests', () => {
    expect(linesOf({})).toBe(`
 features against neurons: δ .28 [.21 .36] at matched density and token share
   n 2,635 and 417 in 38 strata
 over all features δ .48 [.44 .53] · medians .65 and .47 · n 3,512 and 512
 79 % above the median of neurons · above shuffled 95 % and 90 %
   clusters 3,012 and 480 · Mann–Whitney p 2e−70 (two-sided, secondary)`)
  })

  it('says what is missing: matches, intervals, values, a common corpus', () => {
    expect(linesOf({ matched: null })).toMatch(/no two features are alike in density and token share/)
    expect(linesOf({ delta: { value: 0.1, interval: null } })).toMatch(/over all features δ \.10 · /)
    expect(linesOf({ sets: [OWN, { ...OTHER, missing: 3 }] })).toMatch(/without a value 0 and 3/)
    expect(linesOf({ sameCorpus: false })).toMatch(/collected on different tokens/)
    expect(linesOf({ mannWhitney: { u: 1, p: 0 } })).toMatch(/p < 1e−300 /)
    expect(linesOf({ mannWhitney: { u: 1, p: 0.0421 } })).toMatch(/p \.042 /)
    expect(linesOf({ mannWhitney: null })).not.toMatch(/Mann/)
  })

  it.each(WIDTHS)('fits %i columns', (width) => {
    for (const line of comparisonLines(COMPARISON, width, PLAIN))
      expect(widthOf(line)).toBeLessThanOrEqual(width)
  })
})

describe('the list of sets', () => {
  const SETS: SetSummary[] = [
    {
      set: OTHER.set,
      kind: 'neurons',
      hook: 'blocks.0.mlp.hook_post',
      features: 512,
      current: false,
      scored: 512,
      median: 0.47,
    },
    {
      set: OWN.set,
      kind: 'sae',
      hook: 'blocks.0.mlp.hook_post',
      features: 4096,
      current: true,
      scored: 0,
      median: null,
    },
  ]

  it('marks the one that is shown', () => {
    expect(setLines(SETS, OWN.set, 80, PLAIN).join('\n')).toBe(`
    feature set           kind     hook               features  scored  median ρ
    neurons-512-4d3c2b1a  neurons  blocks.0.mlp.hoo…       512     512       .47
 ›  topk-4096-0a1b2c3d    sae      blocks.0.mlp.hoo…     4,096       0         ·`)
  })

  it('is left out where there is but one', () => {
    expect(setLines(SETS.slice(0, 1), OWN.set, 80, PLAIN)).toEqual([])
  })
})

describe('scores by register', () => {
  const row: RegisterScores = {
    register: 'dna',
    features: 82,
    scored: 82,
    score: { median: 0.74, q1: 0.62, q3: 0.8, n: 82 },
    shuffled: -0.02,
    gain: 0.77,
    tokenShare: 0.6,
  }
  const none = { score: null, shuffled: null, gain: null, tokenShare: null }

  it('are a table, with a dot where scores are too few', () => {
    const rows = [
      row,
      { ...row, register: 'log', features: 4, scored: 4, ...none },
      { ...row, register: null },
    ]
    expect(registerLines(rows, 80, PLAIN).join('\n')).toBe(`
 register   features  scored  median ρ  quartiles  shuffled  gain   η²
 dna              82      82       .74    .62 .80      −.02   .77  .60
 log               4       4         ·          ·         ·     ·    ·
 (several)        82      82       .74    .62 .80      −.02   .77  .60`)
  })

  it('say so where no document has a label', () => {
    expect(registerLines([], 80, PLAIN).join('\n')).toMatch(/no document of the corpus has a label/)
  })

  it('fit the width whatever a register is called, without its control characters', () => {
    fc.assert(
      fc.property(wideText, fc.constantFrom(...WIDTHS), (register, width) => {
        for (const line of registerLines([{ ...row, register }], width, PLAIN)) {
          expect(widthOf(line)).toBeLessThanOrEqual(width)
          expect(line).not.toMatch(/\p{Cc}/u)
        }
      }),
    )
  })
})
