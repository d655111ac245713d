import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { pageAssets } from '../../src/cli/assets.ts'
import { reportFile } from '../../src/export/report-file.ts'
import { HOSTILE, hostileFeatures, hostileOverview } from '../support/hostile-report.ts'
import { temporaryFolder } from '../support/paths.ts'

const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
)

/** The page's markup after its scripts have run, as Chromium has it. */
function domOf(html: string, hash = ''): string {
  const folder = temporaryFolder()
  const path = join(folder, 'report.html')
  writeFileSync(path, html)
  const { stdout } = spawnSync(
    CHROMIUM!,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      `--user-data-dir=${join(folder, 'profile')}`,
      '--virtual-time-budget=20000',
      '--dump-dom',
      `${pathToFileURL(path).href}${hash}`,
    ],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  )
  return stdout
}

async function report(features: number): Promise<string> {
  let html = ''
  const pieces = reportFile(hostileOverview(features), [], hostileFeatures(features), pageAssets())
  for await (const piece of pieces) html += piece
  return html
}

const escaped = HOSTILE.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

// Where there is no Chromium, the policy and the packing are checked on the file alone: report-file.test.ts.
describe.skipIf(CHROMIUM === undefined)('the report in Chromium', () => {
  it('shows the table, with hostile text as text', async () => {
    const dom = domOf(await report(70))
    expect(dom).toContain('data-ready')
    expect(dom).not.toContain('data-ran')
    expect(dom).toContain('1 to 50 of 70 features')
    expect(dom).toContain(`<td class="text"><bdi>${escaped}</bdi></td>`)
    expect(dom).toContain(`<th scope="row">${escaped}</th><td class="number">.50</td>`)
  })

  it('shows the page of the feature that the address names', async () => {
    const dom = domOf(await report(131), '#feature-130')
    expect(dom).not.toContain('data-ran')
    expect(dom).toContain('>Feature 130</h1>')
    expect(dom).toContain('href="#feature-129"')
    expect(dom).toContain(`<p>Comment: <bdi>${escaped}</bdi></p>`)
    expect(dom).toContain('an attention check · submitted · flagged')
    expect(dom).toMatch(/<mark class="token nominal" title="1\.00"[^>]*><bdi>b<\/bdi><\/mark>/)
  })

  it('refuses a script that got into the page all the same', async () => {
    const planted = '<script>document.documentElement.dataset.ran = 1</script></body>'
    const html = (await report(1)).replace('</body>', planted)
    expect(domOf(html)).not.toContain('data-ran')
    // Without the policy it would have run.
    expect(domOf(html.replace(/<meta http-equiv[^>]*>/, ''))).toContain('data-ran')
  })
})
