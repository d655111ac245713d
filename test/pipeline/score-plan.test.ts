import { describe, expect, it, onTestFinished } from 'vitest'
import { explain } from '../../src/pipeline/explain.ts'
import { score } from '../../src/pipeline/score.ts'
import { NOTHING_EXPLAINED, planScores, scoreItems, type ScorePlan } from '../../src/pipeline/score-plan.ts'
import { started } from '../fake-llm/asking.ts'
import { Oracle } from '../fake-llm/oracle.ts'
import { readQuestion } from '../fake-llm/prompt-reading.ts'
import { eventsOf, judgeAt, PLANTED_RULES, plantedStudy } from '../support/planted-study.ts'

const ALL = { kind: 'all' } as const

it.each(['simulation', 'intruder'] as const)(
  'a shuffled control waits for its partner to be explained: %s',
  async (scorer) => {
    const oracle = new Oracle(PLANTED_RULES, 'true')
    let healthy = false
    const llm = await started({
      answer: (request) => {
        const { content } = request.messages.at(-1)!
        const isLost =
          readQuestion(content).task === 'explain' &&
          oracle.answer(request).includes(PLANTED_RULES[4]!.description)
        return isLost && !healthy ? 'I would rather not.' : oracle.answer(request)
      },
    })
    const study = plantedStudy()
    const judge = judgeAt(llm, study)
    onTestFinished(async () => {
      await judge.chat.close()
      study.store.close()
    })
    expect(await eventsOf(score(study, judge, ALL, scorer))).toMatchObject([
      { type: 'stage-skip', note: NOTHING_EXPLAINED },
    ])
    await eventsOf(explain(study, judge, ALL))
    await eventsOf(score(study, judge, ALL, scorer))
    const shuffledWith = (partner: number) =>
      study.store.scores
        .controls('planted', scorer)
        .filter((control) => control.name === 'shuffled' && control.partner === partner)
    const before = shuffledWith(4)
    expect(before.length).toBeGreaterThan(0)
    for (const { value } of before) expect(value).toBeNull()
    expect(planScores(study, judge, ALL, scorer).planned).toEqual([])

    healthy = true
    await eventsOf(explain(study, { ...judge, reask: true }, ALL))
    const { planned } = planScores(study, judge, ALL, scorer)
    expect(planned).toContain(4)
    expect(planned).toHaveLength(2)
    await eventsOf(score(study, judge, ALL, scorer))
    for (const { value } of shuffledWith(4)) expect(value).not.toBeNull()
    const sent = llm.stats().requests
    expect(planScores(study, judge, ALL, scorer).planned).toEqual([])
    await eventsOf(score(study, judge, ALL, scorer))
    expect(llm.stats().requests).toBe(sent)
  },
)

describe('the controls of a score that is made again', () => {
  const range = (first: number, last: number) => ({ kind: 'ranges', ranges: [[first, last]] }) as const

  it('are those that it had, whatever is selected then', async () => {
    const oracle = new Oracle(PLANTED_RULES, 'true')
    let healthy = false
    const llm = await started({
      answer: (request) => {
        const { content } = request.messages.at(-1)!
        const isOwn =
          readQuestion(content).task === 'simulate' && content.includes(PLANTED_RULES[4]!.description)
        return isOwn && !healthy ? { text: '', finish: 'content_filter' } : oracle.answer(request)
      },
    })
    const study = plantedStudy()
    const judge = { ...judgeAt(llm, study), reask: true }
    onTestFinished(async () => {
      await judge.chat.close()
      study.store.close()
    })
    await eventsOf(explain(study, judge, ALL))
    await eventsOf(score(study, judge, ALL))
    const rowsOf = () => {
      const rows = study.store.scores.all('planted', 'simulation')
      const { id, value } = rows.find(
        (row) => row.scorer === 'simulation' && explanationOf(row.explanationId) === 4,
      )!
      const controls = study.store.scores.controlsOf(id)
      return { value, controls }
    }
    const explanationOf = (id: string) =>
      study.store.explanations.all('planted').find((one) => one.id === id)!.featureId
    const before = rowsOf()
    expect(before.value).toBeNull()
    const { partner } = before.controls.find(({ name }) => name === 'shuffled')!
    expect(partner).not.toBeNull()
    healthy = true
    // Alone it would find no partner.
    const alone = planScores(study, judge, range(4, 4), 'simulation')
    expect((await scoreItems(study, study.store.featureSets.get('planted')!, alone))[0]).toMatchObject({
      partner: { featureId: partner },
      blank: true,
    })
    await eventsOf(score(study, judge, range(4, 4)))
    const after = rowsOf()
    expect(after.value).toBeGreaterThan(0.95)
    expect(after.controls.find(({ name }) => name === 'shuffled')).toMatchObject({ partner })
    expect(after.controls.map(({ name }) => name)).toEqual(before.controls.map(({ name }) => name))
  })

  it('are refused with a precision, or by another scorer, where features share calls', async () => {
    const llm = await started({ rules: PLANTED_RULES })
    const study = { ...plantedStudy(), precision: 0.1 }
    const judge = judgeAt(llm, study, { isolate: true })
    onTestFinished(async () => {
      await judge.chat.close()
      study.store.close()
    })
    await expect(eventsOf(score(study, judge, ALL))).rejects.toThrow(
      'expected --precision without --isolate, found both',
    )
    await expect(eventsOf(score({ ...study, precision: null }, judge, ALL, 'fuzzing'))).rejects.toThrow(
      'expected --isolate with --scorer simulation, found fuzzing',
    )
  })
})

describe('blank controls', () => {
  const record = (featureId: number) => ({
    id: `explanation ${featureId}`,
    setId: 'planted',
    featureId,
    explainer: 'planted',
    llm: null,
    text: 'words',
    problem: null,
    requestHash: null,
    provenanceId: '',
  })
  const plan = (planned: readonly number[], blanks: number): ScorePlan => ({
    scorer: 'simulation',
    tier: 'integersSparse',
    selected: planned,
    planned,
    explanationOf: record,
    controlsOf: () => null,
    blanks,
    densityOf: () => 0.01,
  })
  const blankOf = async (of: ScorePlan): Promise<number[]> => {
    const study = plantedStudy()
    onTestFinished(() => study.store.close())
    const items = await scoreItems(study, study.store.featureSets.get('planted')!, of)
    return items.filter(({ blank }) => blank).map(({ explanation }) => explanation.featureId)
  }

  it('are on a hundred features of a study, however many are selected at a time', async () => {
    const features = Array.from({ length: 30 }, (_, feature) => feature)
    expect(await blankOf(plan(features, 0))).toEqual(features)
    expect(await blankOf(plan(features, 100))).toEqual([])
    const some = await blankOf(plan(features, 88))
    expect(some).toHaveLength(12)
    // A run that was stopped when five of them were scored, and others, goes on with the same ones.
    const done = new Set([...some.slice(0, 5), ...features.filter((one) => !some.includes(one)).slice(0, 9)])
    const left = features.filter((feature) => !done.has(feature))
    expect(await blankOf(plan(left, 88 + 5))).toEqual(some.slice(5))
  })
})
