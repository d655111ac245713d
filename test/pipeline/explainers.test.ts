import { describe, expect, it, onTestFinished } from 'vitest'
import { sha256 } from '../../src/core/hash.ts'
import type { StudyEvent } from '../../src/core/events.ts'
import { estimateExplaining } from '../../src/pipeline/estimate.ts'
import { explain } from '../../src/pipeline/explain.ts'
import { score } from '../../src/pipeline/score.ts'
import { status } from '../../src/pipeline/status.ts'
import { currentSet } from '../../src/pipeline/feature-set.ts'
import type { Study } from '../../src/pipeline/study.ts'
import { tokenTexts } from '../../src/pipeline/token-texts.ts'
import { started } from '../fake-llm/asking.ts'
import { Oracle } from '../fake-llm/oracle.ts'
import type { FakeLlmOptions } from '../fake-llm/options.ts'
import { readQuestion } from '../fake-llm/prompt-reading.ts'
import type { LlmRequest } from '../fake-llm/request.ts'
import type { FakeLlm } from '../fake-llm/server.ts'
import { eventsOf, judgeAt, PLANTED_RULES, plantedStudy } from '../support/planted-study.ts'

const ALL = { kind: 'all' } as const
const CHOOSING = 'monosemanticity-choose'
const descriptions = PLANTED_RULES.map(({ description }) => description)

const truthful = new Oracle(PLANTED_RULES, 'true')
const lying = new Oracle(PLANTED_RULES, 'false')

const questionOf = ({ messages }: LlmRequest): string => messages.at(-1)!.content
const isExplaining = (request: LlmRequest): boolean => readQuestion(questionOf(request)).task === 'explain'
/** A request that goes on after an explanation, which is no worked example. */
const isRevision = (request: LlmRequest): boolean =>
  isExplaining(request) && questionOf(request).includes('predicted:')
/** A number from 0 to `count` that goes with what is asked. */
const fate = (request: LlmRequest, count: number): number =>
  Number.parseInt(sha256(questionOf(request)).slice(0, 8), 16) % count

interface World {
  readonly study: Study
  readonly server: FakeLlm
  readonly explain: (explainer: string, options?: { reask?: boolean }) => Promise<StudyEvent[]>
  readonly score: (explainer: string) => Promise<StudyEvent[]>
  readonly estimate: (explainer: string) => Promise<number>
}

async function world(answer: (request: LlmRequest) => string, options: FakeLlmOptions = {}): Promise<World> {
  const server = await started({ answer, ...options })
  const study = plantedStudy(CHOOSING)
  onTestFinished(() => study.store.close())
  const judged = async <R>(
    explainer: string,
    reask: boolean,
    work: (judge: ReturnType<typeof judgeAt>) => Promise<R>,
  ): Promise<R> => {
    const judge = judgeAt(server, study, { explainer, reask })
    try {
      return await work(judge)
    } finally {
      await judge.chat.close()
    }
  }
  return {
    study,
    server,
    explain: (explainer, { reask = false } = {}) =>
      judged(explainer, reask, (judge) => eventsOf(explain(study, judge, ALL))),
    score: (explainer) => judged(explainer, false, (judge) => eventsOf(score(study, judge, ALL))),
    estimate: (explainer) =>
      judged(explainer, false, async (judge) => (await estimateExplaining(study, judge, ALL)).requests),
  }
}

function texts({ store }: Study, explainer: string): (string | null)[] {
  const rows = store.explanations.all('planted').filter((record) => record.explainer === explainer)
  return rows.toSorted((a, b) => a.featureId - b.featureId).map(({ text }) => text)
}

function values({ store }: Study, explainer: string): (number | null)[] {
  const ids = new Set(
    store.explanations
      .all('planted')
      .filter((record) => record.explainer === explainer)
      .map(({ id }) => id),
  )
  const rows = store.scores.all('planted', 'simulation')
  return rows
    .filter(({ scorer, explanationId }) => scorer === 'simulation' && ids.has(explanationId))
    .map(({ value }) => value)
}

const failures = (events: readonly StudyEvent[]): StudyEvent[] =>
  events.filter(({ type }) => type === 'item-failed')

describe.each(['pairs', 'delimiters', 'logits', 'best', 'revise'])('the explainer %s', (explainer) => {
  it('lets an oracle find the rules, and sends nothing twice', async () => {
    const { study, server, ...verbs } = await world((request) => truthful.answer(request))
    expect(failures(await verbs.explain(explainer))).toEqual([])
    expect(texts(study, explainer)).toEqual(descriptions)
    await verbs.score(explainer)
    expect(values(study, explainer)).toHaveLength(descriptions.length)
    for (const value of values(study, explainer)) expect(value).toBeGreaterThanOrEqual(0.95)
    const { requests, distinctBodies } = server.stats()
    expect(requests).toBe(distinctBodies)
    await verbs.explain(explainer)
    await verbs.score(explainer)
    expect(server.stats().requests).toBe(requests)
  })
})

describe('the best of several', () => {
  /** Of five samples some are true and some are of other rules. */
  const mixed = (request: LlmRequest): string =>
    (isExplaining(request) && fate(request, 3) > 0 ? lying : truthful).answer(request)

  it('is the true one wherever one is among the candidates', async () => {
    const { study, ...verbs } = await world(mixed)
    await verbs.explain('best')
    await verbs.score('best')
    const candidates = study.store.candidates.all('planted')
    expect(candidates).toHaveLength(5 * descriptions.length)
    const found = texts(study, 'best')
    let chances = 0
    for (const [feature, description] of descriptions.entries()) {
      const [record] = study.store.explanations.of('planted', feature)
      const own = study.store.candidates.of(record!.id)
      expect(own.map(({ place }) => place)).toEqual([0, 1, 2, 3, 4])
      const [chosen, ...others] = own.filter((one) => one.chosen)
      expect(others).toEqual([])
      expect(chosen).toMatchObject({ text: found[feature], requestHash: record!.requestHash })
      expect(chosen!.value).toBe(Math.max(...own.map(({ value }) => value!)))
      const isThere = own.some(({ text }) => text === description)
      expect(found[feature] === description).toBe(isThere)
      if (isThere && own.some(({ text }) => text !== description)) chances++
    }
    // A choice of chance would find all of these with a probability far below 1e-6.
    expect(chances).toBeGreaterThan(20)
  })

  it('is chosen by choose examples alone', async () => {
    const { study, ...verbs } = await world(mixed)
    await verbs.explain('best')
    const textsOf = tokenTexts(study, currentSet(study))
    const shown = (use: string, feature: number): Set<string> =>
      new Set(
        study.store.examples
          .of('planted', feature, CHOOSING)
          .filter((example) => example.use === use)
          .map(({ tokens }) => textsOf(tokens).join('|')),
      )
    for (const feature of descriptions.keys()) {
      const [record] = study.store.explanations.of('planted', feature)
      const asked = new Set<string>()
      for (const { simulations } of study.store.candidates.of(record!.id))
        for (const hash of simulations) {
          const body = JSON.parse(study.store.requests.get(hash)!.body) as { messages: { content: string }[] }
          const question = readQuestion(body.messages.at(-1)!.content)
          if (question.task !== 'simulate') throw new Error('expected a simulation')
          for (const { tokens } of question.examples) asked.add(tokens.join('|'))
        }
      expect([...asked].toSorted()).toEqual([...shown('choose', feature)].toSorted())
      expect([...asked].filter((window) => shown('score', feature).has(window))).toEqual([])
    }
    expect(study.store.ledger.lines().map(({ stage }) => stage)).not.toContain('score')
  })

  it('shares its first request with pairs', async () => {
    const { server, ...verbs } = await world((request) => truthful.answer(request))
    await verbs.explain('pairs')
    const before = server.stats().requests
    await verbs.explain('best')
    // Five samples, one of them known; all of one text, so two calls of 20 choose examples at most.
    expect(server.stats().requests - before).toBe(descriptions.length * (4 + 2))
  })

  it('leaves out candidates that cannot be read, and says so', async () => {
    const { study, ...verbs } = await world((request) => {
      if (!isExplaining(request)) return truthful.answer(request)
      return fate(request, 3) === 0 ? truthful.answer(request) : 'I would rather not.'
    })
    const events = await verbs.explain('best')
    const unreadable = study.store.candidates
      .all('planted')
      .filter(({ problem }) => problem === 'unreadable').length
    expect(unreadable).toBeGreaterThan(50)
    expect(failures(events)).toHaveLength(unreadable)
    for (const { id, text, problem } of study.store.explanations.all('planted')) {
      const readable = study.store.candidates.of(id).some((one) => one.text !== null)
      expect({ text: text !== null, problem }).toEqual({
        text: readable,
        problem: readable ? null : 'unreadable',
      })
    }
  })

  it('takes another text, without the scores of the old one, when a call gets its reply later', async () => {
    let broken = true
    const { study, ...verbs } = await world(
      // The true samples fail at first.
      (request) => {
        if (!isExplaining(request)) return truthful.answer(request)
        return (fate(request, 2) === 0 ? truthful : lying).answer(request)
      },
      { filters: (request) => broken && isExplaining(request) && fate(request, 2) === 0 },
    )
    const events = await verbs.explain('best')
    await verbs.score('best')
    const before = texts(study, 'best')
    const failed = study.store.candidates.all('planted').filter(({ problem }) => problem === 'callFailed')
    expect(failures(events)).toHaveLength(failed.length)
    expect(before.filter((text, feature) => text === descriptions[feature])).toEqual([])
    broken = false
    await verbs.explain('best')
    const after = texts(study, 'best')
    const repaired = after.filter((text, feature) => text === descriptions[feature])
    expect(repaired.length).toBeGreaterThan(20)
    expect(study.store.candidates.all('planted').filter(({ problem }) => problem !== null)).toEqual([])
    await verbs.score('best')
    for (const { id, featureId, text } of study.store.explanations.all('planted'))
      if (text === descriptions[featureId]) {
        const [value] = study.store.scores.of(id).filter(({ scorer }) => scorer === 'simulation')
        expect(value!.value).toBeGreaterThanOrEqual(0.95)
      }
  })
})

describe('a revision', () => {
  it('repairs a wrong explanation', async () => {
    const { study, ...verbs } = await world((request) =>
      (isExplaining(request) && !isRevision(request) ? lying : truthful).answer(request),
    )
    await verbs.explain('revise')
    expect(texts(study, 'revise')).toEqual(descriptions)
    for (const { id } of study.store.explanations.all('planted')) {
      const [first, second, ...more] = study.store.candidates.of(id)
      expect(more).toEqual([])
      expect(first).toMatchObject({ place: 0, revises: null, chosen: false })
      expect(second).toMatchObject({ place: 1, revises: 0, chosen: true })
      expect(second!.value).toBeGreaterThan(first!.value! + 0.5)
      // Both are compared on what neither was made in view of.
      expect(second!.n).toBe(first!.n)
      expect(second!.n).toBeLessThan(9 * 30)
      expect(second!.n).toBeGreaterThanOrEqual(9 * (30 - 8))
    }
    await verbs.score('revise')
    for (const value of values(study, 'revise')) expect(value).toBeGreaterThanOrEqual(0.95)
  })

  it('is not asked for where nothing is predicted wrong', async () => {
    const { study, server, ...verbs } = await world((request) => {
      expect(isRevision(request)).toBe(false)
      return truthful.answer(request)
    })
    await verbs.explain('revise')
    expect(study.store.candidates.all('planted')).toHaveLength(descriptions.length)
    expect(server.stats().requests).toBe(descriptions.length * 3)
  })

  it('is dropped where it is no better, and where it cannot be read', async () => {
    // The first explanation is of another rule; so is the revision of even features, and that of odd ones is none.
    const { study, ...verbs } = await world((request) => {
      if (!isRevision(request)) return (isExplaining(request) ? lying : truthful).answer(request)
      return fate(request, 2) === 0 ? lying.answer(request) : 'As an AI, I have none.'
    })
    await verbs.explain('revise')
    const firsts = study.store.candidates.all('planted').filter(({ place }) => place === 0)
    expect(texts(study, 'revise')).toEqual(firsts.map(({ text }) => text))
    expect(firsts.every(({ chosen }) => chosen)).toBe(true)
  })
})

describe('explainers side by side', () => {
  it('overwrite nothing, and the last is what a study is about', async () => {
    const { study, ...verbs } = await world((request) =>
      (isExplaining(request) && !isRevision(request) ? lying : truthful).answer(request),
    )
    const set = currentSet(study)
    for (const explainer of ['pairs', 'best', 'revise']) {
      await verbs.explain(explainer)
      await verbs.score(explainer)
      expect(status(study.store, set)).toMatchObject({ explainer, scored: descriptions.length })
    }
    const wrong = [...descriptions.slice(1), descriptions[0]!]
    expect(texts(study, 'pairs')).toEqual(wrong)
    expect(texts(study, 'best')).toEqual(wrong)
    expect(texts(study, 'revise')).toEqual(descriptions)
    expect(status(study.store, set).score!.median).toBeGreaterThan(0.95)
    await verbs.score('pairs')
    expect(status(study.store, set)).toMatchObject({ explainer: 'pairs' })
    expect(status(study.store, set).score!.median).toBeLessThan(0.1)

    for (const baseline of ['table', 'bigram'] as const) {
      const offline = { ...study, baseline }
      await eventsOf(explain(offline, null, ALL))
      await eventsOf(score(offline, null, ALL))
      expect(status(study.store, set)).toMatchObject({
        explainer: baseline,
        llm: null,
        scored: descriptions.length,
      })
      // Features here fire on tokens alone: a table knows all of it that its examples show.
      expect(status(study.store, set).score!.median).toBeGreaterThan(0.9)
    }
    expect(study.store.explanations.all('planted')).toHaveLength(5 * descriptions.length)
  })
})

describe('an estimate of several steps', () => {
  it('is exact where no two samples are alike', async () => {
    let written = 0
    const { server, ...verbs } = await world((request) =>
      isExplaining(request)
        ? `<explanation>The words of list ${written++}, most strongly the first</explanation>`
        : truthful.answer(request),
    )
    for (const explainer of ['best', 'revise', 'delimiters']) {
      const requests = await verbs.estimate(explainer)
      const before = server.stats().requests
      await verbs.explain(explainer)
      expect(server.stats().requests - before).toBe(requests)
      expect(await verbs.estimate(explainer)).toBe(0)
    }
  })

  it('is the most that there can be where some are', async () => {
    const { server, ...verbs } = await world((request) => truthful.answer(request))
    const requests = await verbs.estimate('best')
    expect(requests).toBe(descriptions.length * (5 + 5 * 2))
    await verbs.explain('best')
    expect(server.stats().requests).toBe(descriptions.length * (5 + 2))
  })
})
