import { afterEach, describe, expect, it } from 'vitest'
import type { Answer, AskOptions, ChatRequest } from '../../src/core/chat-model.ts'
import { EndpointError, StoppedError, UsageError } from '../../src/core/errors.ts'
import type { Store } from '../../src/core/store.ts'
import { Gate, type GateOptions } from '../../src/llm/gate.ts'
import { Lane, type LaneOptions } from '../../src/llm/lane.ts'
import { OpenAiClient } from '../../src/llm/openai-client.ts'
import { priceList, type TokenPrices } from '../../src/llm/prices.ts'
import { openStore } from '../../src/store/sqlite-store.ts'
import { readMigrations } from '../../src/store/migrations.ts'
import type { FakeLlmOptions } from '../fake-llm/options.ts'
import { FakeLlm } from '../fake-llm/server.ts'
import { ROOT } from '../support/paths.ts'

const MODEL = 'fake-model'
const ASK: AskOptions = { stage: 'explain', priority: 0 }
const cleanUps: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

function request(text: string, maxTokens = 50): ChatRequest {
  return { messages: [{ role: 'user', content: text }], maxTokens }
}

async function serve(options: FakeLlmOptions = {}): Promise<FakeLlm> {
  const llm = await FakeLlm.start({ answer: () => 'an answer', ...options })
  cleanUps.push(() => llm.stop())
  return llm
}

function memory(): Store {
  const store = openStore(':memory:', readMigrations(`${ROOT}/migrations`))
  cleanUps.push(() => store.close())
  return store
}

interface Wishes {
  readonly store?: Store
  readonly prices?: TokenPrices
  readonly maxCost?: number
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly lane?: Partial<LaneOptions>
  readonly gate?: Partial<GateOptions>
}

function gateTo(llms: FakeLlm | readonly FakeLlm[], wishes: Wishes = {}): Gate {
  const { store = memory(), prices, maxCost, timeoutMs = 2000, signal } = wishes
  const lanes = [llms].flat().map(({ url }: FakeLlm) => {
    const client = new OpenAiClient({ baseUrl: url, model: MODEL, key: null, timeoutMs })
    return new Lane(
      {
        client,
        prices: priceList(url, MODEL, prices ?? null),
        weight: 1,
        mostInFlight: 64,
        requestsPerMinute: null,
        tokensPerMinute: null,
        known: null,
        ...wishes.lane,
      },
      performance.now(),
    )
  })
  const gate = new Gate({
    group: 'test',
    model: MODEL,
    lanes,
    store,
    maxCost: maxCost ?? null,
    firstPauseMs: 5,
    signal: signal ?? new AbortController().signal,
    now: () => new Date(),
    ...wishes.gate,
  })
  cleanUps.push(() => gate.close())
  return gate
}

function askMany(gate: Gate, count: number): Promise<PromiseSettledResult<Answer>[]> {
  const all = Array.from({ length: count }, (_, i) =>
    gate.ask(request(`number ${i}`), { ...ASK, priority: i }),
  )
  return Promise.allSettled(all)
}

function answersOf(results: readonly PromiseSettledResult<Answer>[]): Answer[] {
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason as Error
    return result.value
  })
}

describe('memory', () => {
  it('sends a request once, now and in a later run, and equal ones under way as one', async () => {
    const llm = await serve()
    const store = memory()
    const gate = gateTo(llm, { store })
    const [a, b] = await Promise.all([gate.ask(request('x'), ASK), gate.ask(request('x'), ASK)])
    expect(a).toEqual(b)
    expect(a).toMatchObject({ kind: 'reply', text: 'an answer', cut: false, problem: null })
    expect(await gate.ask(request('x'), ASK)).toEqual(a)
    expect(await gateTo(llm, { store }).ask(request('x'), ASK)).toEqual(a)
    expect(llm.stats().requests).toBe(1)
    expect(gate.spending()).toMatchObject({ requests: 1, fromCache: 1, inFlight: 0 })
  })

  it('names a request by what is asked and of whom, not by the address that serves', async () => {
    const store = memory()
    const first = await serve()
    await gateTo(first, { store }).ask(request('x'), ASK)
    const second = await serve()
    await gateTo(second, { store }).ask(request('x'), ASK)
    expect(second.stats().requests).toBe(0)
    await gateTo(second, { store, gate: { group: 'others' } }).ask(request('x'), ASK)
    await gateTo(second, { store }).ask(request('x', 51), ASK)
    expect(second.stats().requests).toBe(2)
  })

  it('has stored a reply, and what it cost, when it is handed out', async () => {
    const llm = await serve()
    const store = memory()
    const answer = await gateTo(llm, { store, prices: { input: 1, output: 2 } }).ask(request('12345678'), ASK)
    const row = store.requests.get(answer.hash)!
    expect(JSON.parse(row.response!)).toMatchObject({ choices: [{ message: { content: 'an answer' } }] })
    expect(row).toMatchObject({ stage: 'explain', attempt: 0, attempts: 1, status: 200 })
    const [line] = store.ledger.lines()
    const { promptTokens, completionTokens } = row.usage!
    expect(line).toMatchObject({ requests: 1, lost: 0, promptTokens, completionTokens })
    expect(line!.usd).toBeCloseTo((promptTokens! + 2 * completionTokens!) / 1e6, 12)
    expect(line!.priceIds).toEqual(['gloss.yaml'])
  })

  it('asks again for what could not be read, where that is wanted, under a new number', async () => {
    let answer = 'garbage'
    const llm = await serve({ answer: () => answer })
    const store = memory()
    const again = ({ text }: { text: string | null }): boolean => text === 'garbage'
    await gateTo(llm, { store }).ask(request('x'), ASK)
    expect(await gateTo(llm, { store }).ask(request('x'), ASK)).toMatchObject({ text: 'garbage' })
    expect(llm.stats().requests).toBe(1)
    const second = await gateTo(llm, { store }).ask(request('x'), { ...ASK, again })
    expect(second).toMatchObject({ text: 'garbage' })
    answer = 'sense'
    const third = await gateTo(llm, { store }).ask(request('x'), { ...ASK, again })
    expect(third).toMatchObject({ text: 'sense' })
    expect(store.requests.get(third.hash)).toMatchObject({ attempt: 2 })
    expect(await gateTo(llm, { store }).ask(request('x'), { ...ASK, again })).toEqual(third)
    expect(gateTo(llm, { store }).answered(request('x'))).toEqual(third)
    expect(llm.stats().requests).toBe(3)
  })
})

describe('a failing endpoint', () => {
  it('loses no request to faults that pass', async () => {
    const llm = await serve({ faults: { rate: 0.3, seed: 1 }, stallMs: 400, dripMs: 20 })
    const store = memory()
    const gate = gateTo(llm, { store, timeoutMs: 300 })
    const answers = answersOf(await askMany(gate, 300))
    const failed = answers.filter(({ kind }) => kind === 'failed')
    // What was tried five times in vain is left to the next run, which asks for nothing else.
    const sent = llm.stats().requests
    const later = answersOf(await askMany(gateTo(llm, { store, timeoutMs: 300 }), 300))
    expect(later.filter(({ kind }) => kind === 'reply').length).toBeGreaterThanOrEqual(300 - failed.length)
    expect(llm.stats().requests - sent).toBeLessThanOrEqual(5 * failed.length)
    expect(store.requests.unanswered()).toBe(later.filter(({ kind }) => kind === 'failed').length)
    expect(gate.spending().retries).toBeGreaterThan(20)
    expect(gate.takeEvents().some(({ type }) => type === 'llm-retry')).toBe(true)
  })

  it('fails a request alone where only that cannot be answered', async () => {
    const llm = await serve({ contextLength: 100 })
    const store = memory()
    const gate = gateTo(llm, { store })
    const long = await gate.ask(request('long '.repeat(200)), ASK)
    expect(long).toMatchObject({ kind: 'failed' })
    expect(await gate.ask(request('short'), ASK)).toMatchObject({ kind: 'reply' })
    expect(llm.stats().requests).toBe(2)
    expect(store.requests.get(long.hash)).toMatchObject({ response: null, status: 400 })
  })

  it('ends the run where nothing can be answered, before the first answer and after it', async () => {
    const llm = await serve({ key: 'wanted' })
    const results = await askMany(gateTo(llm), 30)
    for (const result of results) {
      expect(result.status).toBe('rejected')
      expect((result as PromiseRejectedResult).reason).toBeInstanceOf(EndpointError)
    }
    expect(llm.stats().requests).toBeLessThanOrEqual(16)

    const dry = await serve({ answer: () => 'x', latencyMs: 5 })
    const gate = gateTo(dry)
    await gate.ask(request('first'), ASK)
    await dry.stop()
    const port = Number(new URL(dry.url).port)
    const refusing = await serve({ key: 'wanted', port })
    const after = await gate.ask(request('second'), ASK).catch((error: unknown) => error)
    expect(after).toBeInstanceOf(StoppedError)
    expect((after as Error).message).toContain('run the same command again to go on')
    expect(await gate.ask(request('third'), ASK).catch((error: unknown) => error)).toBe(after)
    await refusing.stop()
  })

  it('says at once where nothing is there', async () => {
    const llm = await serve()
    await llm.stop()
    const error: unknown = await gateTo(llm)
      .ask(request('x'), ASK)
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(EndpointError)
    expect(error).toMatchObject({ code: 'endpoint-unreachable' })
  })

  it('waits out one that is down, without holding that against a request', async () => {
    const llm = await serve()
    const gate = gateTo(llm)
    await gate.ask(request('first'), ASK)
    await llm.stop()
    const waiting = askMany(gate, 40)
    await new Promise((resolve) => setTimeout(resolve, 400))
    const back = await serve({ port: Number(new URL(llm.url).port) })
    const answers = answersOf(await waiting)
    expect(answers.filter(({ kind }) => kind === 'reply')).toHaveLength(40)
    expect(back.stats().answered).toBe(40)
  })
})

describe('money', () => {
  const prices = { input: 10, output: 40 }

  it('is never spent past the limit, by the count of the server, faults and later runs included', async () => {
    const llm = await serve({
      answer: () => 'word '.repeat(40),
      prices,
      latencyMs: 2,
      stallMs: 100,
      dripMs: 5,
      faults: {
        rate: 0.2,
        seed: 3,
      },
    })
    const store = memory()
    const maxCost = 0.2
    for (let run = 0; run < 4; run++) {
      const gate = gateTo(llm, { store, prices, maxCost, timeoutMs: 80 })
      await askMany(gate, 400)
      expect(llm.stats().billedUsd).toBeLessThanOrEqual(maxCost)
      expect(llm.stats().billedUsd).toBeLessThanOrEqual(store.ledger.spent() + 1e-12)
      expect(store.ledger.spent()).toBeLessThanOrEqual(maxCost + 1e-12)
    }
    expect(llm.stats().billedUsd).toBeGreaterThan(0.5 * maxCost)
  })

  it('stops the run, resumable with more of it', async () => {
    const llm = await serve({ prices })
    const store = memory()
    const results = await askMany(gateTo(llm, { store, prices, maxCost: 0.01 }), 100)
    const stopped = results.filter(({ status }) => status === 'rejected')
    expect(stopped.length).toBeGreaterThan(0)
    for (const { reason } of stopped as PromiseRejectedResult[])
      expect(reason).toMatchObject({ code: 'budget-reached' })
    const sent = llm.stats().requests
    answersOf(await askMany(gateTo(llm, { store, prices, maxCost: 1 }), 100))
    expect(llm.stats().requests).toBe(sent + stopped.length)
  })

  it('is used up to the last request that fits', async () => {
    const llm = await serve({ prices, latencyMs: 3 })
    const store = memory()
    const maxCost = 0.02
    await askMany(gateTo(llm, { store, prices, maxCost }), 300)
    // What one more request could have cost at the most: its bytes as tokens, two templates, and its limit.
    const worst = (10 * (10 + 2 * 32) + 40 * 50) / 1e6
    expect(store.ledger.spent()).toBeGreaterThan(maxCost - worst)
  })

  it('leaves nobody waiting where it runs out among failures', async () => {
    for (let seed = 0; seed < 12; seed++) {
      const faults = { rate: 0.5, seed, kinds: ['reset-within', 'server-error', 'rate-limit'] as const }
      const llm = await serve({ prices, faults, latencyMs: 1 })
      const results = await askMany(gateTo(llm, { prices, maxCost: 0.03 }), 60)
      expect(results).toHaveLength(60)
    }
  })

  it('counts what an earlier run left under way as spent', async () => {
    const llm = await serve({ prices })
    const store = memory()
    const line = { requestHash: 'h', stage: 'explain', endpoint: 'e', model: MODEL, usd: 0.9 }
    store.ledger.add({ ...line, state: 'reserved', priceId: null, usage: null }, new Date())
    const gate = gateTo(llm, { store, prices, maxCost: 0.9 })
    expect(gate.takeEvents()).toEqual([
      { type: 'llm-notice', text: expect.stringContaining('1 requests under way') as string },
    ])
    await expect(gate.ask(request('x'), ASK)).rejects.toMatchObject({ code: 'budget-reached' })
    expect(store.ledger.lines()).toMatchObject([{ requests: 0, lost: 1, usd: 0.9 }])
    expect(llm.stats().requests).toBe(0)
  })

  it('cannot be limited where the price is not known', async () => {
    const llm = await serve()
    const error: unknown = await gateTo(llm, { maxCost: 1 })
      .ask(request('x'), ASK)
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UsageError)
    expect(error).toMatchObject({ code: 'price-unknown' })
    expect(llm.stats().requests).toBe(0)
  })

  it('is unknown, not nothing, where price or usage are', async () => {
    const llm = await serve({ faults: { rate: 1, kinds: ['no-usage'], seed: 1 } })
    const store = memory()
    const gate = gateTo(llm, { store })
    await gate.ask(request('x'), ASK)
    expect(gate.spending().usd).toBeNull()
    expect(store.ledger.lines()).toMatchObject([{ requests: 1, usd: null, unknownUsage: 1 }])
  })
})

describe('limits', () => {
  // Where the processors are busy, headers are read late, and more requests are turned away.
  it('are learned from headers, so that hardly a request is turned away', { retry: 2 }, async () => {
    const llm = await serve({ requestsPerMinute: 600, latencyMs: 5 })
    const gate = gateTo(llm)
    const started = performance.now()
    answersOf(await askMany(gate, 640))
    const seconds = (performance.now() - started) / 1000
    // A full bucket of 600 at once, then ten a second.
    expect(seconds).toBeGreaterThan(3.5)
    expect(seconds).toBeLessThan(8)
    expect(llm.stats().rejected429).toBeLessThanOrEqual(6)
  })

  it('keep to the window, and to the bound of the user', async () => {
    const llm = await serve({ latencyMs: 20 })
    answersOf(await askMany(gateTo(llm, { lane: { mostInFlight: 5 } }), 60))
    expect(llm.stats().mostAtOnce).toBe(5)
  })

  it('are remembered for the next run', async () => {
    const llm = await serve({ latencyMs: 30, slots: 40 })
    const store = memory()
    const gate = gateTo(llm, { store })
    answersOf(await askMany(gate, 400))
    await gate.close()
    const limits = store.endpoints.get(llm.url, MODEL)!.limits!
    expect(limits.window).toBeGreaterThan(16)
    expect(limits.latencyMs).toBeGreaterThan(25)
    const next = gateTo(llm, { store, lane: { known: limits } })
    expect(next.expectedSeconds(400, 10_000)).toBeGreaterThan(0)
    expect(next.spending().window).toBe(limits.window)
  })

  it('share a run between endpoints by weight, and go on without one that refuses', async () => {
    const one = await serve({ latencyMs: 20 })
    const two = await serve({ latencyMs: 20 })
    const refusing = await serve({ key: 'wanted' })
    const gate = gateTo([one, two, refusing])
    const answers = answersOf(await askMany(gate, 300))
    expect(answers.every(({ kind }) => kind === 'reply')).toBe(true)
    const share = one.stats().answered / 300
    expect(share).toBeGreaterThan(0.3)
    expect(share).toBeLessThan(0.7)
    expect(refusing.stats().refused).toBeLessThanOrEqual(64)
  })
})

describe('a run that is stopped', () => {
  it('finishes what is under way and sends no more', async () => {
    const llm = await serve({ latencyMs: 50 })
    const controller = new AbortController()
    const store = memory()
    const gate = gateTo(llm, { store, signal: controller.signal })
    const all = askMany(gate, 100)
    setTimeout(() => controller.abort(), 20)
    const results = await all
    const replies = results.filter(({ status }) => status === 'fulfilled')
    expect(replies.length).toBeGreaterThan(0)
    expect(replies.length).toBe(llm.stats().answered)
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(StoppedError)
    await expect(gate.ask(request('later'), ASK)).rejects.toBeInstanceOf(StoppedError)
  })

  it('ends where a reply cannot be stored', async () => {
    const llm = await serve({ latencyMs: 5 })
    const store = memory()
    const broken: Store = {
      ...store,
      transaction: () => {
        throw new Error('the disk is full')
      },
    }
    const results = await askMany(gateTo(llm, { store: broken }), 200)
    expect(results.every(({ status }) => status === 'rejected')).toBe(true)
    expect(llm.stats().requests).toBeLessThan(100)
  })
})
