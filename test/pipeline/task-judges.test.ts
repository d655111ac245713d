import { describe, expect, it, onTestFinished } from 'vitest'
import { pastTools } from '../../src/cli/llm.ts'
import { explain } from '../../src/pipeline/explain.ts'
import { ratingReports } from '../../src/pipeline/rating-report.ts'
import { score } from '../../src/pipeline/score.ts'
import type { Study } from '../../src/pipeline/study.ts'
import { withJudges } from '../../src/pipeline/task-judges.ts'
import type { TaskReport } from '../../src/pipeline/task-report.ts'
import { started } from '../fake-llm/asking.ts'
import type { FakeLlmOptions } from '../fake-llm/options.ts'
import { eventsOf, judgeAt, PLANTED_RULES, plantedStudy } from '../support/planted-study.ts'
import { answerAll, drawTask } from '../support/task-session.ts'

const ALL = { kind: 'all' } as const

/** A study that an LLM explained, and scored by a scorer, and then people by the same. */
async function scored(
  scorer: 'detection' | 'fuzzing' | 'intruder',
  options: FakeLlmOptions,
): Promise<{ study: Study; judged: () => Promise<TaskReport>; requests: () => number }> {
  const llm = await started({ rules: PLANTED_RULES, ...options })
  const study = plantedStudy()
  const judge = judgeAt(llm, study)
  onTestFinished(async () => {
    await judge.chat.close()
    study.store.close()
  })
  await eventsOf(explain(study, judge, ALL))
  await eventsOf(score(study, judge, ALL, scorer))
  llm.reset()
  return {
    study,
    requests: () => llm.stats().requests,
    judged: async () => {
      const [report] = await withJudges(study, pastTools(study), ratingReports(study.store, ['pilot']))
      return report!.task!
    },
  }
}

describe.each(['detection', 'fuzzing', 'intruder'] as const)('people beside an LLM: %s', (scorer) => {
  it('is all agreement where both are right, and sends nothing', async () => {
    const { study, judged, requests } = await scored(scorer, { oracleMode: 'true' })
    const session = await drawTask(study, scorer)
    answerAll(study.store, session, 'ana', (_item, _place, right) => right)
    const { judges, scores } = await judged()
    const questions = scorer === 'intruder' ? 10 : 20
    expect(judges).toHaveLength(1)
    expect(judges[0]).toMatchObject({
      llm: 'fake-model',
      tier: 'integersSparse',
      protocol: 'monosemanticity',
      features: 6,
      pairs: 6 * questions,
      equal: { value: 1, low: 1, high: 1 },
      kappa: { value: 1, low: 1, high: 1 },
      people: 1,
      judge: 1,
      difference: { value: 0, low: 0, high: 0 },
      notCompared: [],
    })
    const own = study.store.scores.all('planted', scorer).filter((row) => row.scorer === scorer)
    const stored = new Map(own.map((row) => [row.explanationId, row]))
    for (const row of scores)
      expect(row.judges).toEqual([
        {
          llm: 'fake-model',
          tier: 'integersSparse',
          value: stored.get(row.explanationId)!.value,
          onSame: 1,
          equal: 1,
        },
      ])
    expect(requests()).toBe(0)
  })

  it('tells a person who knows from an LLM that does not', async () => {
    const { study, judged } = await scored(scorer, { oracleMode: 'false' })
    const session = await drawTask(study, scorer, { draw: { items: 20 } })
    answerAll(study.store, session, 'ana', (_item, _place, right) => right)
    const [judge] = (await judged()).judges
    const chance = scorer === 'intruder' ? 0.2 : 0.5
    expect(judge!.people).toBe(1)
    expect(Math.abs(judge!.judge! - chance)).toBeLessThan(0.12)
    expect(judge!.difference.low).toBeGreaterThan(0)
    // Who is always right agrees with a judge as often as the judge is right.
    expect(judge!.equal.value!).toBeCloseTo(judge!.judge!, 10)
    expect(judge!.kappa.value!).toBeCloseTo((judge!.equal.value! - chance) / (1 - chance), 1)
  })
})

describe('people beside LLMs', () => {
  it('count what both answered: of half of the answers half are pairs', async () => {
    const { study, judged } = await scored('detection', { oracleMode: 'true' })
    const session = await drawTask(study, 'detection', { draw: { items: 3, checks: 0, repeats: 0 } })
    // Right about silent windows, wrong about firing ones: p₀ = ½, both margins of a ½ on one side: κ = 0.
    answerAll(study.store, session, 'ana', () => 0)
    const [judge] = (await judged()).judges
    expect(judge).toMatchObject({ pairs: 60, people: 0.5, judge: 1 })
    expect(judge!.equal.value).toBe(0.5)
    expect(judge!.kappa.value).toBe(0)
    expect(judge!.difference.value).toBe(-0.5)
  })

  it('say why answers cannot be compared where they cannot be read again', async () => {
    const { study } = await scored('detection', { oracleMode: 'true' })
    const session = await drawTask(study, 'detection')
    answerAll(study.store, session, 'ana', (_item, _place, right) => right)
    const tools = { ...pastTools(study), protocolOf: () => null }
    const [report] = await withJudges(study, tools, ratingReports(study.store, ['pilot']))
    const [judge] = report!.task!.judges
    expect(judge).toMatchObject({ features: 0, pairs: 0, judge: null, kappa: { value: null } })
    expect(judge!.notCompared).toEqual([{ reason: 'the protocol monosemanticity is not there', count: 6 }])
    for (const row of report!.task!.scores) expect(row.judges[0]).toMatchObject({ onSame: null, equal: null })
  })

  it('leave reports of other rubrics as they are', async () => {
    const study = plantedStudy()
    onTestFinished(() => study.store.close())
    expect(await withJudges(study, pastTools(study), [])).toEqual([])
  })
})
