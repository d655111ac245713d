import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { featurePageLines, type PageExtras, type PageView } from '../../src/tui/feature-page.ts'
import type { PageDetailsView } from '../../src/tui/page-details.ts'
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
  provenanceId: 'p2',
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

const PROVENANCE: PageView['provenance']['set'] = {
  version: '1.2.3',
  seed: 7,
  model: 'tiny-1l',
  weightsHash: 'aaaaaaaaaaaa',
  tokenizerHash: 'bbbbbbbbbbbb',
  corpusHash: 'cccccccccccc',
  setHash: 'dddddddddddd',
  protocol: null,
  protocolHash: null,
  prompt: null,
  promptHash: null,
  llm: null,
}

const DETAILS: PageDetailsView = {
  simulation: {
    scale: 9,
    examples: [
      { slice: 'top', tokens: [' a', 'AGC', ' x'], levels: [0, 9, 0], predicted: [0, 7.6, 2] },
      { slice: 'random', tokens: [' the', ' whale'], levels: [0, 0], predicted: null },
    ],
  },
  withoutSimulation: null,
  neighbours: [
    { feature: 12, cosine: 0.831, state: 'alive', score: 0.71, explanation: 'GC runs' },
    { feature: 40_960, cosine: -0.02, state: 'dead', score: null, explanation: null },
  ],
  withoutNeighbours: null,
}
const EXTRAS: PageExtras = { details: DETAILS, chosen: null, terse: false }

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
      provenanceId: 'p1',
      scores: [SIMULATED],
    },
  ],
  examples: [FIRING, { ...FIRING, slice: 'interval 6' }, SILENT],
  provenance: {
    set: PROVENANCE,
    p1: { ...PROVENANCE, prompt: 'pairs', promptHash: '5e6f7a8b9c', llm: 'gpt-x' },
    p2: {
      ...PROVENANCE,
      protocol: 'monosemanticity',
      protocolHash: '9a8b7c6d5e',
      prompt: 'sparse',
      promptHash: '1f2e3d4c5b',
      llm: 'gpt-x',
      endpoint: 'https://llm.example/v1',
    },
  },
}

const plain = (page: Partial<PageView>, width = 80, extras: Partial<PageExtras> = {}): string[] =>
  featurePageLines({ ...PAGE, ...page }, SCALE, width, PLAIN, { ...EXTRAS, ...extras })
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
      ' simulation  2 of 2 held-out examples: true levels 0–9, predicted ones below',
      ' top          a[AGC]⁹ x',
      '   predicted  ·     8 2',
      ' random       the whale',
      '   predicted no answer could be read',
      '',
      ' activations █▅▃▂▁▁▁▁▁ ',
      '             0 ─── 3.21',
      ' logits +    ␣GC  TAA',
      ' logits −    ␣the  ,',
      '',
      ' neighbours  by the cosine of decoder rows, with ρ and explanation',
      '       12   cos  .83   ρ  .71   GC runs',
      '    40960   cos −.02   ρ    ·   (dead)',
      '',
      ' provenance  names with the beginnings of content hashes; --json has them whole',
      ' set: model tiny-1l · weights aaaaaaaa · tokenizer bbbbbbbb · corpus cccccccc ·',
      '   set dddddddd · seed 7 · gloss 1.2.3',
      ' explanation by pairs: prompt pairs@5e6f7a8b · LLM gpt-x · seed 7 · gloss 1.2.3',
      ' simulation, integersSparse: protocol monosemanticity@9a8b7c6d · prompt',
      '   sparse@1f2e3d4c · LLM gpt-x · at https://llm.example/v1 · seed 7 · gloss',
      '   1.2.3',
    ])
  })

  it('marks what is being found, and says why something cannot be', () => {
    const coming = plain({}, 80, { details: null }).join('\n')
    expect(coming).toContain(' simulation  …')
    expect(coming).toContain(' neighbours  …')
    const none = plain({}, 60, {
      details: {
        simulation: null,
        withoutSimulation: 'not scored by simulation yet: run gloss score',
        neighbours: null,
        withoutNeighbours:
          'neurons have no decoder: each is a direction of its own, and none is near another',
      },
    }).join('\n')
    expect(none).toContain(' simulation  not scored by simulation yet: run gloss score')
    expect(none).toMatch(/ neighbours {2}neurons have no decoder: .*\n {13}\S/)
    expect(plain({ explanations: [] }, 80, { details: null }).join('\n')).not.toContain('simulation')
  })

  it('puts the cursor at a neighbour, and speaks of levels in words', () => {
    expect(plain({}, 80, { chosen: 1 })).toContain('›   40960   cos −.02   ρ    ·   (dead)')
    const spoken = plain({}, 80, { terse: true })
    expect(spoken).toContain(' top: AGC true 9 predicted 8, x true 0 predicted 2')
    expect(spoken).toContain(' random: no answer could be read')
  })

  it('shows a window from where its strongest prediction is seen', () => {
    const tokens = Array.from({ length: 64 }, (_, index) => ` t${index}`)
    const levels = tokens.map(() => 0)
    const predicted = tokens.map((_, index) => (index === 60 ? 6 : 0))
    const details = {
      ...DETAILS,
      simulation: { scale: 10, examples: [{ slice: 'top', tokens, levels, predicted }] },
    }
    const lines = plain({}, 60, { details })
    const at = lines.findIndex(
      (line) => line.startsWith(' top          t') || line.startsWith(' top         …'),
    )
    expect(lines[at]).toMatch(/…t?.* t60/)
    expect(lines[at + 1]![lines[at]!.indexOf(' t60') + 3]).toBe('6')
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
    const uses = [...of('top'), ...of('interval 3'), ...of('random'), ...of('other'), ...of('top', 'score')]
    const lines = plain({ examples: uses }, 80, { details: null })
    expect(lines.filter((line) => line.includes('[AGC]'))).toHaveLength(6 + 1 + 3 + 5)
    for (const label of ['top', '3/12', 'random', 'other'])
      expect(lines.filter((line) => line.startsWith(` ${label} `))).toHaveLength(1)
  })

  it('says where a score is not above its baselines', () => {
    const shown = (gain: Score['gain']): string[] =>
      plain({
        explanations: [
          {
            text: 'x',
            problem: null,
            explainer: 'pairs',
            llm: 'gpt-x',
            provenanceId: 'p1',
            scores: [{ ...SIMULATED, gain }],
          },
        ],
      })
    for (const name of ['shuffled', 'tokenTable'])
      expect(shown({ [name]: { low: 0 } }).join('\n')).toContain('ρ .87 [.81 .92]   ≈ baseline')
    for (const gain of [{}, { shuffled: { low: 0.01 } }, { tokenTable: { low: null } }])
      expect(shown(gain).join('\n')).not.toContain('≈')
  })

  it('puts bins of the histogram together where there is no room for all', () => {
    const histogram = Array.from({ length: 40 }, (_, bin) => (bin < 2 ? 100 : bin < 4 ? 50 : 0))
    const activations = (width: number): string =>
      plain({ histogram }, width).find((line) => line.startsWith(' activations'))!
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
    provenanceId: fc.constant('p2'),
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
        provenanceId: fc.constant('p1'),
        scores: fc.array(score, { maxLength: 3 }),
      }),
      { maxLength: 2 },
    ),
    examples: fc.array(example, { maxLength: 4 }),
    provenance: fc.record({ model: wideText, version: wideText }).map((made) => {
      const set = { ...PROVENANCE, ...made }
      return { set, p1: set, p2: set }
    }),
  })
  const levels = fc.array(fc.nat(9), { minLength: 6, maxLength: 6 })
  const details = fc.record({
    simulation: fc.option(
      fc.record({
        scale: fc.constant(9),
        examples: fc.array(
          fc.record({
            slice: fc.constantFrom('top', 'interval 12', 'random'),
            tokens: fc.array(wideText, { minLength: 6, maxLength: 6 }),
            levels,
            predicted: fc.option(levels),
          }),
          { maxLength: 3 },
        ),
      }),
    ),
    withoutSimulation: wideText,
    neighbours: fc.option(
      fc.array(
        fc.record({
          feature: fc.nat(1_000_000),
          cosine: number(1),
          state: fc.constantFrom('alive', 'dead', 'tooRare'),
          score: fc.option(number(1)),
          explanation: fc.option(wideText),
        }),
        { maxLength: 8 },
      ),
    ),
    withoutNeighbours: wideText,
  })
  const extras = fc.record({
    details: fc.option(details),
    chosen: fc.option(fc.nat(8)),
    terse: fc.boolean(),
  })

  it.each(WIDTHS)('is never wider than %d columns, whatever it holds', (width) => {
    fc.assert(
      fc.property(page, extras, (some, more) => {
        const lines = featurePageLines(some, SCALE, width, PLAIN, more)
        for (const line of lines) {
          expect(widthOf(line), line).toBeLessThanOrEqual(width)
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u)
        }
        const coloured = featurePageLines(some, SCALE, width, COLOURED, more)
        expect(coloured.map((line) => widthOf(line))).toEqual(lines.map((line) => widthOf(line)))
      }),
    )
  })
})
