import { describe, expect, it } from 'vitest'
import type { Capabilities } from '../../src/core/capabilities.ts'
import { doctorLines, type DoctorReport, type EndpointReport } from '../../src/tui/doctor.ts'
import { COLOURED, PLAIN } from '../../src/tui/style.ts'
import { widthOf } from '../../src/tui/text.ts'

const CAPABILITIES: Capabilities = {
  tokenLimit: 'max_tokens',
  temperature: true,
  reasoningEffort: false,
  chatLogprobs: 20,
  promptLogprobs: 'prompt_logprobs',
  jsonSchema: true,
  tenIsOneToken: false,
  shutdownDate: null,
}

const ENDPOINT: EndpointReport = {
  baseUrl: 'http://127.0.0.1:8000/v1',
  model: 'qwen3-8b',
  server: 'vLLM 0.12',
  models: ['qwen3-8b'],
  modelServed: true,
  chat: true,
  capabilities: CAPABILITIES,
  calls: 3,
  notes: [],
  error: null,
}

const REPORT: DoctorReport = {
  node: '20.20.2',
  sqlite: '3.53.2',
  freeBytes: 80e9,
  devices: [
    { name: 'cpu', available: true, detail: '2 cores, onnxruntime 1.30.0' },
    { name: 'webgpu', available: false, detail: 'no adapter found' },
    { name: 'cuda', available: false, detail: '@tensorflow/tfjs-node-gpu is not installed' },
  ],
  database: { path: 'gloss.db', state: 'sound', problems: [] },
  endpoints: [ENDPOINT],
  warnings: [],
}

const shown = (report: Partial<DoctorReport>, width = 80): string =>
  doctorLines({ ...REPORT, ...report }, width, PLAIN).join('\n')
const ofEndpoint = (endpoint: Partial<EndpointReport>): string =>
  shown({ endpoints: [{ ...ENDPOINT, ...endpoint }] }).replace(/\s+/g, ' ')

describe('the report of gloss doctor', () => {
  it('at 80 columns', () => {
    expect(shown({})).toBe(
      `
 node 20.20.2   sqlite 3.53.2   disk 80 GB free                               ok
 cpu       2 cores, onnxruntime 1.30.0                                        ok
 webgpu    no adapter found                         train and collect run on cpu
 cuda      @tensorflow/tfjs-node-gpu is not installed     optional, not used yet
 database  gloss.db is sound                                                  ok
 endpoint  http://127.0.0.1:8000/v1   vLLM 0.12   qwen3-8b
           chat ✓   top_logprobs 20 ✓   prompt_logprobs ✓   json_schema ✓
           temperature ✓   reasoning_effort ✗   max_tokens ✓
           "10" is two tokens (bills then uses integers)
           → simulation tier: prompt log-probabilities: gloss score --tier
           promptLogprobs`.slice(1),
    )
  })

  it('at 60 columns', () => {
    expect(shown({}, 60)).toBe(
      `
 node 20.20.2   sqlite 3.53.2   disk 80 GB free           ok
 cpu       2 cores, onnxruntime 1.30.0                    ok
 webgpu    no adapter found     train and collect run on cpu
 cuda      @tensorflow/tfjs-node-gpu is not installed
                                      optional, not used yet
 database  gloss.db is sound                              ok
 endpoint  http://127.0.0.1:8000/v1   vLLM 0.12   qwen3-8b
           chat ✓   top_logprobs 20 ✓   prompt_logprobs ✓
           json_schema ✓   temperature ✓
           reasoning_effort ✗   max_tokens ✓
           "10" is two tokens (bills then uses integers)
           → simulation tier: prompt log-probabilities:
           gloss score --tier promptLogprobs`.slice(1),
    )
  })

  it.each([60, 80, 120])('stays within %i columns, whatever it holds', (width) => {
    const long = 'a very long text that goes on and on '.repeat(9)
    const report: DoctorReport = {
      ...REPORT,
      devices: REPORT.devices.map((device) => ({ ...device, detail: long })),
      database: { path: 'gloss.db', state: 'damaged', problems: [long, 'wide: 語'.repeat(40)] },
      endpoints: [
        {
          ...ENDPOINT,
          baseUrl: `https://${'x'.repeat(150)}.example.org/v1`,
          model: 'm'.repeat(200),
          server: 's'.repeat(70),
          models: Array.from({ length: 9 }, (_, index) => `${index}`.repeat(70)),
          modelServed: false,
          notes: [long],
          error: long,
        },
      ],
      warnings: [long],
    }
    for (const one of [report, REPORT]) {
      const lines = doctorLines(one, width, PLAIN)
      expect(lines.filter((line) => widthOf(line) > width)).toEqual([])
      expect(lines.filter((line) => line !== line.trimEnd())).toEqual([])
      const coloured = doctorLines(one, width, COLOURED)
      // eslint-disable-next-line no-control-regex
      expect(coloured.map((line) => line.replace(/\u001b\[[\d;]*m/g, ''))).toEqual(lines)
    }
  })

  it('prints nothing that others wrote as they wrote it', () => {
    const evil = 'x\u001b]0;title\u0007\n\u202Ey'
    const lines = doctorLines(
      {
        ...REPORT,
        database: { path: evil, state: 'unusable', problems: [evil] },
        endpoints: [
          {
            ...ENDPOINT,
            baseUrl: evil,
            model: evil,
            server: evil,
            models: [evil],
            modelServed: false,
            notes: [evil],
            error: evil,
          },
        ],
        warnings: [evil],
      },
      120,
      PLAIN,
    )
    expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(lines.filter((line) => line.includes('x␛]0;title␇⏎⟨202E⟩y')).length).toBeGreaterThanOrEqual(6)
  })

  it('says which tier an endpoint would allow, and what runs use', () => {
    const tier = (capabilities: Partial<Capabilities>): string =>
      ofEndpoint({ capabilities: { ...CAPABILITIES, ...capabilities } })
    expect(tier({ promptLogprobs: null })).toContain(
      'prompt_logprobs ✗ json_schema ✓ temperature ✓ reasoning_effort ✗ max_tokens ✓ "10" is two tokens (bills then uses integers) → simulation tier: chat log-probabilities: gloss score --tier chatLogprobs',
    )
    expect(tier({ promptLogprobs: 'generate', tenIsOneToken: true })).toMatch(
      /\/generate with logprobs ✓ .*"10" is one token → simulation tier: prompt log-probabilities: gloss score --tier promptLogprobs/,
    )
    expect(tier({ promptLogprobs: 'echo', tenIsOneToken: null })).toMatch(
      /echo with logprobs ✓ .*"10" was not seen/,
    )
    const least = tier({ promptLogprobs: null, chatLogprobs: 0, tokenLimit: 'max_completion_tokens' })
    expect(least).toContain('top_logprobs ✗')
    expect(least).toContain('max_completion_tokens ✓')
    expect(least).toMatch(/→ simulation tier: integers, sparse$/)
  })

  it('names at most five models that are served instead', () => {
    const missing = { modelServed: false, chat: false, error: 'no such model' }
    expect(ofEndpoint({ ...missing, models: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] })).toContain(
      '✗ no such model it lists a, b, c, d, e and 2 more',
    )
    expect(ofEndpoint({ ...missing, models: [] })).toContain('it lists no model')
    expect(ofEndpoint(missing)).not.toContain('simulation tier')
  })

  it('speaks of studies, devices and endpoints only where there are any', () => {
    expect(shown({ database: null })).not.toContain('database')
    expect(shown({ database: { path: 'gloss.db', state: 'missing', problems: [] } })).toContain(
      ' database  no gloss.db yet\n',
    )
    expect(shown({ endpoints: [] })).toMatch(
      / endpoint {2}none named; add --llm URL --llm-model NAME to ask one$/,
    )
    expect(shown({ freeBytes: null })).toMatch(/^ node 20\.20\.2 {3}sqlite 3\.53\.2 +ok\n/)
    const devices: DoctorReport['devices'] = [
      { name: 'cpu', available: false, detail: '2 cores, no onnxruntime' },
      { name: 'webgpu', available: true, detail: 'an adapter was found' },
      { name: 'cuda', available: true, detail: '@tensorflow/tfjs-node-gpu is installed' },
    ]
    expect(shown({ devices }).replace(/ +/g, ' ')).toContain(
      [
        ' cpu 2 cores, no onnxruntime models cannot run',
        ' webgpu an adapter was found not used yet: train and collect run on cpu',
        ' cuda @tensorflow/tfjs-node-gpu is installed not used yet',
      ].join('\n'),
    )
    expect(shown({ warnings: ['less is left'] })).toMatch(/\n warning {3}less is left$/)
  })
})
