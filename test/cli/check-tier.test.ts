import { describe, expect, it } from 'vitest'
import { checkTier } from '../../src/cli/check-tier.ts'
import type { EndpointRecord } from '../../src/core/ledger.ts'
import { LLM_TIERS, type LlmTier } from '../../src/core/scores.ts'
import { started } from '../fake-llm/asking.ts'
import { copyOf } from '../support/paths.ts'
import { gloss, query, sharedStudy } from '../support/small-study.ts'

const prepared = sharedStudy(['tokenize', 'train', 'collect', 'sample'])
const ENVIRONMENT = { GLOSS_API_KEY: 'gloss-key-0123456789abcdef' }

/** A model that believes in an active feature at every word with an "e", and is not quite sure. */
function nextToken(before: string): Record<string, number> {
  // This runs at every token of long prompts.
  if (!before.endsWith('\t')) return { x: 1 }
  const token = before.slice(before.lastIndexOf('\n') + 1, -1)
  return token.includes('e') ? { '7': 0.6, '3': 0.2, x: 0.2 } : { '0': 0.8, x: 0.2 }
}

function knownEndpoint(tenIsOneToken: boolean | null): EndpointRecord | null {
  return {
    baseUrl: 'http://a',
    model: 'm',
    server: null,
    limits: null,
    capabilities: {
      tokenLimit: 'max_tokens',
      temperature: true,
      reasoningEffort: false,
      chatLogprobs: 20,
      promptLogprobs: 'echo',
      jsonSchema: false,
      tenIsOneToken,
      shutdownDate: null,
    },
  }
}

describe('gloss run --tier promptLogprobs', () => {
  it('wants gloss doctor first, then scores with expected levels and sends nothing twice', async () => {
    const llm = await started({ dialect: 'vllm', nextToken })
    const folder = copyOf(prepared)
    const endpoint = ['--llm', llm.url, '--llm-model', 'fake-model']
    const run = (...more: string[]) =>
      gloss(['run', '--only', 'random:4', '--tier', 'promptLogprobs', ...endpoint, ...more], {
        folder,
        environment: ENVIRONMENT,
      })

    const early = await run()
    expect(early.code).toBe(2)
    expect(early.stderr).toContain(
      `run gloss doctor --llm ${llm.url} --llm-model fake-model in this study first`,
    )
    expect(llm.stats().requests).toBe(0)

    expect((await gloss(['doctor', ...endpoint], { folder, environment: ENVIRONMENT })).code).toBe(0)
    const asked = llm.stats().requests
    const dry = await run('--dry-run')
    expect([dry.code, llm.stats().requests]).toEqual([0, asked])

    const { code, stderr } = await run()
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('gloss:')])
    const rows = query(
      folder,
      `SELECT digit_mass AS mass, failed_calls AS failed, unreadable_calls AS unreadable FROM score
       WHERE scorer = 'simulation' AND tier = 'promptLogprobs' AND value IS NOT NULL`,
    )
    expect(rows).toHaveLength(4)
    for (const { mass, failed, unreadable } of rows) {
      expect(Number(mass)).toBeCloseTo(0.8)
      expect([failed, unreadable]).toEqual([0, 0])
    }
    const sent = llm.stats().requests
    expect((await run()).code).toBe(0)
    expect(llm.stats().requests).toBe(sent)
  }, 180_000)

  it('is refused on a scale with numbers of two digits', () => {
    const endpoints = [{ baseUrl: 'http://a' }, { baseUrl: 'http://b' }]
    const wide = (scale: number, known: boolean | null, other = known) => ({
      protocol: { name: 'wide', scale },
      store: { endpoints: { get: (url: string) => knownEndpoint(url === 'http://a' ? known : other) } },
    })
    const check = (study: ReturnType<typeof wide>, tier: LlmTier) => () =>
      checkTier(study, { model: 'm', endpoints }, tier)
    for (const study of [wide(10, null), wide(10, false), wide(10, true, false), wide(11, true)])
      for (const tier of ['promptLogprobs', 'chatLogprobs'] as const)
        expect(check(study, tier)).toThrow(`expected a scale of 9 at most with --tier ${tier}, found 1`)
    // Unless "10" is one token at every endpoint; and integers can be of any length.
    for (const tier of LLM_TIERS) expect(check(wide(10, true), tier)).not.toThrow()
    expect(check(wide(11, null), 'integersSparse')).not.toThrow()
    expect(check(wide(11, null), 'integersDense')).not.toThrow()
  })

  it('is refused where the endpoint gives none', async () => {
    const llm = await started({ dialect: 'llamacpp' })
    const folder = copyOf(prepared)
    const endpoint = ['--llm', llm.url, '--llm-model', 'fake-model']
    await gloss(['doctor', ...endpoint], { folder, environment: ENVIRONMENT })
    const { code, stderr } = await gloss(['score', '--tier', 'promptLogprobs', ...endpoint], {
      folder,
      environment: ENVIRONMENT,
    })
    expect(code).toBe(2)
    expect(stderr).toContain('expected an endpoint that gives log-probabilities of a prompt, found none')
  })
})
