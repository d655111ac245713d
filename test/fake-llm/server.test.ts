import { describe, expect, it } from 'vitest'
import { ask, chat, started } from './asking.ts'

const PRICES = { input: 2, cachedInput: 0.5, output: 10 }

describe('a fake LLM server', () => {
  it('answers what it is told to, and counts tokens as told', async () => {
    const llm = await started({
      answer: ({ messages, attempt }) => `${messages[0]!.content}, ${attempt}`,
      countTokens: (text) => text.split(' ').length,
    })
    const { status, json } = await chat(llm, 'one two three')
    expect(status).toBe(200)
    expect(json['choices']![0]!['message']!['content']).toBe('one two three, 1')
    expect(json['usage']).toMatchObject({ prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 })
    expect((await chat(llm, 'one two three')).text).toContain('three, 2')
  })

  it('cuts an answer at the limit of tokens', async () => {
    const llm = await started({ answer: () => 'x'.repeat(100) })
    const { json } = await chat(llm, 'a', { max_tokens: 5 })
    expect(json['choices']![0]).toMatchObject({
      message: { content: 'x'.repeat(20) },
      finish_reason: 'length',
    })
    expect(json['usage']).toMatchObject({ completion_tokens: 5 })
    const whole = await chat(llm, 'a', { max_completion_tokens: 25 })
    expect(whole.json['choices']![0]).toMatchObject({ finish_reason: 'stop' })
  })

  it('says what an answer says of its own end and usage, and bills what it generated', async () => {
    const llm = await started({
      answer: () => ({ text: 'abcd', finish: 'content_filter', usage: null, reasoningTokens: 9 }),
      prices: PRICES,
    })
    const { json } = await chat(llm, 'abcd')
    expect(json['choices']![0]).toMatchObject({ finish_reason: 'content_filter' })
    expect(json['usage']).toBeNull()
    expect(llm.stats()).toMatchObject({ promptTokens: 1, completionTokens: 10 })
    expect(llm.stats().billedUsd).toBeCloseTo((1 * 2 + 10 * 10) / 1e6, 12)
  })

  it('bills cached prefixes at their own price', async () => {
    const llm = await started({ answer: () => 'abcd', prices: PRICES, cachePrefix: true })
    const asked = (system: string, user: string): ReturnType<typeof chat> =>
      chat(llm, '', {
        messages: [
          { role: 'system', content: system },
          { role: 'user', content: user },
        ],
      })
    const cached = ({ json }: Awaited<ReturnType<typeof chat>>): unknown =>
      json['usage']!['prompt_tokens_details']!['cached_tokens']
    const long = 's'.repeat(4 * 1300)
    expect(cached(await asked(long, 'a'))).toBe(0)
    expect(cached(await asked(long, 'b'))).toBe(1280)
    expect(cached(await asked('short', 'b'))).toBe(0)
    expect(cached(await asked('short', 'b'))).toBe(0)
    const { promptTokens, cachedTokens, completionTokens, billedUsd } = llm.stats()
    expect({ promptTokens, cachedTokens, completionTokens }).toEqual({
      promptTokens: 2 * 1301 + 2 * 3,
      cachedTokens: 1280,
      completionTokens: 4,
    })
    expect(billedUsd).toBeCloseTo((1328 * 2 + 1280 * 0.5 + 4 * 10) / 1e6, 12)
  })

  it('counts bodies, and those that it answered twice', async () => {
    const llm = await started({ answer: () => 'a', recordBodies: true })
    for (const question of ['a', 'b', 'a', 'a', 'c']) await chat(llm, question)
    await ask(llm, `${llm.url}/chat/completions`, '{"model":')
    await ask(llm, `${llm.url}/models`)
    const stats = { requests: 6, answered: 5, refused: 1, distinctBodies: 3, answeredTwice: 1 }
    expect(llm.stats()).toMatchObject(stats)
    expect((await ask(llm, '/_stats')).json).toMatchObject(stats)
    expect(llm.bodies.map(({ messages }) => messages)).toHaveLength(5)
    llm.reset()
    expect(llm.stats()).toMatchObject({ requests: 0, answered: 0, distinctBodies: 0, billedUsd: 0 })
    expect(llm.bodies).toEqual([])
  })

  it('lets requests wait for a slot', async () => {
    const llm = await started({ answer: () => 'a', slots: 2, latencyMs: 30 })
    const begun = performance.now()
    const all = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((question) => chat(llm, question)))
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(performance.now() - begun).toBeGreaterThan(80)
    expect(llm.stats().mostAtOnce).toBe(2)
  })

  it.each([
    ['openai', true, 429],
    ['vllm', true, 503],
    ['vllm', 429, 429],
  ] as const)('turns away what would wait: %s, %s', async (dialect, rejectBeyondSlots, expected) => {
    const llm = await started({ dialect, answer: () => 'a', slots: 1, latencyMs: 30, rejectBeyondSlots })
    const all = await Promise.all(['a', 'b', 'c'].map((question) => chat(llm, question)))
    expect(all.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, expected, expected])
    expect(llm.stats()[expected === 429 ? 'rejected429' : 'rejected503']).toBe(2)
  })

  it('forgets a client that leaves the queue, and bills one that leaves while it is served', async () => {
    const llm = await started({ answer: () => 'abcd', slots: 1, latencyMs: 60 })
    const leave = new AbortController()
    const body = (content: string): string =>
      JSON.stringify({ model: 'fake-model', messages: [{ role: 'user', content }] })
    const post = (content: string): Promise<unknown> =>
      fetch(`${llm.url}/chat/completions`, { method: 'POST', body: body(content), signal: leave.signal })
    const gone = [post('a'), post('b')].map((request) => request.catch(() => 'left'))
    await new Promise((resolve) => setTimeout(resolve, 25))
    leave.abort()
    expect(await Promise.all(gone)).toEqual(['left', 'left'])
    expect((await chat(llm, 'c')).status).toBe(200)
    expect(llm.stats()).toMatchObject({ requests: 3, answered: 1, abandoned: 1, completionTokens: 2 })
  })
})
