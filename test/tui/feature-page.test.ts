import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { featurePageLines, type PageView } from '../../src/tui/feature-page.ts'
import { COLOURED, PLAIN } from '../../src/tui/style.ts'
import { widthOf } from '../../src/tui/text.ts'
import { WIDTHS, wideText } from '../support/wide-texts.ts'

const SCALE = 9

type Example = PageView['examples'][number]
type Score = PageView['explanations'][number]['scores'][number]

const SIMULATED: Score = {
  id: '0a1b2c3d4e5f6071',
  scorer: 'simulation',
  protocol: 'monosemanticity',
  tier: 'integersSparse',
  value: 0.87,
  low: 0.81,
  high: 0.92,
  n: 540,
  undefined: null,
  flag: null,
  controls: { constant: 0, position: 0.01, shuffled: 0.02, tokenTable: 0.61 },
  gain: { shuffled: { low: 0.7 }, tokenTable: { low: 0.2 } },
}

const FIRING: Example = {
  use: 'explain',
  slice: 'top',
  register: 'dna',
  nominal: 1,
  tokens: ['\n', 'AGC', 'CC', ' x'],
  activations: [0, 3.21, 2.9, 0],
  levels: [0, 9, 8, 0],
}
const SILENT: Example = {
  use: 'explain',
  slice: 'random',
  register: 'novel',
  nominal: 0,
  tokens: [' the', ' whale'],
  activations: [0, 0],
  levels: [0, 0],
}

const PAGE: PageView = {
  feature: 2937,
  set: { id: 'topk-4096-0a1b2c3d', kind: 'sae', hook: 'blocks.0.mlp.hook_post' },
  state: 'alive',
  density: 0.0041,
  max: 3.21,
  firings: 12_403,
  tokenShare: 0.42,
  singleToken: false,
  histogram: [400, 200, 100, 50, 25, 12, 6, 3, 1, 0],
  logits: {
    top: [{ token: ' GC' }, { token: 'TAA' }],
    bottom: [{ token: ' the' }, { token: ',' }],
  },
  explanations: [
    {
      text: 'DNA sequence letters, most strongly inside long runs of ACGT',
      problem: null,
      explainer: 'pairs',
      llm: 'gpt-x',
      scores: [SIMULATED],
    },
  ],
  examples: [FIRING, { ...FIRING, slice: 'interval 6' }, SILENT],
}

const plain = (page: Partial<PageView>, width = 80): string[] =>
  featurePageLines({ ...PAGE, ...page }, SCALE, width, PLAIN)
const withScore = (...scores: Partial<Score>[]): string =>
  plain({
    explanations: [{ ...PAGE.explanations[0]!, scores: scores.map((score) => ({ ...SIMULATED, ...score })) }],
  }).join('\n')

describe('the page of a feature', () => {
  it('shows explanation, scores with controls, examples, histogram and logits', () => {
    expect(plain({})).toEqual([
      ' feature 2937   sae topk-4096-0a1b2c3d @ blocks.0.mlp.hook_post',
      ' density 0.41 %   max 3.21   12,403 firings   token share η² .42',
      ` ${'─'.repeat(78)}`,
      ' DNA sequence letters, most strongly inside long runs of ACGT',
      ' ρ .87 [.81 .92]   position .01   shuffled .02   token table .61   n 540',
      ' by gpt-x (pairs) · monosemanticity · tier: integers, sparse',
      '   score 0a1b2c3d4e5f6071',
      '',
      ` top         ⏎[AGC]⁹[CC]⁸ x${' '.repeat(41)}3.21  dna`,
      ` 6/12        ⏎[AGC]⁹[CC]⁸ x${' '.repeat(41)}3.21  dna`,
      ` random       the whale${' '.repeat(48)}0  novel`,
      '',
      ' activations █▅▃▂▁▁▁▁▁ ',
      '             0 ─── 3.21',
      ' logits +    ␣GC  TAA',
      ' logits −    ␣the  ,',
    ])
  })

  it('says what a baseline is, what is undefined and why, and what is not scored yet', () => {
    const explanation = PAGE.explanations[0]!
    const shown = (some: Partial<typeof explanation>): string =>
      plain({ explanations: [{ ...explanation, ...some }] }).join('\n')
    expect(shown({ llm: null, explainer: 'table' })).toContain('by table (baseline) · monosemanticity')
    expect(shown({ scores: [] })).toContain('by gpt-x (pairs), not scored yet')
    expect(shown({ text: null, problem: 'callFailed' })).toContain(
      'no explanation: the call got no reply; gloss explain asks again',
    )
    expect(shown({ text: null, problem: 'unreadable' })).toContain(
      'no explanation: the reply could not be read',
    )
    expect(withScore({ value: null, low: null, high: null, undefined: 'lowCoverage' })).toContain(
      'ρ undefined (lowCoverage)   position',
    )
    expect(withScore({ low: null, high: null, flag: 'fewFirings' })).toContain(
      'ρ .87 (fewFirings)   position',
    )
    expect(withScore({ controls: { shuffled: null } })).toContain('shuffled ·')
    expect(withScore({}, { scorer: 'simulation.pearson', value: -0.5, low: null, high: null })).toContain(
      'token table .61   Pearson −.50\n n 540',
    )
  })

  it('says what an explanation was chosen among', () => {
    const explanation = PAGE.explanations[0]!
    const candidates = [
      { chosen: false, value: 0.41 },
      { chosen: true, value: 0.9 },
      { chosen: false, value: null },
    ]
    const [, , , ...lines] = plain({ explanations: [{ ...explanation, candidates }] })
    expect(lines.slice(0, 2)).toEqual([
      ` ${explanation.text}`,
      ' chosen among 3 by ρ on the choose examples: .41, .90 (this), ·',
    ])
    expect(plain({ explanations: [{ ...explanation, candidates: [candidates[1]!] }] })).toEqual(plain({}))
  })

  it.each([
    ['dead', 'It never fires on this corpus.'],
    ['tooRare', 'It fires too rarely to be explained and scored on different documents.'],
    ['alive', 'Not explained yet: run gloss explain.'],
  ])('of a feature without explanation says why: %s', (state, text) => {
    const lines = plain({ state, explanations: [] })
    expect(lines).toContain(` ${text}`)
    expect(lines.some((line) => line.startsWith(' activations'))).toBe(state !== 'dead')
  })

  it('marks a single-token feature, and leaves out what is not known', () => {
    expect(plain({ singleToken: true })[1]).toMatch(/single token$/)
    expect(plain({ singleToken: null, tokenShare: null })[1]).toMatch(/12,403 firings$/)
    expect(plain({ logits: null }).join('\n')).not.toContain('logits')
  })

  it('shows some examples of every slice, only those that explain', () => {
    const of = (slice: string, use = 'explain'): Example[] =>
      Array.from({ length: 9 }, () => ({ ...FIRING, slice, use }))
    const lines = plain({
      examples: [...of('top'), ...of('interval 3'), ...of('random'), ...of('other'), ...of('top', 'score')],
    })
    expect(lines.filter((line) => line.includes('[AGC]'))).toHaveLength(6 + 1 + 3 + 5)
    for (const label of ['top', '3/12', 'random', 'other'])
      expect(lines.filter((line) => line.startsWith(` ${label} `))).toHaveLength(1)
  })

  it('says where a score is not above its baselines', () => {
    const shown = (gain: Score['gain']): string[] =>
      plain({
        explanations: [
          { text: 'x', problem: null, explainer: 'pairs', llm: 'gpt-x', scores: [{ ...SIMULATED, gain }] },
        ],
      })
    for (const name of ['shuffled', 'tokenTable'])
      expect(shown({ [name]: { low: 0 } }).join('\n')).toContain('ρ .87 [.81 .92]   ≈ baseline')
    for (const gain of [{}, { shuffled: { low: 0.01 } }, { tokenTable: { low: null } }])
      expect(shown(gain).join('\n')).not.toContain('≈')
  })

  it('puts bins of the histogram together where there is no room for all', () => {
    const histogram = Array.from({ length: 40 }, (_, bin) => (bin < 2 ? 100 : bin < 4 ? 50 : 0))
    const activations = (width: number): string => plain({ histogram }, width).at(-4)!
    expect(activations(80)).toBe(` activations ██▅▅${' '.repeat(36)}`)
    expect(activations(40)).toBe(` activations █▅${' '.repeat(18)}`)
  })

  it('cuts an example where the screen ends', () => {
    const tokens = Array<string>(9).fill(' activation')
    const long = { ...FIRING, tokens, activations: tokens.map(() => 1), levels: tokens.map(() => 0) }
    const line = plain({ examples: [long] }, 60).find((one) => one.startsWith(' top'))!
    expect(line).toBe(` top          activation activation…${' '.repeat(14)}1.00  dna`)
    expect(widthOf(line)).toBeLessThanOrEqual(60)
  })

  const number = (most: number): fc.Arbitrary<number> => fc.double({ min: -most, max: most, noNaN: true })
  const example = fc
    .array(fc.tuple(wideText, fc.integer({ min: 0, max: SCALE })), { minLength: 1, maxLength: 9 })
    .chain((window) =>
      fc.record({
        use: fc.constant('explain'),
        slice: fc.constantFrom('top', 'interval 12', 'random', 'other'),
        register: fc.option(wideText),
        nominal: fc.nat(window.length - 1),
        tokens: fc.constant(window.map(([token]) => token)),
        activations: fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), {
          minLength: window.length,
          maxLength: window.length,
        }),
        levels: fc.constant(window.map(([, level]) => level)),
      }),
    )
  const score = fc.record({
    scorer: fc.constantFrom('simulation', 'simulation.pearson', 'simulation.fire_only', 'other'),
    protocol: fc.constant('monosemanticity'),
    id: fc.constant('0a1b2c3d4e5f6071'),
    gain: fc.constant({ shuffled: { low: 0 } }),
    tier: fc.constantFrom('integersSparse', 'table'),
    value: fc.option(number(1)),
    low: fc.option(number(1)),
    high: fc.option(number(1)),
    n: fc.nat(100_000),
    undefined: fc.option(fc.constantFrom('noExplanation', 'constantTruth')),
    flag: fc.option(fc.constantFrom('fewFirings')),
    controls: fc.dictionary(
      fc.constantFrom('constant', 'position', 'shuffled', 'tokenTable'),
      fc.option(number(1)),
    ),
  })
  const effects = fc.array(fc.record({ token: wideText }), { maxLength: 12 })
  const page = fc.record({
    feature: fc.nat(1_000_000),
    set: fc.record({ id: fc.constant('topk-4096-0a1b2c3d'), kind: fc.constant('sae'), hook: wideText }),
    state: fc.constantFrom('alive', 'dead', 'tooRare'),
    density: fc.double({ min: 0, max: 1, noNaN: true }),
    max: fc.double({ min: 0, max: 1e6, noNaN: true }),
    firings: fc.nat(),
    tokenShare: fc.option(number(1)),
    singleToken: fc.option(fc.boolean()),
    histogram: fc.array(fc.nat(1000), { minLength: 40, maxLength: 40 }),
    logits: fc.option(fc.record({ top: effects, bottom: effects })),
    explanations: fc.array(
      fc.record({
        text: fc.option(wideText),
        problem: fc.option(fc.constantFrom('callFailed', 'unreadable')),
        explainer: fc.constantFrom('table', 'pairs'),
        llm: fc.option(wideText),
        scores: fc.array(score, { maxLength: 3 }),
      }),
      { maxLength: 2 },
    ),
    examples: fc.array(example, { maxLength: 4 }),
  })

  it.each(WIDTHS)('is never wider than %d columns, whatever it holds', (width) => {
    fc.assert(
      fc.property(page, (some) => {
        const lines = featurePageLines(some, SCALE, width, PLAIN)
        for (const line of lines) {
          expect(widthOf(line), line).toBeLessThanOrEqual(width)
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u)
        }
        const coloured = featurePageLines(some, SCALE, width, COLOURED)
        expect(coloured.map((line) => widthOf(line))).toEqual(lines.map((line) => widthOf(line)))
      }),
    )
  })
})
