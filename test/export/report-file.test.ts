import { describe, expect, it } from 'vitest'
import type { ReportFeature, ReportOverview } from '../../src/export/report-data.ts'
import { reportFile } from '../../src/export/report-file.ts'
import { ReportPage } from '../support/report-page.ts'

const HOSTILE = `</script><script>globalThis.ran = 1</script>"><img src=x onerror=alert(1)>{{7*7}} javascript:alert(1)`

function overview(features: number): ReportOverview {
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

async function* features(count: number): AsyncGenerator<ReportFeature> {
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
      scale: { max: 1, levels: 9 },
    }
}

const ASSETS = { script: 'void 0', style: 'body { margin: 0 }' }

async function written(count: number): Promise<ReportPage> {
  let html = ''
  const chart = { name: 'scores', title: HOSTILE, caption: HOSTILE, svg: '<svg xmlns="x"></svg>' }
  for await (const piece of reportFile(overview(count), [chart], features(count), ASSETS)) html += piece
  return new ReportPage(html)
}

describe('the report', () => {
  it('holds hostile text in packed blocks or escaped, never as markup', async () => {
    const { html, scripts } = await written(3)
    expect([...scripts.keys()]).toEqual(['overview', 'block-0', 'firsts', ''])
    expect(scripts.get('')).toBe(ASSETS.script)
    expect(html).not.toMatch(/<img|\{\{7\*7\}\} javascript:alert\(1\)<\/script/)
    for (const [id, content] of scripts) if (id !== '') expect(content).toMatch(/^[A-Za-z0-9+/]+=*$/)
    expect(html).toContain('<title>features @ &lt;/script&gt;&lt;script&gt;')
  })

  it('lets this script and this style run, and nothing load', async () => {
    const { html } = await written(1)
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)![1]!
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${ReportPage.hashOf(ASSETS.script)}`,
      `style-src ${ReportPage.hashOf(ASSETS.style)}`,
      "base-uri 'none'",
      "form-action 'none'",
    ])
    expect(html).not.toMatch(/\b(?:src|href)="(?!#)/)
  })

  it('packs features in blocks of 64 that name each text once', async () => {
    const page = await written(130)
    expect(page.unpack('firsts')).toEqual([0, 64, 128])
    expect(page.unpack('block-2')).toMatchObject({
      texts: [HOSTILE, 'b'],
      features: [
        { feature: 128, examples: [{ document: 0, tokens: [0, 1, 0], activations: [0, 1, 0] }] },
        { feature: 129 },
      ],
    })
    expect(page.unpack('overview')).toEqual(overview(130))
  })
})
