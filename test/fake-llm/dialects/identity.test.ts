import { describe, expect, it } from 'vitest'
import { ask, chat, started } from '../asking.ts'
import { DIALECTS } from '../options.ts'

describe('what identifies a server', () => {
  it.each([
    ['openai', { owned_by: 'system', shutdown_date: '2027-01-14' }],
    ['azure', { status: 'succeeded', deprecation: { inference: '2027-01-14' } }],
    ['vllm', { owned_by: 'vllm', max_model_len: 4096, root: 'one' }],
    ['sglang', { owned_by: 'sglang', max_model_len: 4096 }],
    ['llamacpp', { owned_by: 'llamacpp', meta: { n_ctx: 4096 } }],
    ['ollama', { owned_by: 'library' }],
  ] as const)('is in its list of models: %s', async (dialect, first) => {
    const llm = await started({
      dialect,
      model: ['one', 'two'],
      shutdownDate: '2027-01-14',
      contextLength: 4096,
    })
    const { status, json } = await ask(llm, `${llm.url}/models`)
    expect(status).toBe(200)
    expect(json['data']).toMatchObject([{ id: 'one', object: 'model', ...first }, { id: 'two' }])
    expect('shutdown_date' in json['data']![0]!).toBe(dialect === 'openai')
  })

  it.each([
    ['vllm', '/version', { version: '0.11.2' }],
    ['sglang', '/get_server_info', { model_path: 'fake-model', version: '0.5.5' }],
    ['sglang', '/get_model_info', { model_path: 'fake-model', is_generation: true }],
    ['llamacpp', '/props', { total_slots: 1, default_generation_settings: { n_ctx: 8192 } }],
    ['llamacpp', '/health', { status: 'ok' }],
    ['ollama', '/api/version', { version: '0.12.11' }],
    ['openai', '/v1/models/fake-model', { id: 'fake-model' }],
  ] as const)('is at a path of its own: %s %s', async (dialect, path, shape) => {
    const { status, json } = await ask(await started({ dialect }), path)
    expect(status).toBe(200)
    expect(json).toMatchObject(shape)
    for (const other of DIALECTS.filter((name) => name !== dialect))
      if (!(path === '/health' && ['vllm', 'sglang'].includes(other)))
        expect((await ask(await started({ dialect: other }), path)).status).toBe(404)
  })

  it.each([
    ['openai', ['x-request-id', 'openai-version'], []],
    ['azure', ['apim-request-id', 'x-ms-region', 'x-request-id'], []],
    ['vllm', ['server'], ['x-request-id']],
    ['llamacpp', ['server'], ['x-request-id']],
    ['ollama', [], ['x-request-id', 'server']],
  ] as const)('is in its headers: %s', async (dialect, present, absent) => {
    const { headers } = await chat(await started({ dialect, answer: () => 'a' }), 'a')
    expect(present.filter((name) => !headers.has(name))).toEqual([])
    expect(absent.filter((name) => headers.has(name))).toEqual([])
    if (dialect === 'llamacpp') expect(headers.get('server')).toBe('llama.cpp')
  })

  it.each(['vllm', 'sglang'] as const)('tokenizes: %s', async (dialect) => {
    const { json } = await ask(await started({ dialect }), '/tokenize', { prompt: 'a 10' })
    expect(json).toMatchObject({ count: 3, tokens: [97, 32 * 128 + 49, 48] })
  })

  it('ends the base URL as clients of Azure have it', async () => {
    expect((await started({ dialect: 'azure' })).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/openai\/v1$/)
    expect((await started()).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/)
  })
})
