import { describe, expect, it, onTestFinished } from 'vitest'
import { bundledSimulatePrompt, type SimulateChoices } from '../../src/cli/assets.ts'
import { pastTools } from '../../src/cli/llm.ts'
import { calibrate } from '../../src/pipeline/calibration.ts'
import { measureDraws } from '../../src/pipeline/draws.ts'
import { explain } from '../../src/pipeline/explain.ts'
import { featureRows } from '../../src/pipeline/feature-rows.ts'
import type { PastTools } from '../../src/pipeline/past-scores.ts'
import { score } from '../../src/pipeline/score.ts'
import { scorePage } from '../../src/pipeline/score-page.ts'
import type { Llm, Study } from '../../src/pipeline/study.ts'
import { verifyScores } from '../../src/pipeline/verify.ts'
import { spearman } from '../../src/autointerp/correlation.ts'
import { started } from '../fake-llm/asking.ts'
import { eventsOf, judgeAt, PLANTED_RULES, plantedStudy } from '../support/planted-study.ts'

const ALL = { kind: 'all' } as const

const pastOf: (study: Study) => PastTools = pastTools

/** A planted study, explained and scored by an oracle, or by the token table. */
async function scored(
  by: 'oracle' | 'table',
  choices: SimulateChoices = {},
): Promise<{ study: Study; judge: Llm | null; sent: () => number }> {
  const study = plantedStudy()
  study.store.tokenCounts.put(
    'planted',
    Array.from({ length: 100 }, (_, token) => [token, 10] as const),
  )
  onTestFinished(() => study.store.close())
  if (by === 'table') {
    await eventsOf(explain(study, null, ALL))
    await eventsOf(score(study, null, ALL))
    return { study, judge: null, sent: () => 0 }
  }
  const server = await started({ rules: PLANTED_RULES, oracleMode: 'true' })
  const { chat, ...prompts } = judgeAt(server, study)
  const judge = { ...prompts, chat, simulate: bundledSimulatePrompt('integersSparse', choices) }
  onTestFinished(() => chat.close())
  await eventsOf(explain(study, judge, ALL))
  await eventsOf(score(study, judge, ALL))
  return { study, judge, sent: () => judge.chat.spending().requests }
}

describe.each(['oracle', 'table'] as const)('scores made by the %s', (by) => {
  it('are found again from what is stored, value, interval and controls', async () => {
    const { study, sent } = await scored(by)
    const before = sent()
    const found = await verifyScores(study, pastOf(study), ALL)
    expect(found).toEqual({
      checked: 4 * PLANTED_RULES.length,
      equal: 4 * PLANTED_RULES.length,
      differences: [],
      notChecked: [],
    })
    expect(sent()).toBe(before)
  })

  it('show every row that was changed since', async () => {
    const { study } = await scored(by)
    const rows = study.store.scores.all('planted', 'simulation')
    const main = rows.find(({ scorer }) => scorer === 'simulation')!
    const pearson = rows.find(({ scorer }) => scorer === 'simulation.pearson')!
    const controls = study.store.scores.controlsOf(main.id)
    study.store.scores.put(
      [
        { ...main, low: main.low! - 1e-15 },
        { ...pearson, value: 0.5 },
      ],
      controls.map((control) => (control.name === 'shuffled' ? { ...control, p: 0.9 } : control)),
    )
    const { differences, equal, checked } = await verifyScores(study, pastOf(study), ALL)
    expect(checked - equal).toBe(2)
    expect(differences.map(({ score: id, field }) => [id, field])).toEqual(
      expect.arrayContaining([
        [main.id, 'low'],
        [main.id, 'shuffled control, p'],
        [pearson.id, 'value'],
      ]),
    )
    expect(differences).toHaveLength(3)
  })

  it('are calibrated: what is predicted is true where the judge knows', async () => {
    const { study } = await scored(by)
    const [table] = await calibrate(study, pastOf(study), false)
    expect(table!.features).toBe(PLANTED_RULES.length)
    const byLevel = new Map(table!.rows.map((row) => [row.predicted, row]))
    // Planted tokens fire at 9, 6 and 3 ninths of the maximum.
    for (const level of [9, 6, 3]) expect(byLevel.get(level)!.level).toBeCloseTo(level, 6)
    for (const level of [9, 6, 3]) expect(byLevel.get(level)!.activation).toBeCloseTo(level / 9, 6)
    if (by === 'oracle') expect(byLevel.get(0)!.firing).toBe(0)
  })
})

describe('scores that cannot be made again', () => {
  it('are counted with the reason, and are no difference', async () => {
    const { study } = await scored('table')
    const found = await verifyScores(study, { ...pastOf(study), protocolOf: () => null }, ALL)
    expect(found.differences).toEqual([])
    expect(found.checked).toBe(0)
    expect(found.notChecked).toEqual([
      { reason: 'the protocol monosemanticity is not there', count: 4 * PLANTED_RULES.length },
    ])
  })
})

describe('controls beside a score', () => {
  it('are all there with an LLM: blank scores nothing where the judge reads the explanation', async () => {
    const { study } = await scored('oracle')
    const controls = study.store.scores.controls('planted', 'simulation')
    const named = (name: string) => controls.filter((control) => control.name === name)
    for (const name of ['constant', 'position', 'composition', 'tokenTable', 'bigram', 'shuffled', 'blank'])
      expect(named(name)).toHaveLength(PLANTED_RULES.length)
    // An oracle that knows no rule of the description predicts nothing: constant, 0 by rule.
    expect(named('blank').map(({ value }) => value)).toEqual(PLANTED_RULES.map(() => 0))
    expect(named('blank').every(({ p }) => p! <= 1 / 1001 + 1e-12)).toBe(true)
    // Twenty examples of one feature in a call give its words away.
    expect(named('composition').every(({ value }) => value !== null)).toBe(true)
  })

  it('of a table are offline ones; over itself it has no gain, and nobody sees examples together', async () => {
    const { study } = await scored('table')
    const controls = study.store.scores.controls('planted', 'simulation')
    const names = new Set(controls.map(({ name }) => name))
    expect([...names].toSorted()).toEqual(['bigram', 'constant', 'position', 'shuffled', 'tokenTable'])
    for (const control of controls.filter(({ name }) => name === 'tokenTable'))
      expect([control.gain, control.gainLow, control.p]).toEqual([null, null, null])
  })
})

describe('the page of one score', () => {
  it('has all that it takes to compute it by hand', async () => {
    const { study, judge } = await scored('oracle')
    const main = study.store.scores
      .all('planted', 'simulation')
      .find(({ scorer }) => scorer === 'simulation')!
    const feature = study.store.explanations
      .all('planted')
      .find(({ id }) => id === main.explanationId)!.featureId
    const page = await scorePage(study, pastOf(study), feature, main.id)
    expect(page.notRepeatable).toBeNull()
    expect(page.requests.map(({ purpose }) => purpose)).toEqual(
      expect.arrayContaining(['explanation', 'score', 'shuffled', 'blank']),
    )
    for (const { body, response } of page.requests) {
      expect(body).toContain(judge!.chat.model)
      expect(response).toContain('choices')
    }
    const truth = page.examples.flatMap(({ activations }) => [...activations])
    const by = (name: string): number[] => page.examples.flatMap(({ predicted }) => [...predicted[name]!])
    expect(spearman(truth, by('score').map(Math.round))).toBeCloseTo(main.value!, 12)
    for (const { name, value } of page.controls)
      if (name !== 'composition')
        expect(spearman(truth, by(name).map(Math.round)) ?? 0).toBeCloseTo(value!, 12)
      else expect(spearman(truth, by(name))).toBeCloseTo(value!, 12)
    await expect(scorePage(study, pastOf(study), feature, 'nothing')).rejects.toThrow(
      /expected the id of a score/,
    )
  })
})

describe.each<[string, SimulateChoices, number]>([
  ['isolated', { isolate: true }, 20],
  ['seven examples a call', { examplesPerCall: 7 }, 7],
])('scores made otherwise than usual: %s', (_, choices, most) => {
  it('are found again from what is stored, and shown with their own calls', async () => {
    const { study, sent } = await scored('oracle', choices)
    const before = sent()
    const rows = 4 * PLANTED_RULES.length
    expect(await verifyScores(study, pastOf(study), ALL)).toEqual({
      checked: rows,
      equal: rows,
      differences: [],
      notChecked: [],
    })
    expect(sent()).toBe(before)
    const main = study.store.scores
      .all('planted', 'simulation')
      .find(({ scorer }) => scorer === 'simulation')!
    const { featureId } = study.store.explanations.all('planted').find(({ id }) => id === main.explanationId)!
    const page = await scorePage(study, pastOf(study), featureId, main.id)
    expect(page.notRepeatable).toBeNull()
    const of = (purpose: string) => page.requests.filter((one) => one.purpose === purpose)
    for (const purpose of ['score', 'shuffled', 'blank']) {
      const calls = choices.isolate ? 60 : Math.ceil(60 / most)
      expect(of(purpose)).toHaveLength(calls)
      for (const { response } of of(purpose)) expect(response).toContain('choices')
    }
    const truth = page.examples.flatMap(({ activations }) => [...activations])
    const predicted = page.examples.flatMap((one) => [...one.predicted['score']!])
    expect(spearman(truth, predicted.map(Math.round))).toBeCloseTo(main.value!, 12)
  })
})

describe('scores of another seed', () => {
  it('stand beside those that are there, are found again, and are what a study is about until the next', async () => {
    const { study } = await scored('table')
    const simulations = () =>
      study.store.scores.all('planted', 'simulation').filter(({ scorer }) => scorer === 'simulation')
    const before = simulations()
    const reseeded = { ...study, config: { ...study.config, seed: 7 } }
    await eventsOf(score(reseeded, null, ALL))
    const after = simulations()
    expect(after).toHaveLength(2 * before.length)
    expect(after).toEqual(expect.arrayContaining(before))
    const set = study.store.featureSets.get('planted')!
    const ids = () => featureRows(study.store, set).map((row) => row.score!.id)
    expect(ids().filter((id) => before.some((row) => row.id === id))).toEqual([])
    const { checked, equal, notChecked } = await verifyScores(study, pastOf(study), ALL)
    expect([checked, equal, notChecked]).toEqual([8 * PLANTED_RULES.length, checked, []])
    await eventsOf(score(study, null, ALL))
    expect(simulations()).toEqual(after)
    expect(ids().toSorted()).toEqual(before.map(({ id }) => id).toSorted())
  })
})

describe('draws', () => {
  it('vary with nothing where the judge always says the same, and are asked once', async () => {
    const { study, judge, sent } = await scored('oracle')
    const drawn = async () => {
      const verb = measureDraws(study, judge!, ALL)
      for (;;) {
        const next = await verb.next()
        if (next.done) return next.value
      }
    }
    const before = sent()
    const first = await drawn()
    expect(first).toMatchObject({ features: PLANTED_RULES.length, complete: PLANTED_RULES.length })
    expect(first.components!.mean).toBeGreaterThan(0.95)
    expect(first.components!.between.explainer).toBeCloseTo(0, 12)
    expect(first.components!.between.simulator).toBeCloseTo(0, 12)
    // Draw 0 is what explaining and scoring asked: 2 more explanations, and 8 more of the 3 calls of each simulation.
    expect(sent() - before).toBe(PLANTED_RULES.length * (2 + 8 * 3))
    const again = sent()
    expect(await drawn()).toEqual(first)
    expect(sent()).toBe(again)
  })
})
