import { afterEach, describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../src/core/chat-model.ts'
import { EndpointError } from '../../src/core/errors.ts'
import { OpenAiChat } from '../../src/llm/openai-chat.ts'
import { type Deed, errorBody, FakeOpenAi, type SeenRequest } from '../support/fake-openai.ts'

const KEY = 'sk-secret-0123456789abcdef'
const REQUEST: ChatRequest = { messages: [{ role: 'user', content: 'hello' }], maxTokens: 7 }
const cleanUps: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

async function serve(
  script: (request: SeenRequest) => Deed,
  options: { key?: string | null; timeoutMs?: number } = {},
): Promise<{ fake: FakeOpenAi; chat: OpenAiChat }> {
  const fake = await FakeOpenAi.start(script)
  const chat = new OpenAiChat({ baseUrl: fake.url, model: 'm-1', key: KEY, retryDelayMs: 5, ...options })
  cleanUps.push(
    () => chat.close(),
    () => fake.stop(),
  )
  return { fake, chat }
}

async function failureOf(chat: OpenAiChat): Promise<EndpointError> {
  const error: unknown = await chat.complete(REQUEST).catch((thrown: unknown) => thrown)
  if (!(error instanceof EndpointError)) throw new Error(`expected an EndpointError, found ${String(error)}`)
  return error
}

describe('an answered request', () => {
  it('sends the body that identifies it, with the key, and returns the reply as it came', async () => {
    const { fake, chat } = await serve(() => ({ answer: 'hi' }))
    const reply = await chat.complete(REQUEST)
    expect(reply).toMatchObject({ status: 200, attempts: 1 })
    expect(chat.read(reply.body)).toMatchObject({
      text: 'hi',
      cut: false,
      problem: null,
      usage: { promptTokens: 2, completionTokens: 1, cachedTokens: null },
    })
    expect(fake.seen[0]!.body).toEqual(chat.bodyOf(REQUEST))
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
      const { fake, chat } = await serve(() => ({ answer: 'hi' }), { key: null })
      await chat.complete(REQUEST)
      expect(fake.seen[0]!.headers.authorization).toBeUndefined()
      expect(JSON.stringify(fake.seen[0]!.headers)).not.toMatch(/sk-secret|org-x|proj-x/)
    } finally {
      process.env = saved
    }
  })

  it("names the limit as OpenAI's own newer models want it there alone", () => {
    const chat = new OpenAiChat({ baseUrl: 'https://api.openai.com/v1', model: 'm', key: KEY })
    expect(chat.bodyOf(REQUEST)).toMatchObject({ max_completion_tokens: 7 })
    expect(chat.bodyOf(REQUEST)).not.toHaveProperty('max_tokens')
  })
})

describe('a failing endpoint', () => {
  it.each([
    ['a busy one', (): Deed => ({ raw: errorBody('slow down'), status: 429 })],
    ['a broken one', (): Deed => ({ raw: '<html>bad gateway</html>', status: 502 })],
    ['a reset connection', (): Deed => ({ reset: 'before' })],
    ['a reset within the body', (): Deed => ({ reset: 'within' })],
  ])('%s is tried three times and no more', async (_name, deed) => {
    const { fake, chat } = await serve(deed)
    expect(await failureOf(chat)).toMatchObject({ failure: 'retryable' })
    expect(fake.seen).toHaveLength(3)
  })

  it('is answered by a later try', async () => {
    const deeds: Deed[] = [{ reset: 'before' }, { raw: errorBody('x'), status: 500 }, { answer: 'at last' }]
    const { chat } = await serve(({ attempt }) => deeds[attempt - 1]!)
    expect(await chat.complete(REQUEST)).toMatchObject({ attempts: 3 })
  })

  it('waits as long as it asks to, within reason', async () => {
    const { fake, chat } = await serve(({ attempt }) =>
      attempt === 1
        ? { raw: errorBody('x'), status: 429, headers: { 'retry-after-ms': '120' } }
        : { answer: 'ok' },
    )
    const started = performance.now()
    await chat.complete(REQUEST)
    expect(performance.now() - started).toBeGreaterThan(115)
    fake.script = () => ({ raw: errorBody('x'), status: 429, headers: { 'retry-after': '86400' } })
    expect(await failureOf(chat)).toMatchObject({ failure: 'retryable' })
    expect(fake.seen).toHaveLength(3)
  })

  it.each(['soon', '-5', ''])('is not trusted with a pause of %j', async (pause) => {
    const { fake, chat } = await serve(() => ({
      raw: errorBody('x'),
      status: 503,
      headers: { 'retry-after': pause },
    }))
    await failureOf(chat)
    expect(fake.seen).toHaveLength(3)
  })

  it.each([
    [401, null, 'run-stopping', 'endpoint-refused', 'the key was not accepted: check it'],
    [403, null, 'run-stopping', 'endpoint-refused', 'the key was not accepted: check it'],
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
      'request-rejected',
      'this request cannot be answered as it is',
    ],
    [422, null, 'rejected', 'request-rejected', 'this request cannot be answered as it is'],
  ])('with %i %s is not asked again', async (status, code, failure, errorCode, advice) => {
    const { fake, chat } = await serve(() => ({ raw: errorBody('no', code), status }))
    const error = await failureOf(chat)
    expect(error).toMatchObject({ failure, code: errorCode, status })
    expect(error.message).toContain(advice)
    expect(fake.seen).toHaveLength(1)
  })

  it('tells a missing key from a wrong one', async () => {
    const { chat } = await serve(() => ({ raw: errorBody('who are you'), status: 401 }), { key: null })
    expect((await failureOf(chat)).message).toContain('no key was sent: set GLOSS_API_KEY')
  })

  it('that never answers meets the deadline, also when only the body never ends', async () => {
    const { chat } = await serve(() => ({ hang: true }), { timeoutMs: 60 })
    expect(await failureOf(chat)).toMatchObject({ code: 'endpoint-timeout', failure: 'retryable' })
    const { fake, chat: other } = await serve(() => ({ raw: '' }), { timeoutMs: 60 })
    fake.script = () => ({ hang: true })
    expect((await failureOf(other)).message).toContain('gave no reply within 0.06 s')
  })

  it('that is not there is out of reach', async () => {
    const { fake, chat } = await serve(() => ({ answer: 'x' }))
    await fake.stop()
    const error = await failureOf(chat)
    expect(error).toMatchObject({ code: 'endpoint-unreachable', status: null })
    expect(error.message).toBe(
      `${fake.url} cannot be reached (ECONNREFUSED); check the address and that the server runs`,
    )
  })

  it('cannot make the key appear in an error', async () => {
    for (const echo of [
      `bad key ${KEY}`,
      `Authorization: Bearer ${KEY}`,
      'sk-other-abcdefghijklmnop is wrong',
    ]) {
      const { chat } = await serve(() => ({ raw: errorBody(echo), status: 401 }))
      const error = await failureOf(chat)
      expect(error.message).toContain('[key]')
      expect(`${error.message} ${error.stack}`).not.toMatch(/sk-secret|sk-other/)
    }
  })
})
