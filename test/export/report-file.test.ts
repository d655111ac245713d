import { describe, expect, it } from 'vitest'
import { reportFile } from '../../src/export/report-file.ts'
import { HOSTILE, hostileFeatures, hostileOverview } from '../support/hostile-report.ts'
import { ReportPage } from '../support/report-page.ts'

const ASSETS = { script: 'void 0', style: 'body { margin: 0 }' }

async function written(count: number): Promise<ReportPage> {
  let html = ''
  const chart = { name: 'scores', title: HOSTILE, caption: HOSTILE, svg: '<svg xmlns="x"></svg>' }
  for await (const piece of reportFile(hostileOverview(count), [chart], hostileFeatures(count), ASSETS))
    html += piece
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

  it('packs features in blocks of 128 that name each text once', async () => {
    const page = await written(258)
    expect(page.unpack('firsts')).toEqual([0, 128, 256])
    expect(page.unpack('block-2')).toMatchObject({
      texts: [HOSTILE, 'b'],
      features: [
        { feature: 256, examples: [{ document: 0, tokens: [0, 1, 0], activations: [0, 1, 0] }] },
        { feature: 257 },
      ],
    })
    expect(page.unpack('overview')).toEqual(hostileOverview(258))
  })
})
