import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Capabilities, tierOf } from '../../src/core/capabilities.ts'
import { EndpointError } from '../../src/core/errors.ts'
import { OpenAiClient } from '../../src/llm/openai-client.ts'
import { probe, type ProbeResult } from '../../src/llm/probe.ts'
import { started } from '../fake-llm/asking.ts'
import type { FakeLlmOptions } from '../fake-llm/options.ts'
import type { FakeLlm } from '../fake-llm/server.ts'

const KEY = 'sk-secret-0123456789abcdef'

function clientOf(baseUrl: string, options: { model?: string; key?: string; timeoutMs?: number } = {}) {
  const client = new OpenAiClient({ baseUrl, model: 'fake-model', key: null, timeoutMs: 5000, ...options })
  onTestFinished(() => client.close())
  return client
}

async function probed(options: FakeLlmOptions): Promise<ProbeResult & { readonly llm: FakeLlm }> {
  const llm = await started({ recordBodies: true, ...options })
  const result = await probe(clientOf(llm.url))
  expect(result.calls).toBe(llm.stats().answered)
  expect(result.calls).toBeLessThanOrEqual(4)
  return { ...result, llm }
}

/** What a model does that refuses nothing and has no log-probabilities of prompts. */
const ALL: Capabilities = {
  tokenLimit: 'max_tokens',
  temperature: true,
  reasoningEffort: true,
  chatLogprobs: 20,
  promptLogprobs: null,
  jsonSchema: true,
  tenIsOneToken: false,
  shutdownDate: null,
}

/** A server that answers every request with the same. */
async function always(status: number, body: string, type = 'application/json'): Promise<string> {
  return served(
    createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(status, { 'content-type': type }).end(body))
    }),
  )
}

/** Starts a server until the test ends; its base URL. */
async function served(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
}

describe('a server', () => {
  it.each([
    ['openai', null, null, 'chatLogprobs', 3],
    ['azure', null, null, 'chatLogprobs', 3],
    ['vllm', 'vLLM 0.11.2', 'prompt_logprobs', 'promptLogprobs', 3],
    ['sglang', 'SGLang 0.5.5', 'generate', 'promptLogprobs', 3],
    ['llamacpp', 'llama.cpp b7002-0000fake', null, 'chatLogprobs', 4],
    ['ollama', 'Ollama 0.12.11', null, 'chatLogprobs', 4],
  ] as const)('is known by what it does: %s', async (dialect, server, promptLogprobs, tier, requests) => {
    const result = await probed({ dialect, model: ['fake-model', 'other'] })
    expect(result).toMatchObject({
      server,
      models: ['fake-model', 'other'],
      modelServed: true,
      chat: true,
      notes: [],
      capabilities: { ...ALL, promptLogprobs },
    })
    expect(tierOf(result.capabilities)).toBe(tier)
    expect(result.llm.stats().requests).toBe(requests)
  })

  it('tells whether "10" is one token', async () => {
    const one = await probed({ splitTenDigits: false })
    expect(one.capabilities.tenIsOneToken).toBe(true)
    // Where the answer does not hold it, the prompt does.
    for (const splitTenDigits of [true, false])
      for (const dialect of ['vllm', 'sglang'] as const) {
        const { capabilities } = await probed({ dialect, splitTenDigits, answer: () => 'ten' })
        expect(capabilities.tenIsOneToken).toBe(!splitTenDigits)
      }
    expect((await probed({ answer: () => 'ten' })).capabilities.tenIsOneToken).toBeNull()
  })

  it('that thinks first shows the number when it is asked not to', async () => {
    const { capabilities } = await probed({
      answer: ({ body }) =>
        body['reasoning_effort'] === 'none'
          ? '{"number": 10}'
          : { text: 'Hmm. '.repeat(400), finish: 'length' },
    })
    expect(capabilities).toEqual(ALL)
  })

  it('that never stops thinking does not show whether it knows schemas', async () => {
    const { capabilities, notes } = await probed({ answer: () => ({ text: '', finish: 'length' }) })
    expect(capabilities).toMatchObject({ jsonSchema: false, chatLogprobs: 0, reasoningEffort: true })
    expect(notes).toEqual(['json_schema was accepted, but the answer held no text'])
  })

  it('that answers with prose does not know schemas', async () => {
    const { capabilities } = await probed({ answer: () => '10' })
    expect(capabilities).toEqual({ ...ALL, jsonSchema: false })
  })

  it('of llama.cpp that overlooks echo has no prompt log-probabilities', async () => {
    const { capabilities, calls } = await probed({ dialect: 'llamacpp', ignoreEcho: true })
    expect(capabilities.promptLogprobs).toBeNull()
    expect(calls).toBe(4)
  })

  it('of OpenAI that completes refuses echo with log-probabilities', async () => {
    const { capabilities, llm } = await probed({ instruct: true })
    expect(capabilities).toEqual(ALL)
    expect(llm.stats()).toMatchObject({ requests: 4, answered: 3, refused: 1 })
  })

  it.each([
    ['2027-01-14', '2027-01-14'],
    [1_799_884_800, '2027-01-14'],
    ['soon', null],
  ])('says when its model is shut down: %s', async (shutdownDate, day) => {
    for (const dialect of ['openai', 'azure'] as const)
      expect((await probed({ dialect, shutdownDate })).capabilities.shutdownDate).toBe(day)
  })
})

describe('what a model refuses', () => {
  const dialects = ['openai', 'vllm', 'sglang', 'llamacpp', 'ollama'] as const
  const switches: [name: string, options: FakeLlmOptions, seen: Partial<Capabilities>][] = [
    ['temperature', { rejectTemperature: true }, { temperature: false }],
    ['max_tokens', { rejectMaxTokens: true }, { tokenLimit: 'max_completion_tokens' }],
    ['reasoning_effort', { rejectReasoningEffort: true }, { reasoningEffort: false }],
    ['json_schema', { rejectJsonSchema: true }, { jsonSchema: false }],
    [
      'both that come with thinking',
      { rejectReasoningEffort: true, rejectJsonSchema: true },
      { reasoningEffort: false, jsonSchema: false },
    ],
    [
      'temperature and max_tokens',
      { rejectTemperature: true, rejectMaxTokens: true },
      { temperature: false, tokenLimit: 'max_completion_tokens' },
    ],
  ]
  it.each(
    dialects.flatMap((dialect) => switches.map(([name, ...rest]) => [name, dialect, ...rest] as const)),
  )('is left out: %s, by %s', async (_name, dialect, options, seen) => {
    const { capabilities, llm } = await probed({ dialect, ...options })
    expect(capabilities).toEqual({ ...ALL, ...seen, promptLogprobs: capabilities.promptLogprobs })
    expect(llm.stats().requests).toBeLessThanOrEqual(6)
  })

  it.each(dialects)('are log-probabilities: %s', async (dialect) => {
    const never = await probed({ dialect, rejectLogprobs: true })
    expect(never.capabilities).toMatchObject({ chatLogprobs: 0, reasoningEffort: true, temperature: true })
    expect(never.llm.stats().requests).toBeLessThanOrEqual(8)
    const thinking = await probed({ dialect, rejectLogprobs: 'unless-effort-none' })
    expect(thinking.capabilities).toMatchObject({ chatLogprobs: 20, reasoningEffort: true, jsonSchema: true })
    expect(thinking.notes).toContain('log-probabilities come only with reasoning_effort "none"')
    const neither = await probed({ dialect, rejectLogprobs: true, rejectReasoningEffort: true })
    expect(neither.capabilities).toMatchObject({ chatLogprobs: 0, reasoningEffort: false, jsonSchema: true })
  })

  it('is everything that can be refused', async () => {
    const { capabilities, calls, llm } = await probed({
      rejectTemperature: true,
      rejectMaxTokens: true,
      rejectLogprobs: true,
      rejectReasoningEffort: true,
      rejectJsonSchema: true,
      shutdownDate: '2027-01-14',
    })
    expect(capabilities).toEqual({
      tokenLimit: 'max_completion_tokens',
      temperature: false,
      reasoningEffort: false,
      chatLogprobs: 0,
      promptLogprobs: null,
      jsonSchema: false,
      tenIsOneToken: null,
      shutdownDate: '2027-01-14',
    })
    expect(calls).toBe(1)
    expect(llm.stats().requests).toBeLessThanOrEqual(9)
    expect(llm.bodies.some((body) => 'logprobs' in body && 'top_logprobs' in body)).toBe(true)
  })

  it.each([
    [11, 11, 'chatLogprobs'],
    [5, 5, 'integersSparse'],
    [2, 2, 'integersSparse'],
  ])('are more than %i alternatives', async (maxLogprobs, chatLogprobs, tier) => {
    const { capabilities, llm } = await probed({ maxLogprobs })
    expect(capabilities).toEqual({ ...ALL, chatLogprobs })
    expect(tierOf(capabilities)).toBe(tier)
    expect(llm.stats().requests).toBe(4)
  })

  it('is found also where refusals say nothing', async () => {
    for (const refused of ['temperature', 'logprobs', 'max_tokens']) {
      const llm = await started()
      const mute = await muted(llm, refused)
      const { capabilities, calls } = await probe(clientOf(mute))
      expect(capabilities).toMatchObject({
        temperature: refused !== 'temperature',
        chatLogprobs: refused === 'logprobs' ? 0 : 20,
        tokenLimit: refused === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens',
        jsonSchema: true,
      })
      expect(calls).toBeLessThanOrEqual(3)
    }
  })
})

/** A proxy that refuses a parameter without a word. */
async function muted(llm: FakeLlm, refused: string): Promise<string> {
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const asked: unknown = body === '' ? {} : JSON.parse(body)
      if (typeof asked === 'object' && asked !== null && refused in asked) response.writeHead(400).end()
      else
        void fetch(`${llm.origin}${request.url}`, {
          method: request.method!,
          ...(body ? { body } : {}),
        }).then(async (reply) => response.writeHead(reply.status).end(await reply.text()))
    })
  })
  return served(server)
}

describe('an endpoint of no use', () => {
  it.each(['openai', 'vllm', 'ollama'] as const)('serves other models: %s', async (dialect) => {
    const llm = await started({ dialect, model: ['one', 'two'] })
    const result = await probe(clientOf(llm.url, { model: 'three' }))
    expect(result).toMatchObject({ modelServed: false, models: ['one', 'two'], chat: false, calls: 0 })
    expect(tierOf(result.capabilities)).toBe('integersSparse')
  })

  it('answers for whatever name: that is said', async () => {
    const llm = await started({ dialect: 'llamacpp', model: 'one' })
    const result = await probe(clientOf(llm.url, { model: 'three' }))
    expect(result).toMatchObject({ modelServed: false, chat: true })
    expect(result.notes).toEqual(['it does not list "three", and answers all the same'])
  })

  it('lists a model of Ollama with its tag', async () => {
    const llm = await started({ dialect: 'ollama', model: ['small:latest', 'small'] })
    expect(await probe(clientOf(llm.url, { model: 'small' }))).toMatchObject({ modelServed: true, notes: [] })
  })

  it.each(['openai', 'azure', 'vllm', 'sglang', 'llamacpp', 'ollama'] as const)(
    'does not take the key: %s',
    async (dialect) => {
      const llm = await started({ dialect, key: 'right' })
      const error: unknown = await probe(clientOf(llm.url, { key: KEY })).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(EndpointError)
      expect(error).toMatchObject({ code: 'endpoint-refused', status: 401 })
      expect(String(error)).not.toContain(KEY)
      expect(llm.stats()).toMatchObject({ answered: 0 })
      expect(await probe(clientOf(llm.url, { key: 'right' }))).toMatchObject({ chat: true })
    },
  )

  it('is out of reach', async () => {
    const llm = await started()
    await llm.stop()
    await expect(probe(clientOf(llm.url))).rejects.toMatchObject({ code: 'endpoint-unreachable' })
  })

  it('never answers', async () => {
    const llm = await started({ latencyMs: 60_000 })
    await expect(probe(clientOf(llm.url, { timeoutMs: 100 }))).rejects.toMatchObject({
      code: 'endpoint-timeout',
    })
  })

  it('has no such path', async () => {
    await expect(probe(clientOf(await always(404, 'not here', 'text/plain')))).rejects.toMatchObject({
      code: 'endpoint-not-found',
    })
  })

  it.each([
    ['an HTML page', '<!doctype html><title>Welcome</title>', 'text/html'],
    ['an empty body', '', 'application/json'],
    ['another JSON', '{"status": "ok"}', 'application/json'],
    ['a list', '[]', 'application/json'],
    ['null', 'null', 'application/json'],
    [
      'half a reply',
      '{"choices": [{"message": null, "logprobs": {"content": [{"token": 1}]}}]}',
      'application/json',
    ],
    ['models without names', '{"data": [{"id": 7}, null, "x"], "choices": []}', 'application/json'],
  ])('answers with %s', async (_name, body, type) => {
    const result = await probe(clientOf(await always(200, body, type)))
    expect(result).toMatchObject({
      server: null,
      chat: false,
      calls: 1,
      capabilities: { chatLogprobs: 0, promptLogprobs: null, jsonSchema: false, temperature: false },
    })
    expect(result.notes).toEqual([
      'what it answers is no chat completion; check that the base URL is that of the API',
    ])
  })

  it('answers with log-probabilities of no sense', async () => {
    const body = {
      data: [{ id: 'fake-model', shutdown_date: {}, owned_by: 3 }],
      choices: [
        {
          message: { content: 10 },
          logprobs: { content: [{ token: '10', logprob: 'high' }], tokens: ['10'], token_logprobs: [null] },
          prompt_logprobs: [null, { 5: 'x' }],
        },
      ],
      usage: { prompt_tokens: 'many' },
      meta_info: 4,
    }
    const result = await probe(clientOf(await always(200, JSON.stringify(body))))
    expect(result).toMatchObject({ chat: true, modelServed: true })
    expect(result.capabilities).toMatchObject({
      chatLogprobs: 0,
      promptLogprobs: null,
      jsonSchema: false,
      tenIsOneToken: null,
      shutdownDate: null,
    })
    expect(result.calls).toBe(4)
  })
})
