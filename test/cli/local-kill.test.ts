import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { copyOf } from '../support/paths.ts'
import { smallModel } from '../support/small-model.ts'
import { gloss, query, sharedStudy, tablesOf } from '../support/small-study.ts'

const MINUTES = 60_000
const FEATURES = 3
const model = smallModel()
const skipped = 'missing' in model ? ` (skipped: ${model.missing})` : ''

describe.skipIf('missing' in model)(`gloss explain with a model file${skipped}`, () => {
  const prepared = sharedStudy('missing' in model ? [] : ['tokenize', 'train', 'collect', 'sample'])
  const args = ['explain', '--only', `random:${FEATURES}`, '--explainer', 'delimiters', '--quiet']

  function study(): string {
    const folder = copyOf(prepared)
    const settings = join(folder, 'gloss.yaml')
    const { path } = model as { path: string }
    const llm = { url: `gguf:${path}`, maxReplyTokens: 24 }
    writeFileSync(settings, stringify({ ...(parse(readFileSync(settings, 'utf8')) as object), llm }))
    return folder
  }

  const stored = (folder: string) =>
    query(folder, 'SELECT count(*) AS n FROM request WHERE response IS NOT NULL')[0]!['n'] as number

  it(
    'goes on after kill -9 and asks nothing twice',
    async () => {
      const folder = study()
      const stopped = await gloss(args, {
        folder,
        meanwhile: (child) => {
          const timer = setInterval(() => {
            if (child.exitCode === null && stored(folder) === 0) return
            clearInterval(timer)
            child.kill('SIGKILL')
          }, 20)
        },
      })
      expect(stopped.signal).toBe('SIGKILL')
      const before = stored(folder)
      expect(before).toBeGreaterThanOrEqual(1)
      expect(before).toBeLessThan(FEATURES)
      expect(await gloss(args, { folder })).toMatchObject({ code: 0 })
      expect(query(folder, 'SELECT count(*) AS n FROM spending')[0]!['n']).toBe(FEATURES)
      for (const { body } of query(folder, 'SELECT body FROM request'))
        expect(JSON.parse(gunzipSync(body as Uint8Array).toString('utf8'))).toMatchObject({ max_tokens: 24 })
      const whole = study()
      expect(await gloss(args, { folder: whole })).toMatchObject({ code: 0 })
      expect(tablesOf(folder)).toBe(tablesOf(whole))
    },
    30 * MINUTES,
  )
})
