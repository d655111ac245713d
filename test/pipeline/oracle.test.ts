import { describe, expect, it, onTestFinished } from 'vitest'
import type { ControlName } from '../../src/core/scores.ts'
import { explain } from '../../src/pipeline/explain.ts'
import { score } from '../../src/pipeline/score.ts'
import type { Study } from '../../src/pipeline/study.ts'
import { started } from '../fake-llm/asking.ts'
import type { OracleMode } from '../fake-llm/oracle.ts'
import { eventsOf, judgeAt, PLANTED_RULES, plantedStudy } from '../support/planted-study.ts'

const ALL = { kind: 'all' } as const

/** Explains and scores a planted study with an oracle that knows its rules. */
async function judged(oracleMode: OracleMode): Promise<Study> {
  const llm = await started({ rules: PLANTED_RULES, oracleMode })
  const study = plantedStudy()
  const judge = judgeAt(llm, study)
  onTestFinished(async () => {
    await judge.chat.close()
    study.store.close()
  })
  await eventsOf(explain(study, judge, ALL))
  await eventsOf(score(study, judge, ALL))
  return study
}

function texts({ store }: Study): (string | null)[] {
  return store.explanations
    .all('planted')
    .toSorted((a, b) => a.featureId - b.featureId)
    .map(({ text }) => text)
}

function scores({ store }: Study): number[] {
  const rows = store.scores.all('planted', 'simulation').filter(({ scorer }) => scorer === 'simulation')
  expect(rows).toHaveLength(PLANTED_RULES.length)
  return rows.map(({ value }) => value!)
}

function gains({ store }: Study, control: ControlName): number[] {
  const rows = store.scores.controls('planted', 'simulation').filter(({ name }) => name === control)
  expect(rows).toHaveLength(PLANTED_RULES.length)
  return rows.map(({ gain }) => gain!)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

const descriptions = PLANTED_RULES.map(({ description }) => description)

describe('a study whose features follow rules', () => {
  it('scores high with explanations that name them', async () => {
    const study = await judged('true')
    expect(texts(study)).toEqual(descriptions)
    expect(Math.min(...scores(study))).toBeGreaterThanOrEqual(0.95)
    expect(Math.min(...gains(study, 'shuffled'))).toBeGreaterThan(0.8)
  })

  it('scores nothing with explanations that name others', async () => {
    const study = await judged('false')
    expect(texts(study)).toEqual([...descriptions.slice(1), descriptions[0]])
    expect(median(scores(study))).toBeLessThanOrEqual(0.1)
    expect(Math.max(...scores(study))).toBeLessThan(0.3)
    // The token table, which is beside every score, finds what the explanations miss.
    expect(Math.max(...gains(study, 'tokenTable'))).toBeLessThan(-0.5)
  })

  it('tells the one from the other, feature by feature', async () => {
    const study = await judged((rule) => (Number(rule.slice(5)) % 2 === 0 ? 'true' : 'false'))
    for (const [feature, text] of texts(study).entries())
      expect(text === descriptions[feature]).toBe(feature % 2 === 0)
    const values = scores(study).toSorted((a, b) => a - b)
    const half = values.length / 2
    expect(Math.max(...values.slice(0, half))).toBeLessThan(0.3)
    expect(Math.min(...values.slice(half))).toBeGreaterThanOrEqual(0.95)
  })
})
