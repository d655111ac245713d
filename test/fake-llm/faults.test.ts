import { fetch as undiciFetch } from 'undici'
import { describe, expect, it } from 'vitest'
import { chat, type Heard, started } from './asking.ts'
import { digestOf } from './digest-table.ts'
import { chooseFault, FAULT_KINDS, type FaultKind } from './faults.ts'
import type { FakeLlmOptions } from './options.ts'
import type { FakeLlm } from './server.ts'

const LOGPROBS = { logprobs: true, top_logprobs: 2 }

/** A server at which every body meets one fault first. */
function withFault(kind: FaultKind, more: FakeLlmOptions = {}): Promise<FakeLlm> {
  const prices = { input: 1, output: 1 }
  return started({
    answer: () => 'abcdefgh',
    prices,
    faults: { rate: 1, kinds: [kind], atMost: 1 },
    dripMs: 60,
    ...more,
  })
}

describe('faults instead of an answer', () => {
  it.each([
    ['rate-limit', 429, 'application/json', '0.05'],
    ['bad-retry-after', 429, 'application/json', 'soon'],
    ['quota', 429, 'application/json', null],
    ['server-error', 500, 'application/json', null],
    ['bad-gateway', 502, 'text/html', null],
    ['unavailable', 503, 'application/json', null],
  ] as const)('%s: %d, unbilled', async (kind, status, type, retryAfter) => {
    const llm = await withFault(kind)
    const failed = await chat(llm, 'a')
    expect([failed.status, failed.headers.get('content-type'), failed.headers.get('retry-after')]).toEqual([
      status,
      type,
      retryAfter,
    ])
    expect(llm.stats()).toMatchObject({ answered: 0, billedUsd: 0, faultsByKind: { [kind]: 1 } })
    expect((await chat(llm, 'a')).status).toBe(200)
    expect(llm.stats()).toMatchObject({
      requests: 2,
      answered: 1,
      rejected429: 0,
      refused: 0,
      answeredTwice: 0,
    })
  })

  it('quota has the code that no retry cures, in every dialect', async () => {
    for (const dialect of ['openai', 'vllm'] as const) {
      const { json } = await chat(await withFault('quota', { dialect }), 'a')
      expect(json['error']).toMatchObject({ type: 'insufficient_quota', code: 'insufficient_quota' })
    }
  })

  it('bodies of a gateway are no JSON and of an unavailable server empty', async () => {
    expect((await chat(await withFault('bad-gateway'), 'a')).text).toMatch(/^<html>/)
    expect((await chat(await withFault('unavailable'), 'a')).text).toBe('')
  })

  it('reset-before: no headers, unbilled', async () => {
    const llm = await withFault('reset-before')
    await expect(chat(llm, 'a')).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } })
    expect(llm.stats()).toMatchObject({ answered: 0, billedUsd: 0 })
    expect((await chat(llm, 'a')).status).toBe(200)
  })
})

describe('faults of an answer', () => {
  const post = (llm: FakeLlm): ReturnType<typeof undiciFetch> =>
    undiciFetch(`${llm.url}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'fake-model', messages: [{ role: 'user', content: 'a' }] }),
    })
  const billed = (1 + 2) / 1e6

  it('reset-within: headers, then a broken body, billed', async () => {
    const llm = await withFault('reset-within')
    const response = await post(llm)
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow('terminated')
    expect(llm.stats()).toMatchObject({ answered: 0, billedUsd: billed, faultsByKind: { 'reset-within': 1 } })
    expect((await post(llm)).status).toBe(200)
    expect(llm.stats()).toMatchObject({ billedUsd: 2 * billed })
  })

  it('stall: headers, then nothing until the connection closes, billed', async () => {
    const llm = await withFault('stall', { stallMs: 80 })
    const response = await post(llm)
    const reading = response.text().catch(() => 'closed')
    const early = await Promise.race([
      reading,
      new Promise<string>((resolve) => setTimeout(() => resolve('silent'), 40)),
    ])
    expect(early).toBe('silent')
    expect(await reading).toBe('closed')
    expect(llm.stats()).toMatchObject({ answered: 0, billedUsd: billed })
  })

  it('stall: frees its slot and does not hold up a stop', async () => {
    const llm = await withFault('stall', { slots: 1 })
    const stalled = await post(llm)
    expect((await post(llm)).status).toBe(200)
    void stalled.text().catch(() => null)
  })

  it('drip: a valid body in many pieces, answered', async () => {
    const llm = await withFault('drip')
    const begun = performance.now()
    const response = await post(llm)
    const headersAfter = performance.now() - begun
    let pieces = 0
    let text = ''
    for await (const piece of response.body!) {
      pieces++
      text += Buffer.from(piece as Uint8Array).toString('utf8')
    }
    expect(pieces).toBeGreaterThan(5)
    expect(performance.now() - begun).toBeGreaterThan(headersAfter + 30)
    expect(JSON.parse(text)).toMatchObject({ choices: [{ message: { content: 'abcdefgh' } }] })
    expect(llm.stats()).toMatchObject({ answered: 1, billedUsd: billed })
  })

  const maimed: [FaultKind, (heard: Heard) => void, answered: number][] = [
    ['no-usage', ({ json }) => expect('usage' in json).toBe(false), 1],
    ['null-usage', ({ json }) => expect(json['usage']).toBeNull(), 1],
    ['null-logprobs', ({ json }) => expect(json['choices']![0]!['logprobs']).toBeNull(), 0],
    ['no-choices', ({ json }) => expect(json['choices']).toEqual([]), 0],
    ['bad-json', ({ text }) => expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError), 0],
  ]
  it.each(maimed)('%s: 200, billed', async (kind, check, answered) => {
    const llm = await withFault(kind)
    const heard = await chat(llm, 'a', LOGPROBS)
    expect(heard.status).toBe(200)
    check(heard)
    expect(llm.stats()).toMatchObject({ answered, faultsByKind: { [kind]: 1 } })
    expect(llm.stats().billedUsd).toBeGreaterThan(0)
    const whole = await chat(llm, 'a', LOGPROBS)
    expect(whole.json['usage']).toBeTruthy()
    expect(whole.json['choices']![0]!['logprobs']).toBeTruthy()
  })
})

describe('the choice of a fault', () => {
  const bodies = Array.from({ length: 4000 }, (_, index) => digestOf(`body ${index}`))

  it('depends on the seed, the body and how often it came', () => {
    const plan = { rate: 0.2, seed: 1 }
    const faults = bodies.map((body) => chooseFault(plan, body, 1))
    expect(bodies.map((body) => chooseFault(plan, body, 1))).toEqual(faults)
    expect(bodies.map((body) => chooseFault({ ...plan, seed: 2 }, body, 1))).not.toEqual(faults)
    expect(bodies.map((body) => chooseFault(plan, body, 2))).not.toEqual(faults)
    const share = faults.filter((fault) => fault !== null).length / bodies.length
    expect(share).toBeGreaterThan(0.18)
    expect(share).toBeLessThan(0.22)
    expect(new Set(faults)).toEqual(new Set([null, ...FAULT_KINDS.filter((kind) => kind !== 'quota')]))
  })

  it('ends in success for a body that comes often enough', () => {
    const attempts = [1, 2, 3, 4, 5, 6, 7]
    const of = (atMost?: number): (FaultKind | null)[] =>
      attempts.map((attempt) =>
        chooseFault(
          { rate: 1, kinds: ['stall'], ...(atMost === undefined ? {} : { atMost }) },
          bodies[0]!,
          attempt,
        ),
      )
    expect(of().indexOf(null)).toBe(6)
    expect(of(2).indexOf(null)).toBe(2)
  })

  it('is the same whatever the order of arrival', async () => {
    const run = async (order: readonly number[]): Promise<unknown> => {
      const llm = await started({
        answer: () => 'a',
        faults: { rate: 0.5, kinds: ['server-error', 'bad-gateway', 'no-choices'] },
      })
      const statuses = new Map<number, number[]>()
      for (const round of [1, 2])
        for (const index of order)
          statuses.set(index, [...(statuses.get(index) ?? []), (await chat(llm, `${index}`)).status * round])
      return { statuses: [...statuses].toSorted(([a], [b]) => a - b), faults: llm.stats().faultsByKind }
    }
    const order = Array.from({ length: 30 }, (_, index) => index)
    expect(await run(order)).toEqual(await run(order.toReversed()))
  })
})
