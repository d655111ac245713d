import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Store } from '../../src/core/store.ts'
import { type HumanScore, HumanScores, openTaskSession } from '../../src/pipeline/human-scores.ts'
import { mergeRatings } from '../../src/pipeline/merge-ratings.ts'
import { RatingDesk } from '../../src/pipeline/rating-desk.ts'
import { ratingReports } from '../../src/pipeline/rating-report.ts'
import { openRatingSession, type RatingSession } from '../../src/pipeline/rating-session.ts'
import { status } from '../../src/pipeline/status.ts'
import { type RowFilter, tableRows } from '../../src/pipeline/table-rows.ts'
import { type TableName, TABLES } from '../../src/export/tables.ts'
import { FIRING_SHARE, plantedStudy } from '../support/planted-study.ts'
import { answerAll, bundledRubric, drawTask } from '../support/task-session.ts'
import type { Study } from '../../src/pipeline/study.ts'

const ALL_ROWS: RowFilter = { wants: () => true, scorers: null, minimum: null }

/** A study whose every feature is explained. */
function explainedStudy(): Study {
  const study = plantedStudy()
  onTestFinished(() => study.store.close())
  for (const { id } of study.store.features.all('planted')) explain(study.store, id, `the words of ${id}`)
  return study
}

function explain(store: Store, feature: number, text: string): void {
  const { provenanceId } = store.featureSets.get('planted')!
  store.explanations.put(
    {
      id: `e${feature}`,
      setId: 'planted',
      featureId: feature,
      explainer: 'pairs',
      llm: 'judge',
      text,
      problem: null,
      requestHash: null,
      provenanceId,
    },
    new Date(0),
  )
}

const rated = ({ manifest }: RatingSession) => manifest.items.filter(({ role }) => role === 'rating')

function scoresOf(store: Store, session: RatingSession): HumanScore[] {
  const scores = new HumanScores(store)
  return rated(session).flatMap(({ setId, feature }) => scores.of(setId, feature))
}

describe.each(['detection', 'fuzzing', 'intruder'])('%s by people', (task) => {
  const chance = task === 'intruder' ? 0.2 : 0.5

  it('asks explained features, half and half, and shows nothing but what an LLM is shown', async () => {
    const session = await drawTask(explainedStudy(), task)
    expect(rated(session)).toHaveLength(6)
    for (const { logits, groups, task: asked, explanation, kind } of session.manifest.items) {
      expect([logits, kind]).toEqual([null, 'feature'])
      expect(explanation).toMatch(/^the words of \d+$/)
      expect(asked!.questions).toHaveLength(task === 'intruder' ? 10 : 20)
      const examples = groups.flatMap((group) => group.examples)
      expect(examples).toHaveLength(task === 'intruder' ? 50 : 20)
      for (const { levels, nominal } of examples) {
        expect(Math.max(...levels)).toBe(task === 'detection' ? 0 : 1)
        expect(nominal).toBe(0)
      }
      if (task !== 'intruder') expect(asked!.questions.filter(({ answer }) => answer === 1)).toHaveLength(10)
    }
  })

  it('is 1 for who is always right, chance for who always says the same', async () => {
    const study = explainedStudy()
    const session = await drawTask(study, task)
    answerAll(study.store, session, 'right', (_item, _place, right) => right)
    answerAll(study.store, session, 'same', () => 1)
    const scores = scoresOf(study.store, session).filter(({ scorer }) => scorer === task)
    const right = scores.filter(({ rater }) => rater === 'right')
    expect(right).toHaveLength(6)
    for (const score of right)
      expect(score).toMatchObject({ value: 1, low: 1, high: 1, undefined: null, flag: null })
    for (const score of scores.filter(({ rater }) => rater === 'same')) {
      expect(score.flag).toBe('constantPrediction')
      expect(score.chance!.value).toBe(chance)
      if (task !== 'intruder') expect(score.value).toBe(0.5)
    }
  })

  it('is at chance for a coin, which is told by checks that nobody can do', async () => {
    const study = explainedStudy()
    const session = await drawTask(study, task, { draw: { items: 20, checks: 0.25 } })
    const options = task === 'intruder' ? 5 : 2
    answerAll(
      study.store,
      session,
      'coin',
      (item, place) => (7 * place + item.feature + (place >> 2)) % options,
    )
    answerAll(study.store, session, 'right', (_item, _place, right) => right)
    const [{ task: report, raters }] = ratingReports(study.store, ['pilot']) as [
      ReturnType<typeof ratingReports>[number],
    ]
    const [coin, right] = ['coin', 'right'].map((name) => report!.people.find(({ rater }) => rater === name)!)
    expect(Math.abs(coin!.score.value! - chance)).toBeLessThan(0.1)
    expect(right!.score).toEqual({ value: 1, low: 1, high: 1 })
    expect(report).toMatchObject({ scorer: task, chance, questions: task === 'intruder' ? 10 : 20 })
    // Who needs no explanation to be right has not gone by it.
    const checks = Object.fromEntries(raters.map(({ rater, checks: found }) => [rater, found]))
    expect(checks['right']).toEqual({ failed: 5, shown: 5 })
    expect(checks['coin']!.failed).toBeLessThan(3)
  })
})

/** Rows of an exported table of all sets, by the columns' names. */
function rowsOf(store: Store, table: TableName, filter: RowFilter = ALL_ROWS): Record<string, unknown>[] {
  const columns = TABLES[table]
  return [...tableRows(store, store.featureSets.all(), table, columns, filter)].map((row) =>
    Object.fromEntries(columns.map(({ name }, index) => [name, row[index]])),
  )
}

describe('a human score', () => {
  it('is the balanced accuracy and the precision that hand computes', async () => {
    const study = explainedStudy()
    const session = await drawTask(study, 'detection')
    // Of ten firing windows nine are said to fire, of ten silent ones four.
    const wrong = new Map<string, number>()
    answerAll(study.store, session, 'ana', ({ code }, _place, right) => {
      const key = `${code} ${right}`
      wrong.set(key, (wrong.get(key) ?? 0) + 1)
      return wrong.get(key)! <= (right === 1 ? 1 : 4) ? 1 - right : right
    })
    const scores = scoresOf(study.store, session)
    expect(scores).toHaveLength(12)
    for (const { scorer, value, n, low, high, coverage } of scores) {
      expect(n).toBe(20)
      expect(coverage).toEqual({ firing: [10, 10], silent: [10, 10] })
      const precision = (FIRING_SHARE * 0.9) / (FIRING_SHARE * 0.9 + (1 - FIRING_SHARE) * 0.4)
      expect(value).toBeCloseTo(scorer === 'detection' ? 0.75 : precision, 12)
      expect(low).toBeLessThan(value!)
      expect(high).toBeGreaterThan(value!)
    }
  })

  it('is the mean of two shares whatever is answered, and only of what is submitted', async () => {
    const study = explainedStudy()
    const session = await drawTask(study, 'fuzzing')
    const item = rated(session)[0]!
    let rater = 0
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 1), { minLength: 20, maxLength: 20 }),
        fc.boolean(),
        (said, undone) => {
          const name = `r${rater++}`
          const desk = new RatingDesk(study.store, session, name, () => new Date(0))
          desk.goTo(session.manifest.items.indexOf(item))
          for (const [place, { part }] of item.task!.questions.entries())
            desk.act({ do: 'set', field: 'answer', part, value: said[place]! })
          expect(scoresFor(study.store, item.feature, name)).toEqual([])
          desk.act({ do: 'submit' })
          const share = (answer: number): number =>
            item.task!.questions.filter(
              (question, place) => question.answer === answer && said[place] === answer,
            ).length / 10
          expect(scoresFor(study.store, item.feature, name)[0]!.value).toBeCloseTo(
            (share(0) + share(1)) / 2,
            12,
          )
          if (!undone) return
          desk.act({ do: 'undo' })
          expect(scoresFor(study.store, item.feature, name)).toEqual([])
        },
      ),
      { numRuns: 10 },
    )
  })

  it('has every rater by themselves, of items that are rated alone', async () => {
    const study = explainedStudy()
    const session = await drawTask(study, 'detection', { draw: { raters: ['ana', 'ben'], overlap: 0.5 } })
    for (const rater of ['ana', 'ben']) {
      const queue = session.manifest.items.filter(({ raters }) => raters === null || raters.includes(rater))
      const own = { ...session, manifest: { ...session.manifest, items: queue } }
      answerAll(study.store, own, rater, (_item, _place, right) => right)
    }
    const rows = rowsOf(study.store, 'human_scores')
    const expected = new Set(
      rated(session).flatMap(({ code, raters }) =>
        (raters ?? ['ana', 'ben']).map((rater) => JSON.stringify([code, rater])),
      ),
    )
    const found = rows.filter((row) => row['scorer'] === 'detection')
    expect(new Set(found.map((row) => JSON.stringify([row['item'], row['rater']])))).toEqual(expected)
    expect(found).toHaveLength(expected.size)
    expect(rowsOf(study.store, 'human_scores', { ...ALL_ROWS, scorers: ['fuzzing'] })).toEqual([])
  })

  it('enters no median and no table of scores', async () => {
    const study = explainedStudy()
    const set = study.store.featureSets.get('planted')!
    const session = await drawTask(study, 'detection')
    const before = JSON.stringify(status(study.store, set))
    answerAll(study.store, session, 'ana', (_item, _place, right) => right)
    expect(JSON.stringify(status(study.store, set))).toBe(before)
    expect(study.store.scores.all('planted', 'detection')).toEqual([])
    expect(rowsOf(study.store, 'scores')).toEqual([])
  })

  it('goes where another text has come into the place of the one that was shown', async () => {
    const study = explainedStudy()
    const session = await drawTask(study, 'detection')
    answerAll(study.store, session, 'ana', (_item, _place, right) => right)
    const { feature } = rated(session)[0]!
    expect(new HumanScores(study.store).of('planted', feature)).toHaveLength(2)
    explain(study.store, feature, 'another text')
    expect(new HumanScores(study.store).of('planted', feature)).toEqual([])
  })

  it('comes along when copies are merged', async () => {
    const [ours, theirs] = [explainedStudy(), explainedStudy()]
    const session = await drawTask(ours, 'intruder')
    await drawTask(theirs, 'intruder')
    answerAll(theirs.store, session, 'ben', (_item, _place, right) => right)
    mergeRatings(ours.store, {
      sessions: [theirs.store.ratings.session('pilot')!],
      events: theirs.store.ratings.events('pilot', 'ben'),
    })
    expect(scoresOf(ours.store, session)).toEqual(scoresOf(theirs.store, session))
    expect(scoresOf(ours.store, session)).toHaveLength(6)
  })
})

function scoresFor(store: Store, feature: number, rater: string): HumanScore[] {
  return new HumanScores(store).of('planted', feature).filter((score) => score.rater === rater)
}

describe('drawing a task', () => {
  it('gives the same session again, and other questions under another seed', async () => {
    const sessions = await Promise.all(
      [1, 1, 2].map(async (seed) => drawTask(explainedStudy(), 'detection', { draw: { seed } })),
    )
    expect(sessions[1]).toEqual(sessions[0])
    expect(sessions[2]!.manifest.items).not.toEqual(sessions[0]!.manifest.items)
  })

  it('is read back as it was drawn', async () => {
    const study = explainedStudy()
    const session = await drawTask(study, 'intruder')
    expect(openRatingSession(study.store, 'pilot')).toEqual(session)
    expect(openTaskSession(study.store, 'pilot')!.task).toBe('intruder')
    expect(openTaskSession(study.store, 'nobody')).toBeNull()
  })

  it('leaves out what has too few windows, and what is not explained', async () => {
    const study = plantedStudy()
    onTestFinished(() => study.store.close())
    for (const feature of [3, 4, 5, 6]) explain(study.store, feature, 'x')
    const { provenanceId } = study.store.featureSets.get('planted')!
    for (const feature of [3, 5])
      study.store.examples.putSample('planted', 'monosemanticity+random', provenanceId, {
        feature,
        state: 'alive',
        singleToken: false,
        examples: [],
        firingShare: 0.01,
      })
    const session = await drawTask(study, 'detection', { draw: { checks: 0, repeats: 0 } })
    expect(new Set(session.manifest.items.map(({ feature }) => feature))).toEqual(new Set([4, 6]))
  })

  it('says why there is nothing to ask', async () => {
    const study = plantedStudy()
    onTestFinished(() => study.store.close())
    await expect(drawTask(study, 'detection')).rejects.toThrow(
      'expected explained features with windows enough for detection, found none',
    )
    const few = bundledRubric('detection').replace('questions: 20', 'questions: 18')
    await expect(drawTask(explainedStudy(), 'detection', { rubricText: few })).rejects.toThrow(
      'expected at least 20 questions in the rubric detection, found 18',
    )
    const three = bundledRubric('intruder').replace('questions: 10', 'questions: 3')
    await expect(drawTask(explainedStudy(), 'intruder', { rubricText: three })).rejects.toThrow(
      'expected at least 4 questions',
    )
  })

  it('asks about what the scorer has scored, where that is enough', async () => {
    const study = explainedStudy()
    const { provenanceId } = study.store.featureSets.get('planted')!
    const scored = [0, 3, 7, 11, 13, 17, 19, 23]
    study.store.scores.put(
      scored.map((feature) => ({
        id: `s${feature}`,
        explanationId: `e${feature}`,
        scorer: 'detection',
        protocol: 'monosemanticity',
        tier: 'integersSparse',
        value: 0.9,
        low: null,
        high: null,
        n: 100,
        undefined: null,
        flag: null,
        ceiling: null,
        digitMass: null,
        coverage: {},
        failedCalls: 0,
        failedControlCalls: 0,
        unreadableCalls: 0,
        provenanceId,
      })),
      [],
    )
    const session = await drawTask(study, 'detection')
    for (const { feature } of session.manifest.items) expect(scored).toContain(feature)
    const others = await drawTask(study, 'detection', { name: 'more', draw: { items: 20 } })
    expect(others.manifest.items.filter(({ feature }) => !scored.includes(feature)).length).toBeGreaterThan(5)
  })
})
