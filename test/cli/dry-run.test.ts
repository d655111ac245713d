import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Estimate } from '../../src/pipeline/estimate.ts'
import { started } from '../fake-llm/asking.ts'
import type { FakeLlmOptions } from '../fake-llm/options.ts'
import { readQuestion } from '../fake-llm/prompt-reading.ts'
import type { LlmRequest } from '../fake-llm/request.ts'
import type { FakeLlm } from '../fake-llm/server.ts'
import { copyOf } from '../support/paths.ts'
import { gloss, sharedStudy, tablesOf } from '../support/small-study.ts'
import { countPieces } from '../support/token-pieces.ts'

/** A study that is sampled and waits to be explained. */
const prepared = sharedStudy(['tokenize', 'train', 'collect', 'sample'])
const PRICES = { input: 1, output: 4 }

/** Writes sentences of usual length, each another, and predicts that nothing fires. */
function writer(): (request: LlmRequest) => string {
  const seen = new Map<string, number>()
  return ({ messages }) => {
    const asked = messages.at(-1)!.content
    const question = readQuestion(asked)
    if (question.task === 'simulate')
      return question.examples.map(({ number }) => `${number}: none`).join('\n')
    if (!seen.has(asked)) seen.set(asked, seen.size)
    return `<explanation>Names of places and dates in reports of kind ${seen.get(asked)}, most strongly at the beginning of a line</explanation>`
  }
}

function fake(options: FakeLlmOptions = {}): Promise<FakeLlm> {
  return started({ answer: writer(), countTokens: countPieces, prices: PRICES, ...options })
}

function study({ prices = false } = {}): string {
  const folder = copyOf(prepared)
  if (prices) appendFileSync(join(folder, 'gloss.yaml'), `llm:\n  prices: ${JSON.stringify(PRICES)}\n`)
  return folder
}

const at = ({ url }: FakeLlm): string[] => ['--only', 'random:40', '--llm', url, '--llm-model', 'fake-model']

async function run(folder: string, ...args: string[]): Promise<void> {
  expect((await gloss([...args, '--quiet'], { folder })).code).toBe(0)
}

async function estimates(folder: string, ...args: string[]): Promise<Estimate[]> {
  const { code, stdout, stderr } = await gloss([...args, '--dry-run', '--json'], { folder })
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return (JSON.parse(stdout) as { estimates: Estimate[] }).estimates
}

/** What was foretold, against what the server counted since it was reset. */
function expectMet(foretold: readonly Estimate[], llm: FakeLlm): void {
  const sum = (of: (one: Estimate) => number): number => foretold.reduce((all, one) => all + of(one), 0)
  const { requests, promptTokens, completionTokens } = llm.stats()
  expect(sum((one) => one.requests)).toBe(requests)
  expect(Math.abs(sum((one) => one.promptTokens) / promptTokens - 1)).toBeLessThan(0.15)
  const tokens = sum((one) => one.promptTokens + one.completionTokens)
  expect(Math.abs(tokens / (promptTokens + completionTokens) - 1)).toBeLessThan(0.15)
}

describe('a dry run', () => {
  it('of a run foretells both stages, sends nothing and changes nothing', async () => {
    const llm = await fake()
    const folder = study()
    const before = tablesOf(folder)
    const both = await estimates(folder, 'run', ...at(llm))
    expect(both).toMatchObject([
      { stage: 'explain', features: 40, requests: 40, stored: 0, usd: null, seconds: null },
      { stage: 'score', features: 40, stored: 0, usd: null, seconds: null },
    ])
    expect(both[1]!.requests).toBeGreaterThan(5 * 40)
    expect(await estimates(folder, 'explain', ...at(llm))).toEqual([both[0]])
    expect(llm.stats().requests).toBe(0)
    expect(tablesOf(folder)).toBe(before)
    await run(folder, 'run', ...at(llm))
    expectMet(both, llm)
    expect((await estimates(folder, 'run', ...at(llm))).map((one) => one.requests)).toEqual([0, 0])
  })

  it('of each verb foretells that verb', async () => {
    const llm = await fake()
    const folder = study()
    const [unexplained] = await estimates(folder, 'score', ...at(llm))
    expect(unexplained).toMatchObject({ features: 0, requests: 0 })
    expect(unexplained!.note).toContain('run gloss explain first')
    const explaining = await estimates(folder, 'explain', ...at(llm))
    await run(folder, 'explain', ...at(llm))
    expectMet(explaining, llm)
    llm.reset()
    const scoring = await estimates(folder, 'score', ...at(llm))
    expect(scoring).toMatchObject([{ stage: 'score', features: 40 }])
    expect(scoring[0]!.seconds).toBeGreaterThan(0)
    await run(folder, 'score', ...at(llm))
    expectMet(scoring, llm)
  })

  it('gives dollars by the prices of gloss.yaml; after a part of a run, counts what is stored', async () => {
    const llm = await fake()
    const folder = study({ prices: true })
    const before = await estimates(folder, 'run', ...at(llm))
    const usd = before.map((one) => one.usd!)
    for (const [stage, { promptTokens, completionTokens }] of before.entries())
      expect(usd[stage]).toBeCloseTo((promptTokens + 4 * completionTokens) / 1e6, 10)
    // Money that runs out in the middle of a feature leaves it with some of its replies.
    let cap = usd[0]! + 0.5 * usd[1]!
    let after = before
    while (after[1]!.stored === 0) {
      const part = await gloss(['run', ...at(llm), '--max-cost', String(cap)], { folder })
      expect(part.code).toBe(3)
      after = await estimates(folder, 'run', ...at(llm))
      cap += usd[1]! / before[1]!.requests
    }
    expect(after[0]).toMatchObject({ features: 0, requests: 0, usd: 0 })
    expect(after[1]!.features).toBeLessThan(40)
    expect(after[1]!.stored).toBeLessThan(6)
    expect(after[1]!.requests).toBeLessThan(before[1]!.requests)
    llm.reset()
    await run(folder, 'run', ...at(llm))
    expectMet(after, llm)
  })

  it('shows a table, and a price that is not known as ?', async () => {
    const llm = await fake()
    const { code, stdout } = await gloss(['run', ...at(llm), '--dry-run'], { folder: study() })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ stage +features +requests +stored +prompt +completion +cost +time$/m)
    expect(stdout).toMatch(/^ explain +40 +40 +0 +[\d.,]+ k +[\d.,]+(?: k)? +\? +\?$/m)
    expect(stdout).toMatch(/^ in all .*\? +\?$/m)
    expect(stdout).toContain('Nothing was sent.')
    expect(stdout).toContain('The price is not known: give llm.prices in gloss.yaml.')
    const priced = await gloss(['explain', ...at(llm), '--dry-run'], { folder: study({ prices: true }) })
    expect(priced.stdout).toMatch(/^ explain .* \$0\.0\d+ +\?$/m)
    expect(priced.stdout).not.toContain('The price is not known')
    expect(llm.stats().requests).toBe(0)
  })

  it.each(['run', 'explain', 'score'])('of gloss %s without an LLM is misuse', async (verb) => {
    const { code, stderr, stdout } = await gloss([verb, '--dry-run'], { folder: prepared })
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toBe(
      'gloss: expected an endpoint with --dry-run, found none; add --llm URL and --llm-model NAME. Without an LLM nothing costs anything\n',
    )
  })
})
