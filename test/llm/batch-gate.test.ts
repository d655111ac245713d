import { afterEach, describe, expect, it } from 'vitest'
import type { Answer, AskOptions, ChatModel, ChatRequest } from '../../src/core/chat-model.ts'
import { EndpointError, StoppedError } from '../../src/core/errors.ts'
import type { Store } from '../../src/core/store.ts'
import { BatchGate } from '../../src/llm/batch-gate.ts'
import type { BatchGateOptions } from '../../src/llm/batch-options.ts'
import { Gate } from '../../src/llm/gate.ts'
import { Lane } from '../../src/llm/lane.ts'
import { OpenAiClient } from '../../src/llm/openai-client.ts'
import { priceList, type TokenPrices } from '../../src/llm/prices.ts'
import { readMigrations } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/sqlite-store.ts'
import type { FakeLlmOptions } from '../fake-llm/options.ts'
import { FakeLlm } from '../fake-llm/server.ts'
import { ROOT } from '../support/paths.ts'

const MODEL = 'fake-model'
const ASK: AskOptions = { stage: 'explain', priority: 0 }
const cleanUps: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

const request = (number: number): ChatRequest => ({
  messages: [{ role: 'user', content: `number ${number}` }],
  maxTokens: 50,
})

async function serve(options: FakeLlmOptions = {}): Promise<FakeLlm> {
  const llm = await FakeLlm.start({ answer: ({ messages }) => `re: ${messages[0]!.content}`, ...options })
  cleanUps.push(() => llm.stop())
  return llm
}

function memory(): Store {
  const store = openStore(':memory:', readMigrations(`${ROOT}/migrations`))
  cleanUps.push(() => store.close())
  return store
}

interface Wishes extends Partial<Omit<BatchGateOptions, 'prices'>> {
  readonly prices?: TokenPrices
  readonly key?: string
}

function shared(llm: FakeLlm, { store = memory(), prices, key, ...more }: Wishes) {
  const client = new OpenAiClient({ baseUrl: llm.url, model: MODEL, key: key ?? null, timeoutMs: 2000 })
  return {
    client,
    prices: priceList(llm.url, MODEL, prices ?? null),
    group: 'test',
    model: MODEL,
    store: store as Store,
    maxCost: null,
    signal: new AbortController().signal,
    now: () => new Date(),
    ...more,
  }
}

function batchGateTo(llm: FakeLlm, wishes: Wishes = {}): BatchGate {
  const gate = new BatchGate({ pollMs: 10, quietMs: 20, ...shared(llm, wishes) })
  cleanUps.push(() => gate.close())
  return gate
}

function gateTo(llm: FakeLlm, wishes: Wishes = {}): Gate {
  const { client, prices, ...rest } = shared(llm, wishes)
  const limits = { weight: 1, mostInFlight: 64, requestsPerMinute: null, tokensPerMinute: null, known: null }
  const lane = new Lane({ client, prices, ...limits }, performance.now())
  const gate = new Gate({ ...rest, lanes: [lane] })
  cleanUps.push(() => gate.close())
  return gate
}

function askMany(gate: ChatModel, count: number): Promise<PromiseSettledResult<Answer>[]> {
  return Promise.allSettled(
    Array.from({ length: count }, (_, i) => gate.ask(request(i), { ...ASK, priority: i })),
  )
}

function textsOf(results: readonly PromiseSettledResult<Answer>[]): (string | null)[] {
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason as Error
    return result.value.kind === 'reply' ? result.value.text : null
  })
}

const expected = (count: number): string[] => Array.from({ length: count }, (_, i) => `re: number ${i}`)

describe('a batch', () => {
  it('answers every request with its own reply, whatever the order', async () => {
    const llm = await serve()
    const store = memory()
    const gate = batchGateTo(llm, { store })
    expect(textsOf(await askMany(gate, 60))).toEqual(expected(60))
    expect(llm.batchStats()).toMatchObject({ uploads: 1, batches: 1, lines: 60 })
    expect(llm.stats().requests).toBe(0)
    expect(gate.spending()).toMatchObject({ requests: 60, inFlight: 0, failed: 0 })
    await gate.close()
    expect(store.batches.unfinished(llm.url, MODEL)).toEqual([])
    expect(textsOf(await askMany(batchGateTo(llm, { store }), 60))).toEqual(expected(60))
    expect(llm.batchStats().uploads).toBe(1)
  })

  it('shares its memory with requests outside of batches', async () => {
    const llm = await serve()
    const store = memory()
    textsOf(await askMany(batchGateTo(llm, { store }), 10))
    expect(textsOf(await askMany(gateTo(llm, { store }), 20))).toEqual(expected(20))
    expect(llm.stats().requests).toBe(10)
    expect(textsOf(await askMany(batchGateTo(llm, { store }), 30))).toEqual(expected(30))
    expect(llm.batchStats()).toMatchObject({ uploads: 2, lines: 20, distinctLines: 20 })
    const [one, two] = [memory(), memory()]
    const [a] = textsOfHashes(await askMany(batchGateTo(llm, { store: one }), 1))
    const [b] = textsOfHashes(await askMany(gateTo(llm, { store: two }), 1))
    expect(a).toBe(b)
    expect(one.requests.get(a!)!.body).toBe(two.requests.get(a!)!.body)
  })

  it('keeps to the bounds of requests and bytes', async () => {
    const llm = await serve()
    expect(textsOf(await askMany(batchGateTo(llm, { mostRequests: 16 }), 50))).toEqual(expected(50))
    expect(llm.batchStats()).toMatchObject({ uploads: 4, mostLines: 16 })
    const small = await serve()
    expect(textsOf(await askMany(batchGateTo(small, { mostBytes: 2000 }), 50))).toEqual(expected(50))
    expect(small.batchStats().mostBytes).toBeLessThanOrEqual(2000)
    expect(small.batchStats().uploads).toBeGreaterThan(3)
  })

  it('sends again what expired, and only that', async () => {
    const llm = await serve({ batch: { expireShare: 0.01 } })
    const gate = batchGateTo(llm)
    expect(textsOf(await askMany(gate, 500))).toEqual(expected(500))
    const { lines, distinctLines, uploads } = llm.batchStats()
    expect(distinctLines).toBe(500)
    expect(lines).toBeGreaterThan(500)
    expect(lines).toBeLessThan(520)
    expect(uploads).toBeGreaterThan(1)
    expect(gate.spending().retries).toBe(lines - 500)
  })

  it('sends again what ended with an error, three times', async () => {
    const llm = await serve({ batch: { errorShare: 0.3 } })
    const store = memory()
    const results = textsOf(await askMany(batchGateTo(llm, { store }), 200))
    expect(results.filter((text) => text !== null).length).toBeGreaterThan(190)

    const broken = await serve({ batch: { errorShare: 1 }, prices: { input: 1, output: 1 } })
    const prices = { input: 1, output: 1 }
    expect(textsOf(await askMany(batchGateTo(broken, { store: memory(), prices }), 3))).toEqual([
      null,
      null,
      null,
    ])
    expect(broken.batchStats()).toMatchObject({ uploads: 4, lines: 12 })
  })

  it('waits where the provider holds as many tokens as it takes, and uploads nothing twice', async () => {
    const llm = await serve({ batch: { timesFull: 2 } })
    const store = memory()
    const gate = batchGateTo(llm, { store })
    expect(textsOf(await askMany(gate, 20))).toEqual(expected(20))
    expect(llm.batchStats()).toMatchObject({ uploads: 1, batches: 3, lines: 20, distinctLines: 20 })
    const notices = gate.takeEvents().flatMap((event) => (event.type === 'llm-notice' ? event.text : []))
    expect(notices).toHaveLength(2)
    expect(notices[0]).toMatch(/^a batch waits for room .*Enqueued token limit reached/)
    expect(gate.spending()).toMatchObject({ failed: 0, retries: 0 })
  })

  it('goes on waiting for room after a run that ended meanwhile', async () => {
    const llm = await serve({ batch: { timesFull: 3 } })
    const store = memory()
    const controller = new AbortController()
    const first = batchGateTo(llm, { store, signal: controller.signal, pollMs: 40 })
    const timer = setInterval(() => {
      if (llm.batchStats().batches === 0) return
      clearInterval(timer)
      controller.abort()
    }, 5)
    for (const { status } of await askMany(first, 5)) expect(status).toBe('rejected')
    await first.close()
    expect(llm.batchStats().lines).toBe(0)
    expect(textsOf(await askMany(batchGateTo(llm, { store }), 5))).toEqual(expected(5))
    expect(llm.batchStats()).toMatchObject({ uploads: 1, batches: 4, lines: 5 })
  })

  it('sends lines again under the other name of the limit where the model wants that', async () => {
    const llm = await serve({ rejectMaxTokens: true })
    const store = memory()
    const results = await askMany(batchGateTo(llm, { store }), 30)
    expect(textsOf(results)).toEqual(expected(30))
    expect(llm.batchStats()).toMatchObject({ uploads: 2, lines: 60, distinctLines: 30 })
    for (const hash of textsOfHashes(results))
      expect(Object.keys(JSON.parse(store.requests.get(hash)!.body) as object)).toContain(
        'max_completion_tokens',
      )
  })

  it('deletes what it uploaded once the results are stored', async () => {
    const llm = await serve({ batch: { expireShare: 0.1 } })
    const store = memory()
    const gate = batchGateTo(llm, { store })
    textsOf(await askMany(gate, 60))
    await gate.close()
    expect(llm.batchStats().uploads).toBeGreaterThan(1)
    expect(llm.batchStats().inputs).toBe(0)
    expect(store.batches.unfinished(llm.url, MODEL)).toEqual([])
  })

  it('that the provider has forgotten is sent again, as one that may be billed', async () => {
    const llm = await serve({ batch: { polls: 100, forgottenAfter: 2 } })
    const store = memory()
    const gate = batchGateTo(llm, { store })
    const [result] = await askMany(gate, 1)
    await gate.close()
    expect(result).toMatchObject({ status: 'fulfilled', value: { kind: 'failed' } })
    expect((result as PromiseFulfilledResult<{ reason: string }>).value.reason).toContain(
      'ended the batch (gone) without an answer',
    )
    expect(llm.batchStats().batches).toBe(4)
    expect(store.batches.unfinished(llm.url, MODEL)).toEqual([])
  })

  it('fails a request alone where only that cannot be answered', async () => {
    const llm = await serve({ maxLogprobs: 5 })
    const gate = batchGateTo(llm)
    const [bad, good] = await Promise.all([
      gate.ask({ ...request(1), topLogprobs: 20 }, ASK),
      gate.ask(request(2), ASK),
    ])
    expect(bad).toMatchObject({ kind: 'failed' })
    expect(good).toMatchObject({ kind: 'reply' })
    expect(llm.batchStats().lines).toBe(2)
  })
})

function textsOfHashes(results: readonly PromiseSettledResult<Answer>[]): string[] {
  return results.map((result) => (result.status === 'fulfilled' ? result.value.hash : ''))
}

describe('money', () => {
  const prices = { input: 10, output: 40 }

  it('is half of the price, and no line is left open', async () => {
    const llm = await serve({ prices, batch: { expireShare: 0.1 } })
    const store = memory()
    const gate = batchGateTo(llm, { store, prices, maxCost: 5 })
    textsOf(await askMany(gate, 100))
    const [line] = store.ledger.lines()
    expect(line).toMatchObject({ requests: 100, lost: 0, priceIds: ['gloss.yaml (batch)'] })
    const full = (line!.promptTokens * 10 + line!.completionTokens * 40) / 1e6
    expect(line!.usd).toBeCloseTo(full / 2, 12)
    expect(store.ledger.spent()).toBeCloseTo(llm.stats().billedUsd, 12)
    expect(gate.spending().usd).toBeCloseTo(full / 2, 12)
  })

  it('is never spent past the limit, and a run that stops there goes on with more', async () => {
    const llm = await serve({ prices })
    const store = memory()
    const results = await askMany(batchGateTo(llm, { store, prices, maxCost: 0.005 }), 100)
    const stopped = results.filter(({ status }) => status === 'rejected')
    expect(stopped.length).toBeGreaterThan(0)
    expect(stopped.length).toBeLessThan(100)
    for (const { reason } of stopped as PromiseRejectedResult[])
      expect(reason).toMatchObject({ code: 'budget-reached' })
    expect(llm.stats().billedUsd).toBeLessThanOrEqual(0.005)
    expect(textsOf(await askMany(batchGateTo(llm, { store, prices, maxCost: 1 }), 100))).toEqual(
      expected(100),
    )
    expect(llm.batchStats().lines).toBe(100)
  })

  it('cannot be limited where the price is not known', async () => {
    const llm = await serve()
    const [result] = await askMany(batchGateTo(llm, { maxCost: 1 }), 1)
    expect((result as PromiseRejectedResult).reason).toMatchObject({ code: 'price-unknown' })
    expect(llm.batchStats().uploads).toBe(0)
  })
})

/** A store that fails, as a process that ends there, when a method of its batches is called as told. */
function failing(store: Store, at: (method: string, value: unknown) => boolean): Store {
  const check = (method: string, value: unknown): void => {
    if (at(method, value)) throw new Error('the process ended')
  }
  const { batches } = store
  return {
    ...store,
    batches: {
      ...batches,
      put: (record, created) => {
        check('put', record)
        batches.put(record, created)
      },
      remove: (shard, hash) => {
        check('remove', shard)
        batches.remove(shard, hash)
      },
    },
  }
}

describe('a run that ends early', () => {
  const prices = { input: 10, output: 40 }
  const putOf =
    (state: string) =>
    (method: string, value: unknown): boolean =>
      method === 'put' && (value as { state: string }).state === state
  let removed = 0
  const steps: [string, (method: string, value: unknown) => boolean][] = [
    ['before anything is written', putOf('planned')],
    ['after the upload', putOf('uploaded')],
    ['after the batch was made', putOf('submitted')],
    ['while replies are stored', (method) => method === 'remove' && ++removed > 20],
    ['after all replies are stored', putOf('done')],
  ]
  it.each(steps)('%s uploads nothing twice', async (_name, at) => {
    removed = 0
    const llm = await serve({ prices })
    const store = memory()
    const first = batchGateTo(llm, { store: failing(store, at), prices })
    const results = await askMany(first, 40)
    await first.close()
    const next = batchGateTo(llm, { store, prices, maxCost: 5 })
    expect(textsOf(await askMany(next, 40))).toEqual(expected(40))
    expect(results.some(({ status }) => status === 'rejected') || at === steps[4]![1]).toBe(true)
    expect(llm.batchStats()).toMatchObject({ uploads: 1, batches: 1, lines: 40 })
    expect(store.ledger.spent()).toBeCloseTo(llm.stats().billedUsd, 12)
    expect(store.ledger.lines()).toMatchObject([{ requests: 40, lost: 0 }])
  })

  it.each([
    ['upload', putOf('uploaded')],
    ['batch', putOf('submitted')],
  ])('finds its %s on a later page of the list', async (_name, at) => {
    const llm = await serve({ batch: { pageSize: 1 } })
    const store = memory()
    const first = batchGateTo(llm, { store: failing(store, at) })
    await askMany(first, 5)
    await first.close()
    // Newer ones of somebody else come first in the list.
    for (const number of [6, 7, 8]) {
      const other = batchGateTo(llm, { store: failing(memory(), putOf('submitted')) })
      await other.ask(request(number), ASK).catch(() => null)
      await other.close()
    }
    const { pages } = llm.batchStats()
    expect(textsOf(await askMany(batchGateTo(llm, { store }), 5))).toEqual(expected(5))
    expect(llm.batchStats().pages - pages).toBeGreaterThanOrEqual(4)
    expect(llm.batchStats()).toMatchObject({ uploads: 4, distinctLines: 5 })
  })

  it('by a signal leaves the batch to the next, which may ask for less', async () => {
    const llm = await serve({ batch: { polls: 50 }, prices })
    const store = memory()
    const controller = new AbortController()
    const first = batchGateTo(llm, { store, signal: controller.signal, prices })
    const timer = setInterval(() => {
      if (llm.batchStats().polls === 0) return
      clearInterval(timer)
      controller.abort()
    }, 5)
    for (const result of await askMany(first, 40))
      expect((result as PromiseRejectedResult).reason).toBeInstanceOf(StoppedError)
    await first.close()
    expect(llm.batchStats().batches).toBe(1)
    const second = batchGateTo(llm, { store, prices })
    expect(second.takeEvents()).toHaveLength(1)
    expect(textsOf(await askMany(second, 5))).toEqual(expected(5))
    await second.close()
    expect(textsOf(await askMany(batchGateTo(llm, { store, prices }), 50))).toEqual(expected(50))
    expect(llm.batchStats()).toMatchObject({ uploads: 2, lines: 50, distinctLines: 50 })
    expect(store.ledger.spent()).toBeCloseTo(llm.stats().billedUsd, 12)
  })

  it('by an endpoint that refuses, with nothing set aside', async () => {
    const llm = await serve({ key: 'wanted' })
    const store = memory()
    const gate = batchGateTo(llm, { store, prices })
    for (const result of await askMany(gate, 5))
      expect((result as PromiseRejectedResult).reason).toMatchObject({ code: 'endpoint-refused' })
    await gate.close()
    expect(store.ledger.spent()).toBe(0)
    expect(textsOf(await askMany(batchGateTo(llm, { store, prices, key: 'wanted' }), 5))).toEqual(expected(5))
  })

  it('by a provider that takes none of a batch, or has none', async () => {
    const other = await serve({ model: 'another' })
    const store = memory()
    const refused = batchGateTo(other, { store, prices })
    const [result] = await askMany(refused, 2)
    expect((result as PromiseRejectedResult).reason).toBeInstanceOf(EndpointError)
    expect((result as PromiseRejectedResult).reason).toMatchObject({ code: 'batch-refused' })
    await refused.close()
    expect(store.ledger.spent()).toBe(0)
    expect(store.batches.unfinished(other.url, MODEL)).toEqual([])

    const [without] = await askMany(batchGateTo(await serve({ dialect: 'vllm' })), 1)
    expect((without as PromiseRejectedResult).reason).toMatchObject({ code: 'batch-unsupported' })
    const gone = await serve()
    await gone.stop()
    const [nothing] = await askMany(batchGateTo(gone), 1)
    expect((nothing as PromiseRejectedResult).reason).toMatchObject({ code: 'endpoint-unreachable' })
  })
})
