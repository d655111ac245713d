import { expect, it } from 'vitest'
import { started } from '../fake-llm/asking.ts'
import type { FakeLlm } from '../fake-llm/server.ts'
import { copyOf } from '../support/paths.ts'
import { gloss, query, sharedStudy, tablesOf } from '../support/small-study.ts'

/** A study that is sampled and waits to be explained. */
const prepared = sharedStudy(['tokenize', 'train', 'collect', 'sample'])
const CONCURRENCY = 4
const KILLS = 2

const args = ({ url }: FakeLlm): string[] => [
  'run',
  '--isolate',
  '--only',
  'random:24',
  '--concurrency',
  `${CONCURRENCY}`,
  '--llm',
  url,
  '--llm-model',
  'fake-model',
  '--quiet',
]

it('a killed run of isolated calls ends with the tables of an uninterrupted one, and repeats none', async () => {
  const llm = await started({ latencyMs: 5 })
  const straight = copyOf(prepared)
  expect(await gloss(args(llm), { folder: straight })).toMatchObject({ code: 0 })
  const sent = llm.stats().requests
  llm.reset()
  const killed = copyOf(prepared)
  for (let kill = 1; kill <= KILLS; kill++)
    expect(
      await gloss(args(llm), {
        folder: killed,
        meanwhile: (child) => {
          const timer = setInterval(() => {
            // The last third of what is asked is about scores alone.
            if (llm.stats().requests < (sent * (kill + 1)) / (KILLS + 2)) return
            clearInterval(timer)
            child.kill('SIGKILL')
          }, 2)
          child.on('exit', () => clearInterval(timer))
        },
      }),
    ).toMatchObject({ signal: 'SIGKILL' })
  const stored = query(killed, 'SELECT count(*) AS n FROM request WHERE response IS NOT NULL')[0]!['n']
  expect(Number(stored)).toBeLessThan(sent)
  expect(await gloss(args(llm), { folder: killed })).toMatchObject({ code: 0, stderr: '' })
  // Only what was under way when the process died is asked again.
  expect(llm.stats().requests).toBeLessThanOrEqual(sent + KILLS * CONCURRENCY)
  expect(tablesOf(killed)).toBe(tablesOf(straight))
  const verified = await gloss(['score', '--verify'], { folder: killed })
  expect(verified).toMatchObject({ code: 0, stderr: '' })
})
