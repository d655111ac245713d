import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { started } from '../fake-llm/asking.ts'
import type { LlmRequest } from '../fake-llm/request.ts'
import { byMeaning } from '../support/meaning-judge.ts'
import { temporaryFolder } from '../support/paths.ts'
import { gloss } from '../support/small-study.ts'

const answer = ({ messages }: LlmRequest): string => byMeaning(messages.at(-1)!.content)

interface Found {
  puzzles: number
  rules: number
  examples: number | null
  scorer: string
  tier: string
  examplesPerCall: number
  ranking: { wins: { value: number }; auc: { value: number }; ranked: number }
  spending: { requests: number; fromCache: number }
  solved: { name: string; scores: Record<string, number | null> }[]
}

describe('gloss puzzles', () => {
  it('ranks explanations, remembers replies, and says in advance what it asks', async () => {
    const llm = await started({ answer })
    const folder = temporaryFolder()
    const args = ['puzzles', '--count', '34', '--examples-per-call', '60', '--llm', llm.url]
    const asked = [...args, '--llm-model', 'fake-model']
    const dry = await gloss([...asked, '--dry-run', '--json'], { folder })
    expect(dry.code).toBe(0)
    const [estimate] = (JSON.parse(dry.stdout) as { estimates: { requests: number }[] }).estimates
    expect(llm.stats().requests).toBe(0)

    const first = await gloss([...asked, '--json'], { folder })
    expect(first.code).toBe(0)
    const found = JSON.parse(first.stdout) as Found
    expect(found).toMatchObject({ puzzles: 34, rules: 34, tier: 'integersSparse', examplesPerCall: 60 })
    expect(found.ranking.ranked).toBe(34)
    expect(found.ranking.wins.value).toBeGreaterThanOrEqual(0.97)
    expect(found.ranking.auc.value).toBeGreaterThanOrEqual(0.99)
    expect(llm.stats().requests).toBe(estimate!.requests)
    expect(existsSync(join(folder, 'gloss-puzzles', 'gloss.db'))).toBe(true)

    const again = await gloss(asked, { folder })
    expect(again.code).toBe(0)
    expect(llm.stats().requests).toBe(estimate!.requests)
    expect(again.stdout).toContain(
      ' 34 puzzles of 60 windows from 34 rules\n simulation · integersSparse · 60 examples a call · fake-model\n',
    )
    expect(again.stdout).toMatch(/the true explanation wins {5}\S+ \[\S+ \S+\] {3}chance \.20/)
    for (const line of again.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })

  it('simulates fewer windows of each puzzle where that is asked', async () => {
    const llm = await started({ answer })
    const folder = temporaryFolder()
    const args = [
      'puzzles',
      '--count',
      '34',
      '--examples',
      '20',
      '--llm',
      llm.url,
      '--llm-model',
      'fake-model',
    ]
    const found = JSON.parse((await gloss([...args, '--json'], { folder })).stdout) as Found
    expect(found.ranking.ranked).toBe(34)
    expect(found.ranking.wins.value).toBeGreaterThanOrEqual(0.95)
    expect(found.examples).toBe(20)
    expect(llm.stats().requests).toBe(34 * 5)
    for (const refused of [['19'], ['61'], ['30', '--scorer', 'detection']]) {
      const { code, stderr } = await gloss(['puzzles', '--examples', ...refused], { folder })
      expect(code).toBe(2)
      expect(stderr).toContain('expected --examples')
    }
  })

  it.each([
    ['detection', 5, 4],
    ['fuzzing', 5, 4],
    ['intruder', 5, 4],
  ])('puts questions to explanations: %s', async (scorer, calls, puzzles) => {
    const llm = await started({ answer })
    const folder = temporaryFolder()
    const args = ['puzzles', '--scorer', scorer, '--count', `${puzzles}`]
    const asked = [...args, '--llm', llm.url, '--llm-model', 'fake-model']
    const dry = await gloss([...asked, '--dry-run', '--json'], { folder })
    const [estimate] = (JSON.parse(dry.stdout) as { estimates: { requests: number }[] }).estimates
    expect(estimate!.requests).toBe(puzzles * 5 * calls)
    const first = await gloss([...asked, '--json'], { folder })
    expect(first.code).toBe(0)
    const found = JSON.parse(first.stdout) as Found
    expect(found).toMatchObject({ puzzles, scorer, tier: 'integersSparse' })
    for (const { scores } of found.solved) expect(scores['true']).toBe(1)
    expect(llm.stats().requests).toBe(estimate!.requests)
    const again = await gloss([...asked, '--json'], { folder })
    expect((JSON.parse(again.stdout) as Found).ranking).toEqual(found.ranking)
    expect(llm.stats().requests).toBe(estimate!.requests)
    const shown = await gloss([...asked, '--examples-per-call', '50'], { folder })
    expect(shown.stdout).toContain(`${scorer} · integersSparse · 50 questions a call`)
    expect(shown.stdout).toContain('chance .20')
  })

  it('goes on after it was killed, and asks nothing again that was answered', async () => {
    const llm = await started({ answer, latencyMs: 20 })
    const folder = temporaryFolder()
    const args = ['puzzles', '--scorer', 'detection', '--count', '12', '--concurrency', '4']
    const asked = [...args, '--llm', llm.url, '--llm-model', 'fake-model', '--json']
    const killed = await gloss(asked, {
      folder,
      meanwhile: (child) => {
        const timer = setInterval(() => {
          if (llm.stats().requests < 60) return
          clearInterval(timer)
          child.kill('SIGKILL')
        }, 5)
      },
    })
    expect(killed).toMatchObject({ signal: 'SIGKILL', stdout: '' })
    const before = llm.stats().requests
    expect(before).toBeLessThan(12 * 5 * 5)
    const found = JSON.parse((await gloss(asked, { folder })).stdout) as Found
    expect(found.ranking.ranked).toBe(12)
    expect(found.spending.fromCache).toBeGreaterThanOrEqual(before - 4)
    // What was on its way when it was killed has no stored reply.
    expect(llm.stats().answeredTwice).toBeLessThanOrEqual(4)
  })

  it('asks in batches, and one example each of twenty puzzles at a time', async () => {
    const llm = await started({ answer, batch: {} })
    const folder = temporaryFolder()
    const settings = { model: 'tiny-1l', hook: 'blocks.0.mlp.hook_post', llm: { batchPollSeconds: 0.1 } }
    writeFileSync(join(folder, 'gloss.yaml'), stringify(settings))
    const args = ['puzzles', '--workspace', folder, '--count', '20', '--llm', llm.url]
    const asked = [...args, '--llm-model', 'fake-model', '--json']
    for (const more of [['--scorer', 'intruder'], ['--isolate']]) {
      const found = await gloss([...asked, ...more, '--batch'], { folder })
      expect(found.code).toBe(0)
      const { ranking } = JSON.parse(found.stdout) as Found
      expect(ranking.ranked).toBe(20)
      expect(ranking.wins.value).toBeGreaterThanOrEqual(0.9)
      expect(llm.stats().requests).toBe(0)
      // The replies are there for a run without batches too.
      const after = await gloss([...asked, ...more], { folder })
      expect((JSON.parse(after.stdout) as Found).ranking).toEqual(ranking)
      expect(llm.stats().requests).toBe(0)
    }
    expect(llm.batchStats().lines).toBe(20 * 5 * 5 + 60 * 5)
  })

  it('needs an endpoint, and takes --isolate with sparse integers only', async () => {
    const folder = temporaryFolder()
    const alone = await gloss(['puzzles'], { folder })
    expect(alone).toMatchObject({ code: 2, stdout: '' })
    expect(alone.stderr).toContain('expected an endpoint to try, found none')
    expect((await gloss(['puzzles', '--examples-per-call', '0'], { folder })).code).toBe(2)
    const llm = ['--llm', 'http://127.0.0.1:9/v1', '--llm-model', 'none', '--dry-run']
    const dense = await gloss(['puzzles', '--isolate', '--tier', 'integersDense', ...llm], { folder })
    expect(dense.stderr).toContain('expected --tier integersSparse with --isolate')
    const questions = await gloss(['puzzles', '--isolate', '--scorer', 'fuzzing', ...llm], { folder })
    expect(questions).toMatchObject({ code: 2, stdout: '' })
    expect(questions.stderr).toContain('expected --isolate with --scorer simulation, found fuzzing')
    const logits = await gloss(['puzzles', '--scorer', 'logits', ...llm], { folder })
    expect(logits).toMatchObject({ code: 2, stdout: '' })
    expect(logits.stderr).toContain('planted features have no logits')
  })
})
