import { afterEach, describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../src/core/chat-model.ts'
import type { FailedTry } from '../../src/llm/endpoint-failure.ts'
import { FailedTryError, OpenAiClient, type OpenAiClientOptions } from '../../src/llm/openai-client.ts'
import { readReplyBody } from '../../src/llm/reply-body.ts'
import { type Deed, errorBody, FakeOpenAi, type SeenRequest } from '../support/fake-openai.ts'

const KEY = 'sk-secret-0123456789abcdef'
const REQUEST: ChatRequest = { messages: [{ role: 'user', content: 'hello' }], maxTokens: 7 }
const cleanUps: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

async function serve(
  script: (request: SeenRequest) => Deed,
  options: Partial<OpenAiClientOptions> = {},
): Promise<{ fake: FakeOpenAi; client: OpenAiClient }> {
  const fake = await FakeOpenAi.start(script)
  const client = new OpenAiClient({ baseUrl: fake.url, model: 'm-1', key: KEY, ...options })
  cleanUps.push(
    () => client.close(),
    () => fake.stop(),
  )
  return { fake, client }
}

async function failureOf(client: OpenAiClient): Promise<FailedTry> {
  const error: unknown = await client.send(REQUEST).catch((thrown: unknown) => thrown)
  if (!(error instanceof FailedTryError)) throw new Error(`expected a failed try, found ${String(error)}`)
  return error.failed
}

describe('an answered request', () => {
  it('sends its body, with the key, and returns the reply as it came', async () => {
    const { fake, client } = await serve(() => ({ answer: 'hi' }))
    const reply = await client.send(REQUEST)
    expect(reply).toMatchObject({ status: 200, requestId: 'req_1' })
    expect(readReplyBody(reply.body)).toMatchObject({
      text: 'hi',
      cut: false,
      problem: null,
      usage: { promptTokens: 2, completionTokens: 1, cachedTokens: null },
    })
    expect(fake.seen[0]!.body).toEqual(client.bodyOf(REQUEST))
    expect(fake.seen[0]!.body).toEqual({ model: 'm-1', messages: REQUEST.messages, max_tokens: 7 })
    expect(fake.seen[0]!.path).toBe('/v1/chat/completions')
    expect(fake.seen[0]!.headers.authorization).toBe(`Bearer ${KEY}`)
  })

  it('sends no key where there is none, whatever the environment holds', async () => {
    const saved = { ...process.env }
    Object.assign(process.env, {
      OPENAI_API_KEY: KEY,
      OPENAI_ORG_ID: 'org-x',
      OPENAI_PROJECT_ID: 'proj-x',
      OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
    })
    try {
      const { fake, client } = await serve(() => ({ answer: 'hi' }), { key: null })
      await client.send(REQUEST)
      expect(fake.seen[0]!.headers.authorization).toBeUndefined()
      expect(JSON.stringify(fake.seen[0]!.headers)).not.toMatch(/sk-secret|org-x|proj-x/)
    } finally {
      process.env = saved
    }
  })

  it('returns a body without the key, should the server echo it', async () => {
    const { client } = await serve(() => ({ answer: `you sent ${KEY}` }))
    const { body } = await client.send(REQUEST)
    expect(readReplyBody(body).text).toBe('you sent [key]')
  })

  it('carries the query of a base URL', async () => {
    const fake = await FakeOpenAi.start(() => ({ answer: 'hi' }))
    const client = new OpenAiClient({ baseUrl: `${fake.url}?api-version=2024-10-21`, model: 'm', key: null })
    await client.send(REQUEST)
    expect(fake.seen[0]!.path).toBe('/v1/chat/completions?api-version=2024-10-21')
    await client.close()
    await fake.stop()
  })
})

describe('the limit on tokens', () => {
  it("has the name that OpenAI's own reference gives there alone, or the one that a probe found", () => {
    const bodyAt = (baseUrl: string, tokenLimit?: 'max_tokens') =>
      new OpenAiClient({ baseUrl, model: 'm', key: KEY, ...(tokenLimit ? { tokenLimit } : {}) }).bodyOf(
        REQUEST,
      )
    expect(bodyAt('https://api.openai.com/v1')).toMatchObject({ max_completion_tokens: 7 })
    expect(bodyAt('https://api.openai.com/v1')).not.toHaveProperty('max_tokens')
    expect(bodyAt('https://api.openai.com/v1', 'max_tokens')).toMatchObject({ max_tokens: 7 })
    expect(bodyAt('https://llm.example.org/v1')).toMatchObject({ max_tokens: 7 })
  })

  it('takes the other name for good where a server refuses the first', async () => {
    const refusal = JSON.stringify({
      error: {
        message: "Unsupported parameter: 'max_tokens' is not supported with this model.",
        type: 'invalid_request_error',
        param: 'max_tokens',
        code: 'unsupported_parameter',
      },
    })
    const { fake, client } = await serve(({ body }) =>
      'max_tokens' in body ? { raw: refusal, status: 400 } : { answer: 'ok' },
    )
    await client.send(REQUEST)
    await client.send(REQUEST)
    expect(fake.seen.map(({ body }) => 'max_tokens' in body)).toEqual([true, false, false])
  })
})

describe('a failed try', () => {
  it.each([
    ['a busy endpoint', (): Deed => ({ raw: errorBody('slow down'), status: 429 }), true, false],
    ['an overloaded one', (): Deed => ({ raw: '', status: 503 }), true, false],
    ['a broken one', (): Deed => ({ raw: '<html>bad gateway</html>', status: 502 }), false, false],
    ['a reset connection', (): Deed => ({ reset: 'before' }), false, true],
    ['a reset within the body', (): Deed => ({ reset: 'within' }), false, true],
  ])('of %s can be tried again', async (_name, deed, congested, mayBeBilled) => {
    const { fake, client } = await serve(deed)
    const failed = await failureOf(client)
    expect(failed).toMatchObject({ congested, mayBeBilled })
    expect(failed.failure).toMatchObject({ failure: 'retryable' })
    expect(fake.seen).toHaveLength(1)
  })

  it.each([
    [{ 'retry-after-ms': '120' }, 120],
    [{ 'retry-after': '1.5' }, 1500],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '-5' }, null],
    [{ 'retry-after': '' }, null],
    [{}, null],
  ])('says how long to wait: %j', async (headers, pauseMs) => {
    const { client } = await serve(() => ({
      raw: errorBody('x'),
      status: 429,
      headers: headers,
    }))
    expect(await failureOf(client)).toMatchObject({ pauseMs })
  })

  it.each([
    [401, null, 'run-stopping', 'endpoint-refused', 'the key was not accepted: check it'],
    [403, null, 'run-stopping', 'endpoint-refused', 'the key was not accepted: check it'],
    [402, null, 'run-stopping', 'endpoint-quota', "the account's quota is used up: raise it"],
    [
      404,
      'model_not_found',
      'run-stopping',
      'endpoint-not-found',
      'check the base URL and that it serves the model "m-1"',
    ],
    [429, 'insufficient_quota', 'run-stopping', 'endpoint-quota', "the account's quota is used up: raise it"],
    [
      400,
      'context_length_exceeded',
      'rejected',
      'request-too-long',
      'set llm.maxReplyTokens in gloss.yaml, put fewer examples into a call (--examples-per-call)',
    ],
    [422, null, 'rejected', 'request-rejected', 'this request cannot be answered as it is'],
  ])('with %i %s says what it means', async (status, code, failure, errorCode, advice) => {
    const { client } = await serve(() => ({ raw: errorBody('no', code), status }))
    const { failure: error, mayBeBilled } = await failureOf(client)
    expect(error).toMatchObject({ failure, code: errorCode, status })
    expect(error.message).toContain(advice)
    expect(mayBeBilled).toBe(false)
  })

  it.each([
    "This model's maximum context length is 4096 tokens. However, you requested 5900 tokens (1900 in the messages, 4000 in the completion).",
    'the request exceeds the available context size, try increasing it',
    'Requested tokens (5000) exceed context window of 4096',
    'Input is longer than the maximum allowed length (4096 tokens)',
  ])('knows a request that is too long for the server: %s', async (said) => {
    const { client } = await serve(() => ({ raw: errorBody(said), status: 400 }))
    expect((await failureOf(client)).failure).toMatchObject({ code: 'request-too-long', failure: 'rejected' })
  })

  it('writes no more than it is told to', async () => {
    const { fake, client } = await serve(() => ({ answer: 'hi' }), { maxReplyTokens: 5 })
    await client.send(REQUEST)
    await client.send({ ...REQUEST, maxTokens: 3 })
    expect(fake.seen.map(({ body }) => (body as unknown as { max_tokens: number }).max_tokens)).toEqual([
      5, 3,
    ])
  })

  it('sends a temperature where one is set', async () => {
    const { fake, client } = await serve(() => ({ answer: 'hi' }), { temperature: 0 })
    await client.send(REQUEST)
    expect(fake.seen[0]!.body).toEqual({
      model: 'm-1',
      messages: REQUEST.messages,
      max_tokens: 7,
      temperature: 0,
    })
  })

  it("sends a server's own parameters, but nothing in the place of its own", async () => {
    const parameters = { repeat_penalty: 1, chat_template_kwargs: { enable_thinking: false }, model: 'other' }
    const { fake, client } = await serve(() => ({ answer: 'hi' }), { parameters })
    await client.send(REQUEST)
    expect(fake.seen[0]!.body).toEqual({
      repeat_penalty: 1,
      chat_template_kwargs: { enable_thinking: false },
      model: 'm-1',
      messages: REQUEST.messages,
      max_tokens: 7,
    })
  })

  it('tells a missing key from a wrong one', async () => {
    const { client } = await serve(() => ({ raw: errorBody('who are you'), status: 401 }), { key: null })
    expect((await failureOf(client)).failure.message).toContain('no key was sent: set GLOSS_API_KEY')
  })

  it('meets the deadline, also when only the body never ends', async () => {
    const { client } = await serve(() => ({ hang: true }), { timeoutMs: 60 })
    const failed = await failureOf(client)
    expect(failed.failure).toMatchObject({ code: 'endpoint-timeout', failure: 'retryable' })
    expect(failed).toMatchObject({ mayBeBilled: true, congested: true })
    const { client: other } = await serve(() => ({ stall: true }), { timeoutMs: 60 })
    expect((await failureOf(other)).failure.message).toContain('gave no reply within 0.06 s')
  })

  it('of an endpoint that is not there was never sent', async () => {
    const { fake, client } = await serve(() => ({ answer: 'x' }))
    await fake.stop()
    const failed = await failureOf(client)
    expect(failed.failure).toMatchObject({ code: 'endpoint-unreachable', status: null })
    expect(failed.mayBeBilled).toBe(false)
    expect(failed.failure.message).toBe(
      `${fake.url} cannot be reached (ECONNREFUSED); check the address and that the server runs`,
    )
  })

  it('cannot make the key appear in an error', async () => {
    for (const echo of [
      `bad key ${KEY}`,
      `Authorization: Bearer ${KEY}`,
      'sk-other-abcdefghijklmnop is wrong',
    ]) {
      const { client } = await serve(() => ({ raw: errorBody(echo), status: 401 }))
      const { failure } = await failureOf(client)
      expect(failure.message).toContain('[key]')
      expect(`${failure.message} ${failure.stack}`).not.toMatch(/sk-secret|sk-other/)
    }
  })
})
