import { describe, expect, it, onTestFinished } from 'vitest'
import { parse, stringify } from 'yaml'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FakeLlmOptions } from '../fake-llm/options.ts'
import { FakeLlm } from '../fake-llm/server.ts'
import { copyOf } from '../support/paths.ts'
import { gloss, query, sharedStudy, tablesOf } from '../support/small-study.ts'

/** A study that is sampled and waits to be explained. */
const prepared = sharedStudy(['tokenize', 'train', 'collect', 'sample'])

async function serve(options: FakeLlmOptions = {}): Promise<FakeLlm> {
  const llm = await FakeLlm.start(options)
  onTestFinished(() => llm.stop())
  return llm
}

/** Replies are stored under one name, whichever server gave them. */
function study(): string {
  const folder = copyOf(prepared)
  const path = join(folder, 'gloss.yaml')
  const settings = parse(readFileSync(path, 'utf8')) as object
  writeFileSync(path, stringify({ ...settings, llm: { group: 'lab', batchPollSeconds: 0.1 } }))
  return folder
}

const args = (llm: FakeLlm, ...more: string[]): string[] => [
  'run',
  '--only',
  'random:12',
  '--llm',
  llm.url,
  '--llm-model',
  'fake-model',
  '--quiet',
  ...more,
]

async function online(): Promise<string> {
  const folder = study()
  expect(await gloss(args(await serve()), { folder })).toMatchObject({ code: 0 })
  return tablesOf(folder)
}

describe('gloss run --batch', () => {
  it('finds what a run without it finds', async () => {
    const folder = study()
    const llm = await serve({ batch: { expireShare: 0.05 } })
    expect(await gloss(args(llm, '--batch'), { folder })).toMatchObject({ code: 0, stderr: '' })
    expect(llm.stats().requests).toBe(0)
    expect(tablesOf(folder)).toBe(await online())
    expect(query(folder, "SELECT count(*) AS n FROM batch WHERE state <> 'done'")[0]!['n']).toBe(0)
    const { uploads } = llm.batchStats()
    expect(await gloss(args(llm, '--batch'), { folder })).toMatchObject({ code: 0 })
    expect(llm.batchStats().uploads).toBe(uploads)
  })

  it.each([
    ['SIGKILL', { signal: 'SIGKILL' }],
    ['SIGINT', { code: 3 }],
  ] as const)('goes on with its batches after %s', async (signal, outcome) => {
    const folder = study()
    const llm = await serve({ batch: { polls: 15 } })
    const stopped = await gloss(args(llm, '--batch'), {
      folder,
      meanwhile: (child) => {
        const timer = setInterval(() => {
          if (llm.batchStats().polls < 2) return
          clearInterval(timer)
          child.kill(signal)
        }, 20)
      },
    })
    expect(stopped).toMatchObject(outcome)
    expect(llm.batchStats()).toMatchObject({ uploads: 1, batches: 1 })
    expect(await gloss(args(llm, '--batch'), { folder })).toMatchObject({ code: 0 })
    const { lines, distinctLines } = llm.batchStats()
    expect(lines).toBe(distinctLines)
    expect(tablesOf(folder)).toBe(await online())
  })

  it('takes one endpoint', async () => {
    const folder = study()
    const llm = await serve()
    const { code, stderr } = await gloss(args(llm, '--llm', 'http://localhost:1/v1', '--batch'), { folder })
    expect(code).toBe(2)
    expect(stderr).toContain('expected one endpoint with --batch, found 2')
  })
})
