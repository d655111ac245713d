import { describe, expect, it, onTestFinished } from 'vitest'
import { bundledSimulatePrompt } from '../../src/cli/assets.ts'
import { type QuestionScorerName, SCORERS } from '../../src/core/scores.ts'
import type { ControlRecord, ScoreRecord } from '../../src/core/store.ts'
import { estimateScoring } from '../../src/pipeline/estimate.ts'
import { explain } from '../../src/pipeline/explain.ts'
import { score } from '../../src/pipeline/score.ts'
import type { Llm, Study } from '../../src/pipeline/study.ts'
import { started } from '../fake-llm/asking.ts'
import { Oracle } from '../fake-llm/oracle.ts'
import type { FakeLlmOptions } from '../fake-llm/options.ts'
import type { FakeLlm } from '../fake-llm/server.ts'
import { eventsOf, FIRING_SHARE, judgeAt, PLANTED_RULES, plantedStudy } from '../support/planted-study.ts'

const ALL = { kind: 'all' } as const
const QUESTION_SCORERS = SCORERS.filter((name): name is QuestionScorerName => name !== 'simulation')

async function explained(options: FakeLlmOptions): Promise<{ llm: FakeLlm; study: Study; judge: Llm }> {
  const llm = await started({ rules: PLANTED_RULES, ...options })
  const study = plantedStudy()
  const judge = judgeAt(llm, study)
  onTestFinished(async () => {
    await judge.chat.close()
    study.store.close()
  })
  await eventsOf(explain(study, judge, ALL))
  llm.reset()
  return { llm, study, judge }
}

function rowsOf({ store }: Study, scorer: string): { scores: ScoreRecord[]; controls: ControlRecord[] } {
  const scores = store.scores.all('planted', scorer).filter((row) => row.scorer === scorer)
  return { scores, controls: store.scores.controls('planted', scorer) }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function controlValues(controls: readonly ControlRecord[], name: string): number[] {
  return controls.filter((control) => control.name === name).map(({ value }) => value!)
}

describe.each(QUESTION_SCORERS)('%s', (scorer) => {
  const chance = scorer === 'intruder' ? 0.2 : 0.5

  it('finds true explanations, and another feature is at chance', async () => {
    const { study, judge } = await explained({ oracleMode: 'true' })
    await eventsOf(score(study, judge, ALL, scorer))
    const { scores, controls } = rowsOf(study, scorer)
    expect(scores).toHaveLength(PLANTED_RULES.length)
    for (const row of scores) expect(row).toMatchObject({ undefined: null, tier: 'integersSparse' })
    expect(Math.min(...scores.map(({ value }) => value!))).toBeGreaterThanOrEqual(0.95)
    for (const value of controlValues(controls, 'constant')) expect(value).toBe(chance)
    expect(Math.abs(mean(controlValues(controls, 'shuffled')) - chance)).toBeLessThan(0.05)
    for (const { gainLow } of controls.filter(({ name }) => name === 'shuffled'))
      expect(gainLow).toBeGreaterThan(0)
    // Who is told nothing knows no rule: the same answer everywhere, and its gain on every feature that has the control.
    const blank = controls.filter(({ name }) => name === 'blank')
    expect(blank).toHaveLength(PLANTED_RULES.length)
    expect(Math.abs(mean(blank.map(({ value }) => value!)) - chance)).toBeLessThan(0.05)
    for (const { gainLow } of blank) expect(gainLow).toBeGreaterThan(0)
  })

  it('leaves false explanations at chance', async () => {
    const { study, judge } = await explained({ oracleMode: 'false' })
    await eventsOf(score(study, judge, ALL, scorer))
    const values = rowsOf(study, scorer).scores.map(({ value }) => value!)
    expect(Math.abs(mean(values) - chance)).toBeLessThan(0.05)
  })

  it('asks what an estimate says, and nothing twice', async () => {
    const { llm, study, judge } = await explained({ oracleMode: 'true' })
    const estimate = await estimateScoring(study, judge, ALL, false, scorer)
    expect(llm.stats().requests).toBe(0)
    await eventsOf(score(study, judge, ALL, scorer))
    expect(llm.stats().requests).toBe(estimate.requests)
    expect(estimate.requests).toBeGreaterThan(PLANTED_RULES.length)
    await eventsOf(score(study, judge, ALL, scorer))
    expect(llm.stats().requests).toBe(estimate.requests)
    expect((await estimateScoring(study, judge, ALL, false, scorer)).requests).toBe(0)
  })

  it('counts replies that answer nothing, and gives no score', async () => {
    const { study, judge } = await explained({
      answer: ({ messages }) =>
        messages.at(-1)!.content.includes('- ') && messages[0]!.content.includes('<explanation>')
          ? '<explanation>It fires on words.</explanation>'
          : 'I would rather not.',
    })
    await eventsOf(score(study, judge, ALL, scorer))
    for (const row of rowsOf(study, scorer).scores) {
      expect(row).toMatchObject({ value: null, undefined: 'lowCoverage', failedCalls: 0, n: 0 })
      expect(row.unreadableCalls).toBeGreaterThan(0)
    }
  })
})

describe('the blank control of questions', () => {
  it('says no explanation, and its lost calls are counted', async () => {
    const { blankDescription } = bundledSimulatePrompt()
    const lost = new Set<string>()
    const { llm, study, judge } = await explained({
      answer: (request) => {
        const { content } = request.messages.at(-1)!
        if (!content.startsWith(`Description: ${blankDescription}`))
          return new Oracle(PLANTED_RULES, 'true').answer(request)
        lost.add(content)
        return { text: '', finish: 'content_filter' }
      },
    })
    await eventsOf(score(study, judge, ALL, 'fuzzing'))
    const calls = llm.stats().requests
    const { scores, controls } = rowsOf(study, 'fuzzing')
    expect(calls).toBe(3 * lost.size)
    for (const row of scores) {
      expect(row).toMatchObject({ value: 1, undefined: null, failedCalls: 0 })
      expect(row.failedControlCalls + row.unreadableCalls).toBe(lost.size / PLANTED_RULES.length)
    }
    for (const control of controls.filter(({ name }) => name === 'blank'))
      expect(control).toMatchObject({ value: null, gain: null, gainLow: null, p: null })
  })
})

describe('statistics beside detection', () => {
  it('have a precision at natural density, with the share of firing windows for chance', async () => {
    const { study, judge } = await explained({ oracleMode: 'true' })
    await eventsOf(score(study, judge, ALL, 'detection'))
    const { scores, controls } = rowsOf(study, 'detection.precision')
    expect(scores.map(({ value }) => value)).toEqual(PLANTED_RULES.map(() => 1))
    expect(new Set(controlValues(controls, 'constant'))).toEqual(new Set([FIRING_SHARE]))
    // Of a judge that says yes at random, the share of firing windows fires.
    expect(mean(controlValues(controls, 'shuffled').filter((value) => value !== null))).toBeLessThan(0.06)
  })

  it('have no area under the curve where answers are hard', async () => {
    const { study, judge } = await explained({ oracleMode: 'true' })
    await eventsOf(score(study, judge, ALL, 'detection'))
    for (const row of rowsOf(study, 'detection.auc').scores)
      expect(row).toMatchObject({ value: null, undefined: 'hardAnswers' })
  })

  it('are refused for a tier that reads prompts', async () => {
    const { study, judge } = await explained({ oracleMode: 'true' })
    const asked = { ...judge, tier: 'promptLogprobs' as const }
    await expect(eventsOf(score(study, asked, ALL, 'fuzzing'))).rejects.toThrow(
      'expected a tier of chat completions with --scorer fuzzing, found promptLogprobs',
    )
  })
})
