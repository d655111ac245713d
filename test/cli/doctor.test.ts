import { existsSync, openSync, readFileSync, writeFileSync, writeSync, closeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { bundledMigrations } from '../../src/cli/assets.ts'
import type { EndpointRecord } from '../../src/core/ledger.ts'
import type { Store } from '../../src/core/store.ts'
import { OpenAiClient } from '../../src/llm/openai-client.ts'
import { openStore } from '../../src/store/sqlite-store.ts'
import { started } from '../fake-llm/asking.ts'
import { temporaryFolder } from '../support/paths.ts'
import { gloss, type Outcome, SMALL_SETTINGS } from '../support/small-study.ts'

const KEY = 'gloss-key-0123456789abcdef'
const ENVIRONMENT = { GLOSS_API_KEY: KEY }

interface Found {
  node: string
  sqlite: string
  devices: { name: string; available: boolean | null; detail: string }[]
  disk: { freeBytes: number | null }
  database: { path: string; state: string; problems: string[] } | null
  endpoint: {
    baseUrl: string
    model: string
    server: string | null
    chat: boolean
    capabilities: Record<string, unknown> | null
    tier: string | null
    modelServed: boolean | null
    models: string[] | null
    error: string | null
  } | null
  endpoints?: { baseUrl: string; tier: string | null }[]
  warnings: string[]
}

async function doctor(folder: string, ...args: string[]): Promise<Outcome & { found: Found }> {
  const outcome = await gloss(['doctor', '--json', ...args], { folder, environment: ENVIRONMENT })
  expect(outcome.stdout + outcome.stderr).not.toContain(KEY)
  return { ...outcome, found: (outcome.stdout ? JSON.parse(outcome.stdout) : null) as Found }
}

function study(llm: object = {}): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'gloss.yaml'), stringify({ ...SMALL_SETTINGS, llm }))
  return folder
}

function withStore<T>(folder: string, work: (store: Store) => T): T {
  const store = openStore(join(folder, 'gloss.db'), bundledMigrations())
  try {
    return work(store)
  } finally {
    store.close()
  }
}

describe('gloss doctor outside a study', () => {
  it('looks at the machine', async () => {
    const { code, found, stderr } = await doctor(temporaryFolder())
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(found).toMatchObject({
      node: process.versions.node,
      devices: [{ name: 'cpu', available: true }, { name: 'webgpu' }, { name: 'cuda' }],
      database: null,
      endpoint: null,
    })
    expect(found.sqlite).toMatch(/^3\./)
    expect(found.disk.freeBytes).toBeGreaterThan(0)
    expect(found).not.toHaveProperty('endpoints')
  })

  it('says it in lines of 80 columns, without colours', async () => {
    const llm = await started({ dialect: 'sglang', key: KEY })
    const { code, stdout, stderr } = await gloss(['doctor', '--llm', llm.url, '--llm-model', 'fake-model'], {
      folder: temporaryFolder(),
      environment: ENVIRONMENT,
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: `asking ${llm.url} …\n` })
    const lines = stdout.split('\n')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(stdout).not.toContain('\u001b')
    expect(lines[0]).toMatch(/^ node [\d.]+ {3}sqlite [\d.]+ {3}disk .* GB free +ok$/)
    expect(stdout).toContain(` endpoint  ${llm.url}   SGLang 0.5.5   fake-model\n`)
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      '/generate with logprobs ✓ json_schema ✓ temperature ✓ reasoning_effort ✓ max_tokens ✓ "10" is two tokens (bills then uses integers) → simulation tier: prompt log-probabilities: gloss score --tier promptLogprobs',
    )
  })

  it('asks several endpoints', async () => {
    const [one, two] = [await started({ dialect: 'vllm' }), await started({ rejectLogprobs: true })]
    const args = ['--llm', one.url, '--llm', two.url, '--llm-model', 'fake-model']
    const { code, found } = await doctor(temporaryFolder(), ...args)
    expect(code).toBe(0)
    expect(found.endpoint).toMatchObject({
      baseUrl: one.url,
      model: 'fake-model',
      server: 'vLLM 0.11.2',
      tier: 'promptLogprobs',
      capabilities: { promptLogprobs: 'prompt_logprobs', chatLogprobs: 20, tenIsOneToken: false },
    })
    expect(found.endpoints).toMatchObject([
      { baseUrl: one.url, tier: 'promptLogprobs' },
      { baseUrl: two.url, tier: 'integersSparse' },
    ])
  })

  it('ends with 1 where one refuses, is not there or serves another model', async () => {
    const folder = temporaryFolder()
    const cases: [options: Parameters<typeof started>[0], model: string, stop: boolean, says: string][] = [
      [{ key: 'another' }, 'fake-model', false, 'the key was not accepted: check it'],
      [{}, 'fake-model', true, 'cannot be reached (ECONNREFUSED)'],
      [{ model: ['a', 'b'] }, 'fake-model', false, 'does not serve the model "fake-model"'],
    ]
    for (const [options, model, stop, says] of cases) {
      const llm = await started(options)
      if (stop) await llm.stop()
      const { code, found, stderr } = await doctor(folder, '--llm', llm.url, '--llm-model', model)
      expect(code).toBe(1)
      expect(stderr.split('\n').at(-2)).toMatch(/^gloss: /)
      expect(stderr).toContain(says)
      expect(found.endpoint).toMatchObject({ chat: false, capabilities: null, tier: null })
      expect(found.endpoint!.error).toContain(says)
    }
  })

  it('ends with 1 where a website answers', async () => {
    const server = createServer((_request, response) => response.end('<!doctype html><title>Welcome</title>'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { code, found, stderr } = await doctor(temporaryFolder(), '--llm', url, '--llm-model', 'm')
    expect(code).toBe(1)
    expect(stderr).toContain(`expected a chat completion from ${url}, found something else`)
    expect(found.endpoint).toMatchObject({ chat: false, capabilities: null, models: null })
  })

  it('is misused without a model, or with a study that is not there', async () => {
    const folder = temporaryFolder()
    expect(await doctor(folder, '--llm', 'http://127.0.0.1:9/v1')).toMatchObject({ code: 2, stdout: '' })
    expect(await doctor(folder, '--workspace', 'nowhere')).toMatchObject({ code: 2, stdout: '' })
    const openAi = ['doctor', '--llm', 'https://api.openai.com/v1', '--llm-model', 'm']
    const { code, stderr } = await gloss(openAi, { folder })
    expect(code).toBe(2)
    expect(stderr).toContain('expected a key for https://api.openai.com in OPENAI_API_KEY')
  })

  it('warns of a model that is to be shut down', async () => {
    const llm = await started({ shutdownDate: '2027-01-14' })
    const { code, found } = await doctor(temporaryFolder(), '--llm', llm.url, '--llm-model', 'fake-model')
    expect(code).toBe(0)
    expect(found.warnings).toEqual([
      `fake-model at ${llm.url} is shut down on 2027-01-14: its scores cannot be repeated after that`,
    ])
  })
})

describe('gloss doctor in a study', () => {
  it('keeps what it saw, and the client goes by it', async () => {
    const llm = await started({ dialect: 'vllm', rejectMaxTokens: true, rejectTemperature: true })
    const folder = study({ url: llm.url, model: 'fake-model' })
    withStore(folder, (store) => {
      const limits = { window: 7, requestsPerMinute: null, tokensPerMinute: null, latencyMs: null }
      const record = { baseUrl: llm.url, model: 'fake-model', server: null, capabilities: null, limits }
      store.endpoints.put(record, new Date(0))
    })
    const { code, found } = await doctor(folder)
    expect(code).toBe(0)
    expect(found.database).toEqual({ path: 'gloss.db', state: 'sound', problems: [] })
    const stored = withStore(folder, (store) => store.endpoints.get(llm.url, 'fake-model'))!
    expect(stored).toMatchObject({ server: 'vLLM 0.11.2', limits: { window: 7 } } satisfies Partial<
      Record<keyof EndpointRecord, unknown>
    >)
    expect(stored.capabilities).toEqual(found.endpoint!.capabilities)
    expect(stored.capabilities).toMatchObject({ tokenLimit: 'max_completion_tokens', temperature: false })

    llm.reset()
    const { tokenLimit } = stored.capabilities!
    const client = new OpenAiClient({ baseUrl: llm.url, model: 'fake-model', key: null, tokenLimit })
    onTestFinished(() => client.close())
    await client.send({ messages: [{ role: 'user', content: 'hello' }], maxTokens: 5 })
    expect(llm.stats()).toMatchObject({ answered: 1, refused: 0 })
  })

  it('writes no key, and sends it to no endpoint that only gloss.yaml names', async () => {
    const llm = await started({ key: KEY })
    const folder = study({ url: llm.url, model: 'fake-model' })
    withStore(folder, () => {})
    const refused = await doctor(folder)
    expect(refused.code).toBe(1)
    expect(refused.found.endpoint!.error).toContain('no key was sent')
    expect(withStore(folder, (store) => store.endpoints.get(llm.url, 'fake-model'))).toBeNull()
    expect((await doctor(folder, '--llm', llm.url)).code).toBe(0)
    expect(withStore(folder, (store) => store.endpoints.get(llm.url, 'fake-model'))).not.toBeNull()
    expect(readFileSync(join(folder, 'gloss.db')).includes(KEY)).toBe(false)
  })

  it('makes no database where there is none', async () => {
    const llm = await started()
    const folder = study()
    const { code, found } = await doctor(folder, '--llm', llm.url, '--llm-model', 'fake-model')
    expect(code).toBe(0)
    expect(found.database).toEqual({ path: 'gloss.db', state: 'missing', problems: [] })
    expect(existsSync(join(folder, 'gloss.db'))).toBe(false)
  })

  it('finds damage, and says the rest all the same', async () => {
    const llm = await started()
    const args = ['--llm', llm.url, '--llm-model', 'fake-model']
    const noDatabase = study()
    writeFileSync(join(noDatabase, 'gloss.db'), 'no database at all'.repeat(500))
    const first = await doctor(noDatabase, ...args)
    expect(first.code).toBe(1)
    expect(first.stderr).toContain('gloss.db is damaged')
    expect(first.found).toMatchObject({ database: { state: 'damaged' }, endpoint: { chat: true } })

    const overwritten = study()
    withStore(overwritten, (store) => {
      for (let index = 0; index < 200; index++)
        store.endpoints.put(
          {
            baseUrl: `http://${index}`,
            model: 'm'.repeat(200),
            server: null,
            capabilities: null,
            limits: null,
          },
          new Date(0),
        )
    })
    const path = join(overwritten, 'gloss.db')
    const file = openSync(path, 'r+')
    const size = readFileSync(path).length
    writeSync(file, Buffer.alloc(8192, 0x5a), 0, 8192, size - 3 * 4096)
    closeSync(file)
    const second = await doctor(overwritten, ...args)
    expect(second.code).toBe(1)
    expect(second.found).toMatchObject({ database: { state: 'damaged' }, endpoint: { chat: true } })
    expect(second.found.database!.problems.length).toBeGreaterThan(0)
    expect(second.stderr).toMatch(/gloss: gloss\.db is damaged \(.+\); restore a copy of it/)
  })

  it('leaves a newer database alone', async () => {
    const folder = study()
    withStore(folder, () => {})
    const database = new Database(join(folder, 'gloss.db'))
    database.prepare("INSERT INTO migration VALUES (999, '0999-later.sql', 'x')").run()
    database.close()
    const { code, found, stderr } = await doctor(folder)
    expect(code).toBe(1)
    expect(found.database).toMatchObject({ state: 'unusable' })
    expect(stderr).toContain('was made by a newer version of gloss')
  })
})
