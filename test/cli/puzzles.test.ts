import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Concept } from '../../src/autointerp/puzzles/concepts.ts'
import { makePuzzles, PLAUSIBILITIES } from '../../src/autointerp/puzzles/puzzle.ts'
import { started } from '../fake-llm/asking.ts'
import { readQuestion, unescapeShown } from '../fake-llm/prompt-reading.ts'
import type { LlmRequest } from '../fake-llm/request.ts'
import { temporaryFolder } from '../support/paths.ts'
import { gloss } from '../support/small-study.ts'

const CONCEPTS = new Map<string, Concept>(
  makePuzzles(0).flatMap(({ explanations }) =>
    PLAUSIBILITIES.map((one): [string, Concept] => [explanations[one].text, explanations[one]]),
  ),
)

/** Predicts by what a description means. */
function byMeaning({ messages }: LlmRequest): string {
  const question = readQuestion(messages.at(-1)!.content)
  if (question.task !== 'simulate') throw new Error('expected a question about a description')
  const { level } = CONCEPTS.get(unescapeShown(question.description))!
  return question.examples
    .map(({ number, tokens }) => {
      const texts = tokens.map(unescapeShown)
      const levels = texts.map((_, index) => level(texts, index))
      const named = levels.flatMap((one, index) => (one > 0 ? [`${index + 1}=${one}`] : []))
      return `${number}: ${named.join(' ') || 'none'}`
    })
    .join('\n')
}

interface Found {
  puzzles: number
  rules: number
  tier: string
  examplesPerCall: number
  ranking: { wins: { value: number }; auc: { value: number }; ranked: number }
  spending: { requests: number; fromCache: number }
  solved: { name: string; scores: Record<string, number | null> }[]
}

describe('gloss puzzles', () => {
  it('ranks explanations, remembers replies, and says in advance what it asks', async () => {
    const llm = await started({ answer: byMeaning })
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
      '34 puzzles from 34 rules   simulation · integersSparse · 60 examples a call',
    )
    expect(again.stdout).toMatch(/the true explanation wins {5}\S+ \[\S+ \S+\] {3}chance \.20/)
    for (const line of again.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })

  it('needs an endpoint, and takes --isolate with sparse integers only', async () => {
    const folder = temporaryFolder()
    const alone = await gloss(['puzzles'], { folder })
    expect(alone).toMatchObject({ code: 2, stdout: '' })
    expect(alone.stderr).toContain('expected an endpoint to try, found none')
    expect((await gloss(['puzzles', '--examples-per-call', '0'], { folder })).code).toBe(2)
  })
})
