import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stageLines, summaryLines } from '../../src/cli/summary.ts'
import type { StudyStatus } from '../../src/pipeline/status.ts'
import { COLOURED, PLAIN } from '../../src/tui/style.ts'
import { widthOf } from '../../src/tui/text.ts'
import { WIDTHS, wideText } from '../support/wide-texts.ts'

const NO_GAINS = {
  constant: null,
  position: null,
  composition: null,
  tokenTable: null,
  bigram: null,
  shuffled: null,
  blank: null,
}

type Stratum = StudyStatus['byTokenShare'][number]

function stratum(from: number, to: number, found: Pick<Stratum, 'n' | 'median' | 'gain'>): Stratum {
  return {
    from,
    to,
    features: found.n,
    medianMissingAsZero: found.median,
    aboveBaseline: null,
    ...found,
  }
}

const STATUS: StudyStatus = {
  kind: 'sae',
  set: 'topk-4096-0a1b2c3d',
  hook: 'blocks.0.mlp.hook_post',
  explainer: 'table',
  llm: null,
  features: 4096,
  scored: 3512,
  undefined: 0,
  failed: 0,
  dead: 182,
  tooRare: 402,
  pending: 0,
  score: {
    protocol: 'monosemanticity',
    scorer: 'simulation',
    median: 0.65,
    q1: 0.51,
    q3: 0.81,
    n: 3512,
    medianMissingAsZero: 0.64,
  },
  controls: {
    constant: 0,
    position: 0.01,
    composition: null,
    tokenTable: 0.65,
    bigram: 0.69,
    shuffled: -0.02,
    blank: null,
  },
  controlMeans: {
    constant: 0,
    position: 0.003,
    composition: null,
    tokenTable: 0.6,
    bigram: 0.66,
    shuffled: -0.01,
    blank: null,
  },
  gain: { ...NO_GAINS, shuffled: 0.67, bigram: -0.01 },
  discoveries: null,
  byTokenShare: [
    stratum(0, 0.5, { n: 1700, median: 0.52, gain: { shuffled: 0.52, tokenTable: null } }),
    stratum(0.5, 1, { n: 1812, median: 0.78, gain: { shuffled: 0.8, tokenTable: null } }),
  ],
  statistics: [
    {
      scorer: 'simulation.pearson',
      tier: 'table',
      median: 0.71,
      q1: 0.6,
      q3: 0.8,
      n: 3512,
      medianMissingAsZero: 0.71,
    },
  ],
  singleTokenShare: 0.44,
  tokenShare: 0.5,
  aboveBaseline: null,
  registers: { base64: 251, dna: 97 },
  missing: [],
  training: {
    l0: 32,
    fvu: 0.18,
    deadShare: 0.04,
    crossEntropy: 2.1,
    crossEntropyReconstructed: 2.2,
    crossEntropyZeroed: 5.4,
    crossEntropyRecovered: 0.97,
    tokens: 10_000,
  },
  tier: 'table',
  otherTiers: 0,
  ledger: [],
  cost: { usd: 0, promptTokens: 0, completionTokens: 0, requests: 0, cached: 0, withoutReply: 0 },
  stages: [
    { name: 'train', state: 'done', done: 1, total: 1, seconds: 71.2 },
    { name: 'score', state: 'stopped', done: 1, total: 2, seconds: 2.04 },
  ],
}

describe('the summary of a study', () => {
  it('says what became of every feature, the scores beside their controls, the feature set', () => {
    expect(summaryLines(STATUS, 80, PLAIN)).toEqual([
      ' 4,096 features: 3,512 scored · 402 too rare · 182 dead',
      ' median ρ .65  quartiles .51 .81  n 3,512  missing as 0: .64  (monosemanticity)',
      '   tier: table',
      ' controls: shuffled −.02 · token table .65 · bigram .69 · position .00 (mean)',
      ' median gain over shuffled .67 · over bigrams −.01',
      ' single-token 44 % · token share η² .50 (median)',
      ' η² < .50: median ρ .52 · missing as 0: .52 · n 1,700 · gain over shuffled .52',
      ' η² ≥ .50: median ρ .78 · missing as 0: .78 · n 1,812 · gain over shuffled .80',
      ' other medians: Pearson .71 (n 3,512)',
      ' feature set: L0 32.0 · FVU 0.180 · dead in training 4.0 % · CE recovered 97 %',
      ' features of one register: base64 251 · dna 97',
    ])
    expect(stageLines(STATUS, 80, PLAIN)).toEqual([
      ' time: train 1 min 11 s · score 2.0 s (stopped) · in all 1 min 13 s',
    ])
  })

  it('adds what an LLM was asked and how it compares with the token table', () => {
    const lines = summaryLines(
      {
        ...STATUS,
        controls: { ...STATUS.controls, composition: 0.31, blank: 0.12 },
        gain: { ...NO_GAINS, shuffled: 0.6, tokenTable: -0.05 },
        aboveBaseline: 0.31,
        discoveries: { rate: 0.05, tested: 200, shuffled: 190, tokenTable: 70, both: 60 },
        ledger: [
          {
            stage: 'explain',
            model: 'judge',
            requests: 321,
            lost: 0,
            unknownUsage: 0,
            usd: 1.234,
            promptTokens: 1234567,
            cachedTokens: 617283,
            completionTokens: 45678,
            reasoningTokens: 12,
            priceIds: ['openai/judge'],
          },
          {
            stage: 'score',
            model: 'judge',
            requests: 2,
            lost: 3,
            unknownUsage: 1,
            usd: null,
            promptTokens: 0,
            cachedTokens: 0,
            completionTokens: 0,
            reasoningTokens: 0,
            priceIds: [],
          },
        ],
      },
      160,
      PLAIN,
    )
    expect(lines).toContain(
      ' median gain over shuffled .60 · over the token table −.05 · above baseline 31 % · 60 of 200 at a false discovery rate of 5.0 %',
    )
    expect(lines.join('\n')).toContain('bigram .69 · blank .12 · composition .31 · position')
    expect(lines.slice(-2)).toEqual([
      ' LLM: explain by judge · 321 replies · 1.23 M prompt tokens (50 % cached) · 45.7 k completion tokens (12 reasoning) · $1.23 (openai/judge)',
      ' LLM: score by judge · 2 replies · 3 lost, counted at their most · 1 without usage · 0 prompt tokens · 0 completion tokens · cost unknown',
    ])
  })

  it('leaves out what there is not', () => {
    const lines = summaryLines(
      {
        ...STATUS,
        scored: 0,
        pending: 3512,
        score: null,
        singleTokenShare: null,
        registers: {},
        byTokenShare: [],
        statistics: [],
      },
      80,
      PLAIN,
    )
    expect(lines).toEqual([
      ' 4,096 features: 0 scored · 402 too rare · 182 dead · 3,512 pending',
      ' feature set: L0 32.0 · FVU 0.180 · dead in training 4.0 % · CE recovered 97 %',
    ])
    expect(stageLines({ ...STATUS, stages: [] }, 80, PLAIN)).toEqual([])
  })

  it.each(WIDTHS)('is never wider than %d columns, with colours and without', (width) => {
    fc.assert(
      fc.property(fc.dictionary(wideText, fc.nat(5000), { maxKeys: 5 }), (registers) => {
        const status = { ...STATUS, registers }
        for (const style of [PLAIN, COLOURED])
          for (const line of [...summaryLines(status, width, style), ...stageLines(status, width, style)])
            expect(widthOf(line), line).toBeLessThanOrEqual(width)
      }),
    )
  })
})
