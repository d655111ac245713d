import { describe, expect, it, onTestFinished } from 'vitest'
import type { Selection } from '../../src/core/selection.ts'
import { type Estimate, estimateExplaining, estimateScoring } from '../../src/pipeline/estimate.ts'
import { explain } from '../../src/pipeline/explain.ts'
import { score } from '../../src/pipeline/score.ts'
import type { Llm, Study } from '../../src/pipeline/study.ts'
import { started } from '../fake-llm/asking.ts'
import { Oracle } from '../fake-llm/oracle.ts'
import type { FakeLlmOptions } from '../fake-llm/options.ts'
import type { LlmRequest } from '../fake-llm/request.ts'
import type { FakeLlm } from '../fake-llm/server.ts'
import { eventsOf, judgeAt, PLANTED_RULES, plantedStudy } from '../support/planted-study.ts'
import { countPieces } from '../support/token-pieces.ts'

const ALL: Selection = { kind: 'all' }
const PRICES = { input: 2, output: 8 }
/** Explain, then score: 60 examples in calls of 20, about its own explanation, another's and none. */
const SIMULATIONS = 30 * 3 * 3

async function setUp(options: FakeLlmOptions = {}): Promise<{ llm: FakeLlm; study: Study }> {
  const llm = await started({ rules: PLANTED_RULES, countTokens: countPieces, prices: PRICES, ...options })
  const study = plantedStudy()
  onTestFinished(() => study.store.close())
  return { llm, study }
}

/** Works with an LLM as one run of gloss does. */
async function withJudge<Result>(
  llm: FakeLlm,
  study: Study,
  work: (judge: Llm) => Promise<Result> | Result,
  reask = false,
): Promise<Result> {
  const judge = judgeAt(llm, study, { prices: PRICES, reask })
  try {
    return await work(judge)
  } finally {
    await judge.chat.close()
  }
}

/** What was foretold, against what the server then counted. */
function expectClose(estimate: Estimate, llm: FakeLlm): void {
  const { requests, promptTokens, completionTokens, billedUsd } = llm.stats()
  expect(estimate.requests).toBe(requests)
  expect(Math.abs(estimate.promptTokens / promptTokens - 1)).toBeLessThan(0.15)
  expect(Math.abs(estimate.completionTokens / completionTokens - 1)).toBeLessThan(0.15)
  expect(Math.abs(estimate.usd! / billedUsd - 1)).toBeLessThan(0.15)
}

describe('an estimate', () => {
  it('foretells explaining and then scoring, requests exactly', async () => {
    const { llm, study } = await setUp()
    const [explaining, scoring, unexplained] = await withJudge(llm, study, async (judge) => [
      await estimateExplaining(study, judge, ALL),
      await estimateScoring(study, judge, ALL, true),
      await estimateScoring(study, judge, ALL, false),
    ])
    expect(llm.stats().requests).toBe(0)
    expect(explaining).toMatchObject({
      stage: 'explain',
      features: 30,
      requests: 30,
      stored: 0,
      seconds: null,
    })
    expect(scoring).toMatchObject({ stage: 'score', features: 30, requests: SIMULATIONS, stored: 0 })
    // Without explaining there is nothing to score.
    expect(unexplained).toMatchObject({ features: 0, requests: 0, promptTokens: 0, usd: 0, seconds: 0 })

    await withJudge(llm, study, (judge) => eventsOf(explain(study, judge, ALL)))
    expectClose(explaining, llm)
    llm.reset()
    await withJudge(llm, study, (judge) => eventsOf(score(study, judge, ALL)))
    expectClose(scoring, llm)
  })

  it('is of what is left, and knows the speed and the tokens of an endpoint that was asked before', async () => {
    const { llm, study } = await setUp({ countTokens: (text) => Math.ceil(1.5 * countPieces(text)) })
    await withJudge(llm, study, (judge) => eventsOf(explain(study, judge, ALL)))
    llm.reset()
    const some: Selection = { kind: 'ranges', ranges: [[3, 11]] }
    await withJudge(llm, study, async (judge) => {
      expect(await estimateExplaining(study, judge, ALL)).toMatchObject({
        features: 0,
        requests: 0,
        stored: 0,
      })
      const estimate = await estimateScoring(study, judge, some, true)
      expect(estimate.features).toBe(9)
      expect(estimate.seconds).toBeGreaterThan(0)
      await eventsOf(score(study, judge, some))
      expectClose(estimate, llm)
    })
  })

  it.each<Selection>([
    { kind: 'random', count: 7 },
    { kind: 'ranges', ranges: [[0, 3]] },
    { kind: 'unexplained' },
  ])('counts controls only where a feature has a partner: %j', async (selection) => {
    const { llm, study } = await setUp()
    const requests = await withJudge(llm, study, async (judge) => {
      const scoring = await estimateScoring(study, judge, selection, true)
      return (await estimateExplaining(study, judge, selection)).requests + scoring.requests
    })
    await withJudge(llm, study, async (judge) => {
      await eventsOf(explain(study, judge, selection))
      await eventsOf(score(study, judge, selection))
    })
    expect(llm.stats().requests).toBe(requests)
  })

  it('counts one request for features that share an explanation', async () => {
    const { llm, study } = await setUp({
      answer: () => '<explanation>It fires on words.</explanation>',
    })
    await withJudge(llm, study, (judge) => eventsOf(explain(study, judge, ALL)))
    llm.reset()
    await withJudge(llm, study, async (judge) => {
      expect((await estimateScoring(study, judge, ALL, true)).requests).toBe((2 * SIMULATIONS) / 3)
      await eventsOf(score(study, judge, ALL))
    })
    expect(llm.stats().requests).toBe((2 * SIMULATIONS) / 3)
  })

  it('counts what --reask would ask again, and nothing of it without', async () => {
    const oracle = new Oracle(PLANTED_RULES, 'true')
    const garbled = (request: LlmRequest): boolean =>
      /cheese|wife|moon/.test(request.messages.at(-1)!.content)
    let repaired = false
    const { llm, study } = await setUp({
      answer: (request) => (garbled(request) && !repaired ? 'I would rather not.' : oracle.answer(request)),
    })
    const both = (reask: boolean): Promise<number[]> =>
      withJudge(
        llm,
        study,
        async (judge) => [
          (await estimateExplaining(study, judge, ALL)).requests,
          (await estimateScoring(study, judge, ALL, true)).requests,
        ],
        reask,
      )
    const run = (reask: boolean): Promise<number[]> =>
      withJudge(
        llm,
        study,
        async (judge) => {
          llm.reset()
          await eventsOf(explain(study, judge, ALL))
          const explained = llm.stats().requests
          await eventsOf(score(study, judge, ALL))
          return [explained, llm.stats().requests - explained]
        },
        reask,
      )
    await run(false)
    expect(await both(false)).toEqual([0, 0])
    expect(await run(false)).toEqual([0, 0])

    const unreadable = study.store.explanations
      .all('planted')
      .filter(({ problem }) => problem === 'unreadable')
    repaired = true
    const estimated = await both(true)
    expect(estimated[0]).toBe(unreadable.length)
    expect(estimated[0]).toBeGreaterThan(0)
    expect(await run(true)).toEqual(estimated)
    expect(await both(true)).toEqual([0, 0])
  })
})
