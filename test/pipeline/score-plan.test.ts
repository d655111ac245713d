import { expect, it, onTestFinished } from 'vitest'
import { explain } from '../../src/pipeline/explain.ts'
import { score } from '../../src/pipeline/score.ts'
import { NOTHING_EXPLAINED, planScores } from '../../src/pipeline/score-plan.ts'
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
