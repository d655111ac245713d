import { describe, expect, it } from 'vitest'
import { chat, started } from './asking.ts'
import { formatDuration } from './limits.ts'

describe('rate limits', () => {
  it('refill requests without pause, and say so in headers', async () => {
    let now = 0
    const llm = await started({ answer: () => 'a', requestsPerMinute: 3, clock: () => now })
    const first = await chat(llm, 'a')
    expect(first.headers.get('x-ratelimit-limit-requests')).toBe('3')
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('2')
    expect(first.headers.get('x-ratelimit-reset-requests')).toBe('20s')
    expect(first.headers.has('x-ratelimit-limit-tokens')).toBe(false)
    await chat(llm, 'b')
    expect((await chat(llm, 'c')).headers.get('x-ratelimit-reset-requests')).toBe('1m0s')
    now += 18_800
    const refused = await chat(llm, 'd')
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('2')
    expect(refused.headers.get('retry-after-ms')).toBe('1200')
    expect(refused.json['error']).toEqual({
      message:
        'Rate limit reached for fake-model in organization org-fake on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 1200ms.',
      type: 'requests',
      param: null,
      code: 'rate_limit_exceeded',
    })
    now += 1200
    expect((await chat(llm, 'd')).status).toBe(200)
    expect(llm.stats()).toMatchObject({ requests: 5, answered: 4, rejected429: 1, refused: 0 })
  })

  it('charge prompt and largest answer on admission, and refund what was not used', async () => {
    let now = 0
    const llm = await started({
      answer: () => 'x'.repeat(40),
      tokensPerMinute: 1000,
      clock: () => now,
      latencyMs: 40,
    })
    const question = 'q'.repeat(400)
    const [first, second] = await Promise.all([
      chat(llm, question, { max_tokens: 700 }),
      new Promise((resolve) => setTimeout(resolve, 10)).then(() => chat(llm, question, { max_tokens: 500 })),
    ])
    expect([first.status, second.status]).toEqual([200, 429])
    expect(second.headers.get('x-ratelimit-remaining-tokens')).toBe('200')
    expect(second.headers.get('retry-after')).toBe('24')
    expect(first.headers.get('x-ratelimit-remaining-tokens')).toBe('890')
    expect((await chat(llm, question, { max_tokens: 500 })).status).toBe(200)
    now += 60_000
    const large = await chat(llm, question, { max_tokens: 901 })
    expect(large.json['error']!['message']).toContain('Request too large')
  })

  it('charge nothing for tokens where an error comes instead of an answer', async () => {
    const llm = await started({
      answer: () => 'abcd',
      tokensPerMinute: 1000,
      clock: () => 0,
      faults: { rate: 1, kinds: ['server-error'], atMost: 1 },
    })
    const failed = await chat(llm, 'a', { max_tokens: 900 })
    expect(failed.status).toBe(500)
    const answered = await chat(llm, 'a', { max_tokens: 900 })
    expect(answered.headers.get('x-ratelimit-remaining-tokens')).toBe('998')
  })

  it('are told in headers by OpenAI and Azure alone', async () => {
    for (const dialect of ['azure', 'vllm'] as const) {
      const llm = await started({ dialect, answer: () => 'a', requestsPerMinute: 1 })
      const answered = await chat(llm, 'a')
      expect(answered.headers.has('x-ratelimit-remaining-requests')).toBe(dialect === 'azure')
      const refused = await chat(llm, 'a')
      expect(refused.status).toBe(429)
      expect(refused.headers.has('retry-after')).toBe(true)
      expect(refused.headers.has('retry-after-ms')).toBe(dialect === 'azure')
    }
  })

  it.each([
    [0, '0ms'],
    [119.2, '120ms'],
    [1000, '1s'],
    [8640, '8.64s'],
    [360_000, '6m0s'],
    [3_661_000, '1h1m1s'],
  ])('write %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})
