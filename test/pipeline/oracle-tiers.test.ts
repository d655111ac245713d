import { describe, expect, it, onTestFinished } from 'vitest'
import type { LlmTier } from '../../src/core/scores.ts'
import { explain } from '../../src/pipeline/explain.ts'
import { score } from '../../src/pipeline/score.ts'
import { started } from '../fake-llm/asking.ts'
import type { DialectName } from '../fake-llm/options.ts'
import type { OracleMode } from '../fake-llm/oracle.ts'
import { eventsOf, judgeAt, PLANTED_RULES, plantedStudy } from '../support/planted-study.ts'

const FEATURES = { kind: 'random', count: 10 } as const
async function valuesOf(oracleMode: OracleMode, tier: LlmTier, dialect: DialectName): Promise<number[]> {
  const llm = await started({ rules: PLANTED_RULES, oracleMode, dialect })
  const study = plantedStudy()
  const judge = judgeAt(llm, study, { tier })
  onTestFinished(async () => {
    await judge.chat.close()
    study.store.close()
  })
  await eventsOf(explain(study, judge, FEATURES))
  await eventsOf(score(study, judge, FEATURES))
  const rows = study.store.scores.all('planted', 'simulation').filter(({ scorer }) => scorer === 'simulation')
  expect(rows).toHaveLength(FEATURES.count)
  for (const row of rows) expect(row).toMatchObject({ tier, undefined: null, failedCalls: 0 })
  return rows.map(({ value }) => value!)
}

describe.each([
  ['integersSparse', 'openai'],
  ['integersDense', 'openai'],
] as const)('an oracle in the tier %s, on %s', (tier, dialect) => {
  it('scores true explanations high', async () => {
    expect(Math.min(...(await valuesOf('true', tier, dialect)))).toBeGreaterThanOrEqual(0.95)
  }, 60_000)

  it('scores false explanations at nothing', async () => {
    const values = await valuesOf('false', tier, dialect)
    expect(values.toSorted((a, b) => a - b)[values.length >> 1]).toBeLessThanOrEqual(0.1)
    expect(Math.max(...values)).toBeLessThan(0.3)
  }, 60_000)
})
