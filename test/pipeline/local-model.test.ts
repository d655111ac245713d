import { afterAll, describe, expect, it } from 'vitest'
import { bundledExplainPrompt, bundledQuestionPrompts, bundledSimulatePrompt } from '../../src/cli/assets.ts'
import type { LlmTier } from '../../src/core/scores.ts'
import { Gate } from '../../src/llm/gate.ts'
import { GgufClient } from '../../src/llm/gguf-client.ts'
import { Lane } from '../../src/llm/lane.ts'
import { FREE } from '../../src/llm/prices.ts'
import { explain } from '../../src/pipeline/explain.ts'
import { score } from '../../src/pipeline/score.ts'
import { llmSimulator } from '../../src/pipeline/simulate.ts'
import { tokenTexts } from '../../src/pipeline/token-texts.ts'
import { currentSet } from '../../src/pipeline/feature-set.ts'
import { eventsOf, PLANTED_RULES, plantedStudy } from '../support/planted-study.ts'
import { slicesProtocol } from '../support/protocols.ts'
import { smallModel } from '../support/small-model.ts'

const MINUTES = 60_000
/** GLOSS_REAL_FEATURES=10 explains, simulates and scores ten. */
const FEATURES = Number(process.env['GLOSS_REAL_FEATURES'] ?? 1)
const EXAMPLES = 4
const SCALE = 9
/** As many examples to score as a small model on one processor is through with in a minute a tier. */
const PROTOCOL = {
  ...slicesProtocol('quick'),
  score: { top: 4, perInterval: 0, random: 2, other: 2 },
  minimumScoreExamples: 4,
  minimumFiringExamples: 2,
}
const TIERS = [
  ['promptLogprobs', 0.5],
  ['chatLogprobs', 0],
  ['integersDense', 0],
  ['integersSparse', 0],
] as const

const model = smallModel()
const skipped = 'missing' in model ? ` (skipped: ${model.missing})` : ''
const client = 'path' in model ? await GgufClient.open(model.path) : null

/** A study of {@link PLANTED_RULES} whose LLM is the model file. */
function localStudy() {
  const study = plantedStudy(PROTOCOL)
  const limits = { weight: 1, mostInFlight: 1, requestsPerMinute: null, tokensPerMinute: null }
  const gateOf = (): Gate => {
    const lane = new Lane({ ...limits, client: client!, prices: FREE, known: null }, performance.now())
    const { store, now } = study
    // The model is shared, so that no gate is closed before the end.
    const { signal } = new AbortController()
    const { baseUrl: group, model: name } = client!
    return new Gate({ group, model: name, lanes: [lane], store, maxCost: null, signal, now })
  }
  const llmOf = (chat: Gate, tier: LlmTier) => ({
    chat,
    explain: { ...bundledExplainPrompt(), maxTokens: 100 },
    choose: bundledSimulatePrompt(),
    // Whole answers to these examples are shorter.
    simulate: { ...bundledSimulatePrompt(tier), maxTokens: tier === 'promptLogprobs' ? 1 : 250 },
    questions: bundledQuestionPrompts(),
    tier,
    reask: false,
  })
  return { study, gateOf, llmOf }
}

describe.skipIf(client === null)(`a real model of 135 million parameters${skipped}`, () => {
  const world = client === null ? null! : localStudy()
  const { study, gateOf, llmOf } = world ?? {}
  afterAll(async () => {
    await client?.close()
    study?.store.close()
  })

  it(
    'explains features, or has written something that is no explanation',
    async () => {
      const chat = gateOf()
      const llm = llmOf(chat, 'integersSparse')
      await eventsOf(explain(study, llm, { kind: 'random', count: FEATURES }))
      const rows = study.store.explanations.all('planted')
      expect(rows).toHaveLength(FEATURES)
      for (const { text, problem } of rows)
        expect(text === null ? problem : null).toBe(text === null ? 'unreadable' : null)
      expect(chat.spending()).toMatchObject({ requests: FEATURES, usd: 0 })
    },
    30 * MINUTES,
  )

  it.each(TIERS)(
    'predicts levels in the tier %s, or says what is missing; nothing is asked twice',
    async (tier, leastAnswered) => {
      const textsOf = tokenTexts(study, currentSet(study))
      const all = Array.from({ length: FEATURES }, (_, feature) =>
        study.store.examples.of('planted', feature, 'quick').filter(({ use }) => use === 'score'),
      )
      const simulateAll = async (chat: Gate) => {
        const simulator = llmSimulator(llmOf(chat, tier), SCALE, 0, textsOf)
        const found = []
        for (const [feature, examples] of all.entries())
          found.push(
            await simulator.simulate(
              PLANTED_RULES[feature]!.description,
              feature,
              examples.slice(0, EXAMPLES),
              0,
            ),
          )
        return found
      }
      const chat = gateOf()
      const simulations = await simulateAll(chat)
      let answered = 0
      for (const [feature, { predicted, failedCalls, digitMass, reasons }] of simulations.entries()) {
        expect(failedCalls).toBe(0)
        for (const [index, levels] of predicted.entries()) {
          if (levels === null) continue
          answered++
          expect(levels).toHaveLength(all[feature]![index]!.tokens.length)
          for (const level of levels) {
            expect(level).toBeGreaterThanOrEqual(0)
            expect(level).toBeLessThanOrEqual(SCALE)
            if (tier.startsWith('integers')) expect(Number.isInteger(level)).toBe(true)
          }
        }
        expect(reasons.length > 0).toBe(predicted.includes(null))
        const hasMass = tier.endsWith('Logprobs') && predicted.some((levels) => levels !== null)
        expect(digitMass === null).toBe(!hasMass)
        if (digitMass !== null) expect(digitMass).toBeGreaterThanOrEqual(0.5)
      }
      expect(answered).toBeGreaterThanOrEqual(leastAnswered * FEATURES * EXAMPLES)
      const again = gateOf()
      expect(await simulateAll(again)).toEqual(simulations)
      expect(again.spending().requests).toBe(0)
    },
    30 * MINUTES,
  )

  it.each(TIERS)(
    'scores explanations in the tier %s, or says why there is no score; nothing is asked twice',
    async (tier) => {
      const { store } = study
      const explained = store.explanations.all('planted').filter(({ text }) => text !== null)
      const selection = {
        kind: 'features',
        features: new Set(explained.map(({ featureId }) => featureId)),
      } as const
      const scoreAll = async () => {
        const chat = gateOf()
        await eventsOf(score(study, llmOf(chat, tier), selection))
        const rows = store.scores.all('planted', 'simulation').filter((row) => row.tier === tier)
        return { rows, requests: chat.spending().requests }
      }
      const { rows, requests } = await scoreAll()
      const own = rows.filter(({ scorer }) => scorer === 'simulation')
      expect(own).toHaveLength(explained.length)
      for (const row of rows) expect(row.value === null).toBe(row.undefined !== null)
      for (const { value, undefined: reason, low, high, coverage, digitMass } of own) {
        const counts = Object.values(coverage)
        const drawn = counts.reduce((sum, [, all]) => sum + all, 0)
        const answered = counts.reduce((sum, [some]) => sum + some, 0)
        expect(drawn).toBe(8)
        if (answered < drawn / 2) expect(reason).toBe('lowCoverage')
        expect(digitMass === null).toBe(tier.startsWith('integers') || answered === 0)
        if (value === null) continue
        expect(Math.abs(value)).toBeLessThanOrEqual(1)
        if (low !== null && high !== null) expect(low).toBeLessThanOrEqual(high)
      }
      if (explained.length > 0) expect(requests).toBeGreaterThan(0)
      expect(await scoreAll()).toEqual({ rows, requests: 0 })
    },
    30 * MINUTES,
  )
})
