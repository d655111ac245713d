import { afterEach, describe, expect, it } from 'vitest'
import { spearman } from '../../src/autointerp/correlation.ts'
import { bundledExplainPrompt, bundledQuestionPrompts, bundledSimulatePrompt } from '../../src/cli/assets.ts'
import type { StoredExample } from '../../src/core/store.ts'
import { Gate } from '../../src/llm/gate.ts'
import { Lane } from '../../src/llm/lane.ts'
import { OpenAiClient } from '../../src/llm/openai-client.ts'
import { priceList } from '../../src/llm/prices.ts'
import { llmSimulator, type Simulation } from '../../src/pipeline/simulate.ts'
import { readMigrations } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/sqlite-store.ts'
import type { FakeLlmOptions } from '../fake-llm/options.ts'
import { FakeLlm } from '../fake-llm/server.ts'
import { ROOT } from '../support/paths.ts'

const WORDS = [' whale', ' ship', ' sea', ' the', ' of', '\n', ' 10', ' captain']
/** Levels by token and description; the planted feature is the first. */
const PLANTED: Readonly<Record<string, readonly number[]>> = {
  'Words of whaling': [9, 5, 3, 0, 0, 0, 0, 0],
  'Articles and prepositions': [0, 0, 0, 9, 6, 0, 0, 0],
}
const [TRUE, FALSE] = Object.keys(PLANTED) as [string, string]

const EXAMPLES = Array.from({ length: 12 }, (_, number) => {
  const tokens = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(
    (index) => (number * 5 + index * 3 + ((number * index) % 7)) % WORDS.length,
  )
  return { slice: 'random', tokens, activations: tokens.map((token) => PLANTED[TRUE]![token]!) }
}) as unknown as StoredExample[]
/** One text a call. */
const CALLS = EXAMPLES.length
const TRUTH = EXAMPLES.flatMap(({ activations }) => activations)

/** A model that knows what is planted, and is not quite sure. */
function oracle(before: string): Record<string, number> {
  const line = /(?:^|\n)([^\n]*)\t$/.exec(before)
  if (!line) return { x: 1 }
  const description = /Description: ([^\n]*)(?![\s\S]*Description: )/.exec(before)![1]!
  const token = WORDS.indexOf(line[1]!.replace('\\n', '\n'))
  const level = PLANTED[description]?.[token] ?? 0
  const other = level === 0 ? 1 : level - 1
  return { [` ${level}`]: 0.35, [level]: 0.45, [other]: 0.1, x: 0.1 }
}

const cleanUps: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

async function simulatorOn(way: 'prompt_logprobs' | 'generate' | 'echo', options: FakeLlmOptions) {
  const fake = await FakeLlm.start({ answer: () => '0', nextToken: oracle, ...options })
  const store = openStore(':memory:', readMigrations(`${ROOT}/migrations`))
  const gateOf = (): Gate => {
    const client = new OpenAiClient({
      baseUrl: fake.url,
      model: 'fake-model',
      key: null,
      promptLogprobs: way,
    })
    const lane = new Lane(
      {
        client,
        prices: priceList(fake.url, 'fake-model', { input: 1, output: 1 }),
        weight: 1,
        mostInFlight: 8,
        requestsPerMinute: null,
        tokensPerMinute: null,
        known: null,
      },
      performance.now(),
    )
    const signal = new AbortController().signal
    const rest = { lanes: [lane], store, signal, maxCost: 5, now: () => new Date(), firstPauseMs: 5 }
    const gate = new Gate({ group: 'test', model: 'fake-model', ...rest })
    cleanUps.push(() => gate.close())
    return gate
  }
  cleanUps.push(
    () => fake.stop(),
    () => store.close(),
  )
  const simulate = (gate: Gate, explanation: string): Promise<Simulation> => {
    const llm = {
      chat: gate,
      explain: bundledExplainPrompt(),
      choose: bundledSimulatePrompt(),
      simulate: bundledSimulatePrompt('promptLogprobs'),
      questions: bundledQuestionPrompts(),
      tier: 'promptLogprobs' as const,
      reask: false,
    }
    const textsOf = (tokens: readonly number[]) => tokens.map((token) => WORDS[token]!)
    return llmSimulator(llm, 9, 0, textsOf).simulate(explanation, 1, EXAMPLES, 0)
  }
  return { fake, store, gateOf, simulate }
}

describe.each([
  ['prompt_logprobs', 'vllm', true],
  ['prompt_logprobs', 'vllm', false],
  ['generate', 'sglang', true],
  ['generate', 'sglang', false],
  ['echo', 'vllm', true],
  ['echo', 'sglang', false],
] as const)('simulation by %s on %s, "10" in two tokens: %s', (way, dialect, splitTenDigits) => {
  it('knows a true explanation from a false one, and remembers', async () => {
    const { fake, store, gateOf, simulate } = await simulatorOn(way, { dialect, splitTenDigits })
    const gate = gateOf()
    const right = await simulate(gate, TRUE)
    const wrong = await simulate(gate, FALSE)
    const score = ({ predicted }: Simulation): number =>
      spearman(
        TRUTH,
        predicted.flatMap((levels) => levels!.map(Math.round)),
      )!
    expect(right).toMatchObject({ calls: CALLS, failedCalls: 0, unreadableCalls: 0, reasons: [] })
    expect(right.digitMass).toBeCloseTo(0.9)
    expect(score(right)).toBeGreaterThanOrEqual(0.95)
    expect(score(wrong)).toBeLessThanOrEqual(0.1)

    const { requests } = fake.stats()
    expect(requests).toBe(2 * CALLS)
    const again = gateOf()
    expect(await simulate(again, TRUE)).toEqual(right)
    expect(again.spending()).toMatchObject({ requests: 0, fromCache: CALLS })
    expect(fake.stats().requests).toBe(requests)
    expect(gate.spending().usd).toBeGreaterThan(0)
    expect(store.ledger.spent()).toBeCloseTo(gate.spending().usd!)
  })
})

describe('an endpoint without what was seen of it', () => {
  it('gives missing examples with the reason, and never zeros', async () => {
    const { gateOf, simulate } = await simulatorOn('echo', { dialect: 'llamacpp', ignoreEcho: true })
    const { predicted, unreadableCalls, digitMass, reasons } = await simulate(gateOf(), TRUE)
    expect(predicted.every((levels) => levels === null)).toBe(true)
    expect([unreadableCalls, digitMass]).toEqual([CALLS, null])
    expect(reasons[0]).toContain('no log-probabilities of the prompt')
  })

  it('is missing where too little is on digits', async () => {
    const { gateOf, simulate } = await simulatorOn('prompt_logprobs', {
      dialect: 'vllm',
      nextToken: (before) => (before.endsWith(' whale\t') ? { '9': 0.4, x: 0.6 } : { '0': 1 }),
    })
    const { predicted, reasons } = await simulate(gateOf(), TRUE)
    for (const [index, { tokens }] of EXAMPLES.entries())
      expect(predicted[index] === null).toBe(tokens.includes(0))
    expect(reasons[0]).toBe('less than half of the probability is on digits')
  })

  it('retries what failed', async () => {
    const { gateOf, simulate } = await simulatorOn('generate', {
      dialect: 'sglang',
      faults: { rate: 1, kinds: ['server-error', 'unavailable'], atMost: 1 },
    })
    const gate = gateOf()
    expect((await simulate(gate, TRUE)).failedCalls).toBe(0)
    expect(gate.spending().retries).toBeGreaterThan(0)
  })
})
