import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { resolveEndpoints } from '../../src/cli/endpoint.ts'
import type { StudyOptions } from '../../src/cli/options.ts'
import { UsageError } from '../../src/core/errors.ts'
import { studyConfigSchema } from '../../src/core/study-config.ts'

const KEYS = { OPENAI_API_KEY: 'sk-openai', GLOSS_API_KEY: 'gloss-key' }
const resolve = (
  options: Partial<StudyOptions>,
  llm: Partial<z.input<typeof studyConfigSchema>['llm']> = {},
  environment: Record<string, string> = KEYS,
) =>
  resolveEndpoints(
    { color: true, ...options },
    studyConfigSchema.parse({ model: 'm', hook: 'h', llm }),
    environment,
  )

describe('an endpoint and its key', () => {
  it.each([
    ["OpenAI's key goes to OpenAI", { llm: ['https://api.openai.com/v1'] }, {}, 'sk-openai'],
    [
      "OpenAI's key goes to OpenAI also where a gloss.yaml names it",
      {},
      { url: 'https://api.openai.com/v1' },
      'sk-openai',
    ],
    [
      'the other key goes to an endpoint named on this machine',
      { llm: ['https://llm.example.org/v1'] },
      {},
      'gloss-key',
    ],
    ['and to the loopback', { llm: ['http://localhost:8000/v1'] }, {}, 'gloss-key'],
    [
      'no key goes to an endpoint that only a gloss.yaml names',
      {},
      { url: 'https://thief.example.org/v1' },
      null,
    ],
    [
      'nor to one on this machine that only a gloss.yaml names',
      {},
      { url: 'http://127.0.0.1:8000/v1' },
      null,
    ],
    ['nor to one that looks like OpenAI', {}, { url: 'https://api.openai.com.example.org/v1' }, null],
    ['nor over plain http to OpenAI', { llm: ['http://api.openai.com/v1'] }, {}, null],
    ['nor over plain http to another machine', { llm: ['http://llm.example.org/v1'] }, {}, null],
    [
      'but there with --insecure-http',
      { llm: ['http://llm.example.org/v1'], insecureHttp: true },
      {},
      'gloss-key',
    ],
  ])('%s', (_name, options, llm, key) => {
    expect(resolve({ llmModel: 'x', ...options }, llm)!.endpoints[0]!.key).toBe(key)
  })

  it('come from flags before gloss.yaml, without a slash at the end', () => {
    expect(
      resolve(
        { llm: ['http://localhost:1/v1/'], llmModel: 'flag' },
        { url: 'http://localhost:2/v1', model: 'file' },
      ),
    ).toMatchObject({ endpoints: [{ baseUrl: 'http://localhost:1/v1' }], model: 'flag' })
    expect(resolve({}, { url: 'http://localhost:2/v1', model: 'file' })).toMatchObject({
      endpoints: [{ baseUrl: 'http://localhost:2/v1' }],
      group: 'http://localhost:2/v1',
      model: 'file',
    })
    expect(resolve({})).toBeNull()
  })

  it('may be several, each with its own share and limits, and a key only where this machine names them', () => {
    const endpoints = [
      { url: 'http://localhost:1/v1', weight: 3, requestsPerMinute: 500 },
      { url: 'http://localhost:2/v1', concurrency: 8 },
    ]
    const llm = { model: 'm', group: 'lab', tokensPerMinute: 1000, endpoints }
    expect(resolve({}, llm)).toEqual({
      group: 'lab',
      model: 'm',
      endpoints: [
        {
          baseUrl: 'http://localhost:1/v1',
          key: null,
          weight: 3,
          concurrency: 256,
          requestsPerMinute: 500,
          tokensPerMinute: 1e3,
        },
        {
          baseUrl: 'http://localhost:2/v1',
          key: null,
          weight: 1,
          concurrency: 8,
          requestsPerMinute: null,
          tokensPerMinute: 1e3,
        },
      ],
    })
    expect(
      resolve({ llm: ['http://localhost:1/v1/', 'http://localhost:9/v1'] }, llm)!.endpoints,
    ).toMatchObject([
      { key: 'gloss-key', weight: 3 },
      { key: 'gloss-key', weight: 1 },
    ])
  })

  it.each([
    [
      { llm: ['https://api.openai.com/v1'], llmModel: 'x' },
      {},
      'expected a key for https://api.openai.com in OPENAI_API_KEY, found none',
    ],
    [{ llm: ['localhost:8000'], llmModel: 'x' }, KEYS, 'expected the base URL of an endpoint'],
    [{ llm: ['ftp://x/v1'], llmModel: 'x' }, KEYS, 'expected the base URL of an endpoint'],
    [{ llm: ['http://user:pass@localhost/v1'], llmModel: 'x' }, KEYS, 'without user name and password'],
    [
      { llm: ['http://localhost/v1'] },
      KEYS,
      'expected the name of a model at http://localhost/v1, found none; add --llm-model NAME',
    ],
    [{ llmModel: 'x' }, KEYS, 'expected an endpoint with --llm-model'],
  ])('are refused where they cannot be right: %j', (options, environment, message) => {
    expect(() => resolve(options, {}, environment)).toThrow(message)
    expect(() => resolve(options, {}, environment)).toThrow(UsageError)
  })
})
