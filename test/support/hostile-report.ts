import type { ReportFeature, ReportOverview } from '../../src/export/report-data.ts'

/** Markup, addresses and templates that would run if anything read them as such; running leaves `data-ran`. */
export const HOSTILE = `</script><script>document.documentElement.dataset.ran = 1</script>"><img src=x onerror=document.documentElement.dataset.ran=2>{{7*7}} javascript:alert(1)`

/** The first part of a report in which every text is hostile. */
export function hostileOverview(features: number): ReportOverview {
  const all = <T>(value: T): T[] => Array.from({ length: features }, () => value)
  return {
    study: {
      version: '0.1.0',
      set: HOSTILE,
      kind: 'sae',
      hook: HOSTILE,
      model: HOSTILE,
      explainer: 'pairs',
      llm: HOSTILE,
      tier: 'integersSparse',
      features,
      scored: features,
      undefined: 0,
      failed: 0,
      dead: 0,
      tooRare: 0,
      pending: 0,
      score: null,
      controls: {},
      gain: {},
      singleTokenShare: null,
      aboveBaseline: null,
      training: { l0: 1, fvu: 0.1, deadShare: 0, crossEntropyRecovered: 0.9 },
      cost: { usd: 0, requests: 0 },
      eligible: 10,
    },
    sessions: [
      {
        session: HOSTILE,
        rubric: HOSTILE,
        items: 2,
        raters: [{ rater: HOSTILE, items: 2, submitted: 1, checks: { failed: 0, shown: 1 } }],
        agreement: [
          {
            name: HOSTILE,
            metric: 'ordinal',
            alpha: { value: 0.5, low: null, high: null },
            units: 1,
            icc: null,
          },
        ],
        automatic: [
          {
            measure: HOSTILE,
            scorer: HOSTILE,
            protocol: HOSTILE,
            tier: 'table',
            spearman: { value: null, low: null, high: null },
            kendall: { value: null, low: null, high: null },
            n: 1,
          },
        ],
      },
    ],
    table: {
      feature: Array.from({ length: features }, (_, feature) => feature),
      standing: all('scored'),
      density: all(0.01),
      max: all(1),
      firings: all(3),
      topTokens: all(HOSTILE),
      register: all(null),
      explanation: all(HOSTILE),
      score: all(0.5),
      low: all(0.4),
      high: all(0.6),
      shuffled: all(0),
      aboveBaseline: all(true),
    },
  }
}

/** Features whose every text is hostile. */
export async function* hostileFeatures(count: number): AsyncGenerator<ReportFeature> {
  for (let feature = 0; feature < count; feature++)
    yield {
      feature,
      tokenShare: 0.5,
      singleToken: false,
      histogram: [1, 2],
      logits: null,
      explanations: [{ text: HOSTILE, explainer: 'pairs', llm: null, scores: [] }],
      examples: [
        {
          slice: 'top',
          document: HOSTILE,
          nominal: 1,
          tokens: [HOSTILE, 'b', HOSTILE],
          activations: [0, 1, 0],
        },
      ],
      simulated: [],
      ratings: [
        {
          session: HOSTILE,
          rubric: HOSTILE,
          rater: HOSTILE,
          role: 'check',
          standing: 'submitted',
          explanationOf: 0,
          texts: [[HOSTILE, HOSTILE]],
          scores: [{ name: HOSTILE, part: HOSTILE, value: 1, most: 2 }],
          comment: HOSTILE,
          skippedBecause: HOSTILE,
          flagged: true,
        },
      ],
      scale: { max: 1, levels: 9 },
    }
}
