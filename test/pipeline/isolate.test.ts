import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type BlockMember,
  dealBlock,
  type IsolateBlock,
  planBlocks,
} from '../../src/autointerp/isolate-blocks.ts'
import { bundledSimulatePrompt } from '../../src/cli/assets.ts'
import type { Selection } from '../../src/core/selection.ts'
import { estimateScoring } from '../../src/pipeline/estimate.ts'
import { explain } from '../../src/pipeline/explain.ts'
import { featureRows } from '../../src/pipeline/feature-rows.ts'
import { featuresInRole, type ROLES } from '../../src/pipeline/isolate.ts'
import { score } from '../../src/pipeline/score.ts'
import type { Llm, Study } from '../../src/pipeline/study.ts'
import { started } from '../fake-llm/asking.ts'
import { Oracle } from '../fake-llm/oracle.ts'
import type { FakeLlmOptions } from '../fake-llm/options.ts'
import { readQuestion } from '../fake-llm/prompt-reading.ts'
import type { FakeLlm } from '../fake-llm/server.ts'
import { eventsOf, judgeAt, PLANTED_RULES, plantedStudy } from '../support/planted-study.ts'

const ALL: Selection = { kind: 'all' }
const range = (first: number, last: number): Selection => ({ kind: 'ranges', ranges: [[first, last]] })
/** Twenty features and ten, one example each a call, about own explanations, others' and none. */
const SIMULATIONS = 2 * 60 * 3

async function explained(options: FakeLlmOptions = {}): Promise<{ llm: FakeLlm; study: Study }> {
  const llm = await started({ rules: PLANTED_RULES, ...options })
  const study = plantedStudy()
  onTestFinished(() => study.store.close())
  await withJudge(llm, study, (judge) => eventsOf(explain(study, judge, ALL)))
  llm.reset()
  return { llm, study }
}

async function withJudge<Result>(
  llm: FakeLlm,
  study: Study,
  work: (judge: Llm) => Promise<Result>,
  options: { reask?: boolean; isolate?: boolean } = { isolate: true },
): Promise<Result> {
  const judge = judgeAt(llm, study, options)
  try {
    return await work(judge)
  } finally {
    await judge.chat.close()
  }
}

const run = (llm: FakeLlm, study: Study, selection: Selection = ALL, reask = false) =>
  withJudge(llm, study, (judge) => eventsOf(score(study, judge, selection)), { isolate: true, reask })

function scores({ store }: Study) {
  return store.scores
    .all('planted', 'simulation')
    .filter(({ scorer }) => scorer === 'simulation')
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

function controls({ store }: Study) {
  return store.scores.controls('planted', 'simulation')
}

describe('isolated simulation', () => {
  it('puts no two examples of a feature into a call, each with its own explanation', async () => {
    const asked: string[] = []
    const oracle = new Oracle(PLANTED_RULES, 'true')
    const { llm, study } = await explained({
      answer: (request) => {
        asked.push(request.messages.at(-1)!.content)
        return oracle.answer(request)
      },
    })
    asked.length = 0
    await run(llm, study)
    expect(asked).toHaveLength(SIMULATIONS)
    const { blankDescription } = bundledSimulatePrompt('integersSparse', { isolate: true })
    const companies = new Map<string, number>()
    let blanks = 0
    for (const message of asked) {
      const question = readQuestion(message)
      if (question.task !== 'isolate') throw new Error('not isolated')
      const descriptions = question.examples.map(({ description }) => description)
      expect(descriptions.length).toBeGreaterThanOrEqual(10)
      const company = question.examples.map(({ tokens }) => tokens.join('')).join('\n')
      companies.set(company, (companies.get(company) ?? 0) + 1)
      if (descriptions.every((description) => description === blankDescription)) blanks++
      else expect(new Set(descriptions).size).toBe(descriptions.length)
    }
    expect(blanks).toBe(2 * 60)
    // A judge that reads no description is shown the same three times.
    expect([...companies.values()]).toEqual(Array.from({ length: 2 * 60 }, () => 3))
    expect(scores(study)).toHaveLength(PLANTED_RULES.length)
    for (const { value, tier } of scores(study)) {
      expect(tier).toBe('integersSparse')
      expect(value).toBeGreaterThanOrEqual(0.995)
    }
    const shuffled = controls(study).filter(({ name }) => name === 'shuffled')
    expect(shuffled).toHaveLength(PLANTED_RULES.length)
    for (const { value } of shuffled) expect(Math.abs(value!)).toBeLessThan(0.3)
  })

  it('is foretold by a dry run, also half done', async () => {
    const { llm, study } = await explained()
    const foretell = (selection: Selection) =>
      withJudge(llm, study, (judge) => estimateScoring(study, judge, selection, false))
    // Ten features are too few for partners of their own density.
    expect((await foretell(range(0, 9))).requests).toBe(60 * 2)
    expect((await foretell(ALL)).requests).toBe(SIMULATIONS)
    await run(llm, study, range(0, 9))
    expect(llm.stats().requests).toBe(60 * 2)
    // The ten keep their calls; the other twenty share theirs.
    expect((await foretell(ALL)).requests).toBe(60 * 3)
    await run(llm, study)
    expect(llm.stats().requests).toBe(60 * 2 + 60 * 3)
    expect((await foretell(ALL)).requests).toBe(0)
  })

  it('loses one example of each feature with a call, and sends that call alone again', async () => {
    let refused = 0
    let healthy = false
    const { llm, study } = await explained({
      answer: (request) => {
        const { content } = request.messages.at(-1)!
        // Some calls, always the same ones.
        if (!healthy && content.startsWith('Description 1') && content.length % 17 === 0) {
          refused++
          return { text: '', finish: 'content_filter' }
        }
        return new Oracle(PLANTED_RULES, 'true').answer(request)
      },
    })
    await run(llm, study)
    expect(refused).toBeGreaterThan(3)
    const before = scores(study)
    for (const { coverage, value, n } of before) {
      const answered = Object.values(coverage).reduce((sum, [one]) => sum + one, 0)
      expect(n).toBe(9 * answered)
      expect(value).toBeGreaterThanOrEqual(0.95)
    }
    healthy = true
    llm.reset()
    // Among other features, and asked for again.
    await run(llm, study, range(0, 29), true)
    expect(llm.stats().requests).toBe(refused)
    for (const { coverage, unreadableCalls } of scores(study)) {
      expect(unreadableCalls).toBe(0)
      for (const [answered, drawn] of Object.values(coverage)) expect(answered).toBe(drawn)
    }
  })

  it('finds its calls again when a run goes on with other features', async () => {
    const { llm, study } = await explained()
    const stop = new AbortController()
    let seen = 0
    const stopping: Study = { ...study, signal: stop.signal }
    await withJudge(llm, stopping, async (judge) => {
      const chat: Llm['chat'] = new Proxy(judge.chat, {
        get: (target, name) =>
          name === 'ask'
            ? async (...args: Parameters<Llm['chat']['ask']>) => {
                const answer = await target.ask(...args)
                if (++seen === 100) stop.abort()
                return answer
              }
            : ((Reflect.get(target, name) as () => unknown).bind?.(target) ?? Reflect.get(target, name)),
      })
      await expect(eventsOf(score(stopping, { ...judge, chat }, range(0, 24)))).rejects.toThrow('stopped')
    })
    const sent = llm.stats().requests
    await run(llm, study)
    // Blocks of the first selection, 20 and 5, and one of the five that came later.
    expect(llm.stats().requests).toBeGreaterThan(sent)
    expect(llm.stats().requests).toBe(60 * 3 * 3)
    expect(llm.stats().answeredTwice).toBe(0)
    for (const { value } of scores(study)) expect(value).toBeGreaterThanOrEqual(0.995)
  })

  it('stands beside other scores and is not ranked with them', async () => {
    const { llm, study } = await explained()
    await withJudge(llm, study, (judge) => eventsOf(score(study, judge, range(0, 4))), {})
    await run(llm, study, range(3, 9))
    const set = study.store.featureSets.get('planted')!
    const ranked = featureRows(study.store, set).filter((row) => row.score !== null)
    expect(ranked.map((row) => row.feature.id)).toEqual([3, 4, 5, 6, 7, 8, 9])
    expect(scores(study)).toHaveLength(5 + 7)
    expect(featureRows(study.store, set, true).filter((row) => row.score !== null)).toHaveLength(10)
  })
})

describe('blocks', () => {
  const members = (...features: number[]): BlockMember[] =>
    features.map((feature) => ({ feature, partner: null, blank: false }))

  it('do not depend on the order of what is planned, and keep what they know', () => {
    const first = planBlocks([], members(5, 1, 9, 3, 7), 2, 0)
    expect(planBlocks([], members(9, 7, 5, 3, 1), 2, 0)).toEqual(first)
    expect(first.map(({ length }) => length)).toEqual([2, 2, 1])
    const more = planBlocks(first, members(1, 2, 3, 4), 2, 0)
    const known = more.filter((block) => first.includes(block))
    expect(known.flat().map(({ feature }) => feature)).toEqual(expect.arrayContaining([1, 3]))
    const fresh = more.filter((block) => !first.includes(block))
    expect(
      fresh
        .flat()
        .map(({ feature }) => feature)
        .toSorted((a, b) => a - b),
    ).toEqual([2, 4])
  })

  it('have the features with a blank control in as few as can be', () => {
    const blank = new Set([2, 4, 6, 8, 10, 12])
    const planned = members(...Array.from({ length: 40 }, (_, feature) => feature)).map((member) => ({
      ...member,
      blank: blank.has(member.feature),
    }))
    const blocks = planBlocks([], planned, 5, 0)
    expect(blocks.map((block) => block.filter((member) => member.blank).length)).toEqual([
      5, 1, 0, 0, 0, 0, 0, 0,
    ])
  })

  it('of earlier versions are asked as they were: the blank control alone, partnerless features left out', () => {
    const isolation = { textOf: String, examplesOf: () => [] }
    const old: IsolateBlock = [
      { feature: 1, partner: 2, blank: null },
      { feature: 2, partner: null, blank: null },
    ]
    const named = (block: IsolateBlock, role: (typeof ROLES)[number]): [number, string][] =>
      featuresInRole(block, role, isolation, 'none').map(({ feature, explanation }) => [feature, explanation])
    expect(named(old, 'shuffled')).toEqual([[1, '2']])
    expect(named(old, 'blank')).toEqual([])
    const now = old.map((member) => ({ ...member, blank: member.feature === 1 }))
    expect(named(now, 'shuffled')).toEqual([
      [1, '2'],
      [2, 'none'],
    ])
    expect(named(now, 'blank')).toEqual([
      [1, 'none'],
      [2, 'none'],
    ])
  })

  it('deal every example once, at most one of a feature to a call', () => {
    const calls = dealBlock(
      [
        [4, 60],
        [9, 57],
        [2, 60],
      ],
      3,
    )
    expect(calls).toHaveLength(60)
    for (const call of calls) expect(new Set(call.map(([feature]) => feature)).size).toBe(call.length)
    const block: IsolateBlock = members(4, 9, 2)
    for (const { feature } of block) {
      const dealt = calls.flatMap((call) =>
        call.filter(([one]) => one === feature).map(([, example]) => example),
      )
      expect(dealt.toSorted((a, b) => a - b)).toEqual(dealt.map((_, index) => index))
    }
  })
})
