import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { LedgerLine } from '../../src/core/ledger.ts'
import { sha256 } from '../../src/core/hash.ts'
import { started } from '../fake-llm/asking.ts'
import { Oracle } from '../fake-llm/oracle.ts'
import type { FakeLlmOptions } from '../fake-llm/options.ts'
import type { LlmRequest } from '../fake-llm/request.ts'
import type { FakeLlm } from '../fake-llm/server.ts'
import { errorBody, honest, serve } from '../support/fake-openai.ts'
import { copyOf } from '../support/paths.ts'
import { gloss, type Outcome, query, type RunOptions, sharedStudy, tablesOf } from '../support/small-study.ts'

/** A study that is sampled and waits to be explained. */
const prepared = sharedStudy(['tokenize', 'train', 'collect', 'sample'])
const PRICES = { input: 2, cachedInput: 0.5, output: 8 }
const KEY = 'gloss-key-0123456789abcdef'
const oracle = new Oracle([], 'true')

function study(llm: object = {}): string {
  const folder = copyOf(prepared)
  appendFileSync(join(folder, 'gloss.yaml'), `llm: ${JSON.stringify(llm)}\n`)
  return folder
}

/** `gloss run` on some features. */
const run = (...args: string[]): string[] => [
  'run',
  '--only',
  'random:40',
  '--llm-model',
  'fake-model',
  '--quiet',
  ...args,
]

async function succeed(args: string[], options: RunOptions): Promise<Outcome> {
  const outcome = await gloss(args, options)
  expect(outcome.stderr).not.toContain('gloss:')
  expect(outcome.code).toBe(0)
  return outcome
}

interface Status {
  readonly cost: { readonly usd: number | null; readonly requests: number }
  readonly ledger: readonly LedgerLine[]
}

async function statusOf(folder: string): Promise<Status> {
  return JSON.parse((await succeed(['status', '--json'], { folder })).stdout) as Status
}

describe('--max-cost', () => {
  it('stops a run before the server could bill more, and the next run with more goes on', async () => {
    const llm = await started({ prices: PRICES, latencyMs: 2 })
    const folder = study({ prices: PRICES })
    const bills: number[] = []
    for (const cap of ['0.1', '0.3']) {
      const { code, stderr } = await gloss(run('--llm', llm.url, '--max-cost', cap), { folder })
      expect(code).toBe(3)
      expect(stderr).toBe(
        `gloss: the study may cost $${cap}0 in all, and one more request could pass that; what was answered is stored, run the same command with a higher --max-cost to go on\n`,
      )
      const { billedUsd } = llm.stats()
      bills.push(billedUsd)
      expect(billedUsd).toBeLessThanOrEqual(Number(cap))
      // One request more could have cost up to some eight cents.
      expect(billedUsd).toBeGreaterThan(Number(cap) - 0.08)
      expect((await statusOf(folder)).cost.usd).toBeCloseTo(billedUsd, 10)
    }
    expect(bills[1]).toBeGreaterThan(bills[0]!)
    await succeed(run('--llm', llm.url, '--max-cost', '50'), { folder })
    const { requests, distinctBodies, billedUsd } = llm.stats()
    expect(requests).toBe(distinctBodies)
    expect((await statusOf(folder)).cost).toMatchObject({ requests })
    expect((await statusOf(folder)).cost.usd).toBeCloseTo(billedUsd, 10)

    // Money and interruptions leave no trace in what came of it.
    const other = study()
    await succeed(run('--llm', llm.url), { folder: other })
    expect(tablesOf(other)).toBe(tablesOf(folder))
  })

  it('is kept where replies are lost, which may be billed', async () => {
    const llm = await started({
      prices: PRICES,
      faults: { rate: 0.3, kinds: ['reset-within', 'server-error', 'no-usage'], seed: 5 },
    })
    const folder = study({ prices: PRICES })
    const { code } = await gloss(run('--llm', llm.url, '--max-cost', '0.5'), { folder })
    expect(code).toBe(3)
    const { billedUsd, faultsByKind } = llm.stats()
    expect(faultsByKind['reset-within']).toBeGreaterThan(0)
    const { cost, ledger } = await statusOf(folder)
    expect(ledger.reduce((sum, { lost }) => sum + lost, 0)).toBe(faultsByKind['reset-within'])
    expect(billedUsd).toBeLessThanOrEqual(cost.usd!)
    expect(cost.usd).toBeLessThanOrEqual(0.5)
  })

  it('is misuse where the price is not known, or it is no amount', async () => {
    const llm = await started()
    const folder = study()
    const unknown = await gloss(run('--llm', llm.url, '--max-cost', '5'), { folder })
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toBe(
      `gloss: expected a price for "fake-model" at ${llm.url}, without which --max-cost cannot be kept, found none; give llm.prices in gloss.yaml (0 for a server of your own)\n`,
    )
    for (const amount of ['much', '', '-1', '$']) {
      const { code, stderr } = await gloss(run('--llm', llm.url, `--max-cost=${amount}`), { folder })
      expect(code).toBe(2)
      expect(stderr).toContain('expected an amount in US dollars, such as 5 or 0.50')
    }
    expect(llm.stats().requests).toBe(0)
  })

  it('lets what is free go on', async () => {
    const llm = await started()
    const folder = study({ prices: { input: 0, output: 0 } })
    await succeed(run('--llm', llm.url, '--max-cost', '$0'), { folder })
    expect((await statusOf(folder)).cost.usd).toBe(0)
  })
})

describe('the ledger', () => {
  it('has what the server counted, by stage, in status and its JSON', async () => {
    // Prefixes are cached from 1,024 tokens on, which they have where each character is one.
    const llm = await started({ prices: PRICES, cachePrefix: true, countTokens: (text) => text.length })
    const folder = study({ prices: PRICES })
    const at = ['--only', 'random:40', '--llm', llm.url, '--llm-model', 'fake-model', '--quiet']
    await succeed(['explain', ...at], { folder })
    const explained = llm.stats()
    llm.reset()
    await succeed(['score', ...at], { folder })
    const scored = llm.stats()
    const { ledger, cost } = await statusOf(folder)
    const common = {
      model: 'fake-model',
      lost: 0,
      reasoningTokens: 0,
      unknownUsage: 0,
      priceIds: ['gloss.yaml'],
    }
    for (const [index, [stage, stats]] of [
      ['explain', explained] as const,
      ['score', scored] as const,
    ].entries()) {
      const { requests, promptTokens, cachedTokens, completionTokens, billedUsd } = stats
      expect(ledger[index]).toEqual({
        ...common,
        stage,
        requests,
        promptTokens,
        cachedTokens,
        completionTokens,
        usd: expect.closeTo(billedUsd, 10) as number,
      })
    }
    expect(ledger).toHaveLength(2)
    expect(cost.usd).toBeCloseTo(explained.billedUsd + scored.billedUsd, 10)
    const text = (await succeed(['status'], { folder })).stdout.replace(/\s+/g, ' ')
    expect(text).toMatch(
      /LLM: explain by fake-model · 40 replies · [\d.,]+ k prompt tokens \(\d\d % cached\) (?:· )?[\d.,]+(?: k)? completion tokens (?:· )?\$0\.\d\d \(gloss\.yaml\)/,
    )
    expect(text).toMatch(
      /LLM: score by fake-model · \d+ replies · [\d.,]+ [kM] prompt tokens \(\d\d % cached\)/,
    )
  })

  it('says that a cost is not known', async () => {
    const llm = await started()
    const folder = study()
    await succeed(run('--llm', llm.url), { folder })
    expect((await statusOf(folder)).cost.usd).toBeNull()
    expect((await succeed(['status'], { folder })).stdout).toContain('cost unknown')
  })
})

describe('--reask', () => {
  it('asks again for what could not be read, in explanations and simulations, and for nothing else', async () => {
    // By what is asked, so that it is the same whoever asks: one in five cannot be read.
    const garbled = (question: string): boolean => Number.parseInt(sha256(question).slice(0, 6), 16) % 5 === 0
    const asked = ({ messages }: Pick<LlmRequest, 'messages'>): string => messages.at(-1)!.content
    let repaired = false
    const llm = await started({
      recordBodies: true,
      answer: (request) =>
        garbled(asked(request)) && !repaired ? 'I would rather not say.' : oracle.answer(request),
    })
    const folder = study()
    /** The questions of a run. */
    const questionsOf = async (...more: string[]): Promise<string[]> => {
      llm.reset()
      await succeed(run('--llm', llm.url, ...more), { folder })
      return llm.bodies.map((body) => asked(body as unknown as LlmRequest))
    }
    const first = await questionsOf()
    const unread = first.filter(garbled).toSorted()
    expect(unread.filter((question) => question.startsWith('Description: ')).length).toBeGreaterThan(10)
    expect(unread.filter((question) => !question.startsWith('Description: ')).length).toBeGreaterThan(2)
    expect(await questionsOf()).toEqual([])

    expect((await questionsOf('--reask')).toSorted()).toEqual(unread)
    expect(await questionsOf()).toEqual([])

    repaired = true
    const mended = await questionsOf('--reask')
    const known = new Set(first)
    expect(mended.filter((question) => known.has(question)).toSorted()).toEqual(unread)
    // What is new is about the explanations that came of it.
    expect(mended.every((question) => known.has(question) || question.startsWith('Description: '))).toBe(true)
    expect(await questionsOf('--reask')).toEqual([])
    expect(query(folder, `SELECT * FROM explanation WHERE problem IS NOT NULL`)).toEqual([])
    expect(query(folder, `SELECT * FROM score WHERE unreadable_calls > 0`)).toEqual([])
    // Both replies are kept.
    expect(query(folder, 'SELECT count(*) AS n FROM request WHERE attempt = 2')).toEqual([
      { n: unread.length },
    ])

    // In the end all is as if it had been readable at once.
    const other = study()
    await succeed(run('--llm', llm.url), { folder: other })
    const scores = 'SELECT id, value, low, high, unreadable_calls FROM score ORDER BY id'
    expect(query(other, scores)).toEqual(query(folder, scores))
    const controls = 'SELECT * FROM control ORDER BY score_id, name'
    expect(query(other, controls)).toEqual(query(folder, controls))
  })
})

describe('several endpoints', () => {
  const options: FakeLlmOptions = { latencyMs: 5 }

  async function expectShared(one: FakeLlm, two: FakeLlm, folder: string): Promise<void> {
    const [first, second] = [one.stats().answered, two.stats().answered]
    expect(first / (first + second)).toBeGreaterThan(0.3)
    expect(first / (first + second)).toBeLessThan(0.7)
    // They serve one memory, named by the first of them.
    await succeed(run('--llm', one.url), { folder })
    expect(one.stats().answered + two.stats().answered).toBe(first + second)
  }

  it('are given by --llm again and again', async () => {
    const [one, two] = [await started(options), await started(options)]
    const folder = study()
    await succeed(run('--llm', one.url, '--llm', two.url), { folder })
    await expectShared(one, two, folder)
  })

  it.each([',', ' ', ', '])('are given by GLOSS_LLM with %j between them', async (separator) => {
    const [one, two] = [await started(options), await started(options)]
    const folder = study()
    const environment = { GLOSS_LLM: `${one.url}${separator}${two.url}`, GLOSS_LLM_MODEL: 'fake-model' }
    await succeed(['run', '--only', 'random:40', '--quiet'], { folder, environment })
    await expectShared(one, two, folder)
  })
})

describe('the key', () => {
  it('goes to origins that are named here, and not to those that only gloss.yaml names', async () => {
    const [named, other] = [await serve(honest), await serve(honest)]
    const folder = study({
      model: 'fake-model',
      group: 'both',
      endpoints: [{ url: named.url }, { url: other.url }],
    })
    const environment = { GLOSS_API_KEY: KEY }
    const explain = ['explain', '--quiet', '--only']
    await succeed([...explain, 'random:10'], { folder, environment })
    await succeed([...explain, 'random:20', '--llm', named.url], { folder, environment })
    await succeed([...explain, 'random:30'], {
      folder,
      environment: { ...environment, GLOSS_LLM: named.url },
    })
    const keysAt = ({ seen }: typeof named): (string | undefined)[] =>
      seen.map(({ headers }) => headers.authorization)
    expect(new Set(keysAt(other))).toEqual(new Set([undefined]))
    expect(new Set(keysAt(named))).toEqual(new Set([undefined, `Bearer ${KEY}`]))
    expect(keysAt(named).filter((key) => key !== undefined)).toHaveLength(20)
  })

  it('does not follow where an endpoint sends on to another', async () => {
    const other = await serve(honest)
    const folder = study()
    const named = await serve(() => ({
      raw: '',
      status: 307,
      headers: { location: `${other.url}/chat/completions` },
    }))
    await gloss(['explain', '--quiet', '--only', 'random:3', '--llm', named.url, '--llm-model', 'm'], {
      folder,
      environment: { GLOSS_API_KEY: KEY },
    })
    expect(named.seen.every(({ headers }) => headers.authorization === `Bearer ${KEY}`)).toBe(true)
    expect(JSON.stringify(other.seen)).not.toContain(KEY)
  })

  it('is nowhere in the study, the log or the output, also where a server says it in errors', async () => {
    const echo = (code: string | null = null): string =>
      errorBody(`Incorrect API key provided: ${KEY} (Authorization: Bearer ${KEY})`, code)
    const fates = [
      { raw: echo(), status: 400 },
      { raw: echo(), status: 500, headers: { 'retry-after-ms': '1' } },
      { raw: `<html>${KEY}</html>`, status: 502 },
      { raw: echo('rate_limit_exceeded'), status: 429, headers: { 'retry-after-ms': '1' } },
    ]
    const llm = await serve((request) => {
      const fate = Number.parseInt(request.key.slice(0, 6), 16) % 8
      return fates[fate] && (fate === 0 || request.attempt === 1) ? fates[fate] : honest(request)
    })
    const folder = study()
    const log = join(folder, 'events.jsonl')
    const options = { folder, environment: { GLOSS_API_KEY: KEY } }
    const args = ['run', '--only', 'random:20', '--llm', llm.url, '--llm-model', 'm', '--log', log]
    const outcomes = [await gloss(args, options), await gloss([...args, '--json'], options)]
    expect(llm.seen.every(({ headers }) => headers.authorization === `Bearer ${KEY}`)).toBe(true)
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0])
    // Refused in the end.
    llm.script = () => ({ raw: echo('invalid_api_key'), status: 401 })
    outcomes.push(await gloss(['run', '--only', 'random:40', '--llm', llm.url, '--llm-model', 'm'], options))
    outcomes.push(await gloss(['status', '--json'], options))
    expect(outcomes.at(-2)!.stderr).toContain('[key]')
    expect(readFileSync(log, 'utf8')).toContain('[key]')

    for (const { stdout, stderr } of outcomes) expect(stdout + stderr).not.toContain(KEY)
    for (const name of readdirSync(folder, { recursive: true, withFileTypes: true }))
      if (name.isFile()) expect(readFileSync(join(name.parentPath, name.name)).includes(KEY)).toBe(false)
    const requests = query(folder, 'SELECT * FROM request')
    expect(requests.some(({ error }) => String(error).includes('[key]'))).toBe(true)
    for (const row of requests)
      for (const value of Object.values(row))
        if (Buffer.isBuffer(value)) expect(gunzipSync(value).includes(KEY)).toBe(false)
  })
})
