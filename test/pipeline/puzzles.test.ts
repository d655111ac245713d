import { describe, expect, it } from 'vitest'
import { questionWindows } from '../../src/autointerp/puzzles/question-windows.ts'
import { type Ranking, winOf } from '../../src/autointerp/puzzles/ranking.ts'
import { tokensOf } from '../../src/autointerp/puzzles/concepts.ts'
import { estimatePuzzles, type PuzzleScorer, solvePuzzles } from '../../src/pipeline/puzzles.ts'
import { PUZZLE_QUESTIONS, questionPuzzles } from '../../src/pipeline/questioned-puzzles.ts'
import { isolatedPuzzles, simulationPuzzles } from '../../src/pipeline/simulated-puzzles.ts'
import type { Llm } from '../../src/pipeline/study.ts'
import { isLost, judge } from '../support/in-process-judge.ts'
import { byChance, byMeaning, PUZZLES } from '../support/meaning-judge.ts'

async function solve(llm: Llm, puzzles = PUZZLES, scorer = simulationPuzzles(llm, 0)) {
  const verb = solvePuzzles(scorer, llm, puzzles, 0, new AbortController().signal)
  for (;;) {
    const next = await verb.next()
    if (next.done) return next.value
  }
}

describe('puzzles solved by simulation', () => {
  it('are all won by a judge that knows what descriptions mean, and foretold', async () => {
    const llm = judge(byMeaning)
    const { ranking, solved } = await solve(llm)
    expect(solved.map(({ name }) => name)).toEqual(PUZZLES.map(({ name }) => name))
    expect(ranking).toMatchObject({ ranked: PUZZLES.length, unranked: 0 })
    expect(ranking!.wins.value).toBeGreaterThanOrEqual(0.98)
    expect(ranking!.auc.value).toBeGreaterThanOrEqual(0.995)
    expect(llm.asked).toHaveLength(PUZZLES.length * 5 * 3)
    expect(estimatePuzzles(simulationPuzzles(llm, 0), llm, PUZZLES).requests).toBe(new Set(llm.asked).size)
  })

  it('are won by chance by one that knows nothing', async () => {
    const { ranking } = await solve(judge(byChance))
    expectChance(ranking)
  })

  it('are ties where every answer is none', async () => {
    const none = (content: string): string =>
      content
        .split('\n')
        .slice(2)
        .map((line) => `${line.split(':')[0]}: none`)
        .join('\n')
    const { ranking } = await solve(judge(none), PUZZLES.slice(0, 20))
    expect(ranking).toMatchObject({ auc: { value: 0.5 }, ranked: 20 })
    expect(ranking!.wins.value).toBeCloseTo(0.2, 12)
  })

  it('are ranked on the examples that all five have answers to, or not at all', async () => {
    const some = await solve(
      judge((content) => (isLost(content, 1 / 12) ? null : byMeaning(content))),
      PUZZLES.slice(0, 30),
    )
    expect(some.ranking!.ranked + some.ranking!.unranked).toBe(30)
    expect(some.ranking!.unranked).toBeGreaterThan(0)
    expect(some.ranking!.wins.value).toBeGreaterThan(0.9)
    const none = await solve(
      judge(() => null),
      PUZZLES.slice(0, 3),
    )
    expect(none.ranking).toBeNull()
    expect(none.solved[0]).toMatchObject({ failedCalls: 15, scores: { true: null } })
  })

  it('show tokens as they are', () => {
    expect(tokensOf('a  b\n')).toEqual(['a', ' ', ' b', '\n'])
  })
})

/** Nearer to chance than this: the standard error of 170 puzzles is .031 for wins and at most .03 for pairs. */
function expectChance(ranking: Ranking | null): void {
  expect(Math.abs(ranking!.wins.value - 0.2)).toBeLessThan(0.12)
  expect(ranking!.wins.low).toBeLessThan(0.2)
  expect(ranking!.wins.high).toBeGreaterThan(0.2)
  expect(Math.abs(ranking!.auc.value - 0.5)).toBeLessThan(0.1)
}

describe('puzzles solved by isolated simulation', () => {
  const isolating = (answer: (content: string) => string | null) =>
    judge(answer, 'integersSparse', { isolate: true })

  it('have no two examples of a puzzle in a call, and are won as others are', async () => {
    const llm = isolating(byMeaning)
    const scorer = isolatedPuzzles(llm, 0, PUZZLES)
    const { ranking, solved } = await solve(llm, PUZZLES, scorer)
    const alone = judge(byMeaning)
    const { solved: apart } = await solve(alone)
    expect(solved).toEqual(apart)
    expect(ranking!.wins.value).toBeGreaterThanOrEqual(0.98)
    // Nine blocks of at most twenty puzzles, sixty examples, five explanations.
    expect(llm.asked).toHaveLength(9 * 60 * 5)
    expect(estimatePuzzles(scorer, llm, PUZZLES).requests).toBe(new Set(llm.asked).size)
    const [first] = llm.asked
    expect(first!.match(/^Description \d+: /gm)).toHaveLength(20)
  })

  it('lose an example each with a call', async () => {
    const llm = isolating((content) => (isLost(content, 0.05) ? null : byMeaning(content)))
    const some = PUZZLES.slice(0, 20)
    const { ranking, solved } = await solve(llm, some, isolatedPuzzles(llm, 0, some))
    expect(ranking).toMatchObject({ ranked: 20 })
    const lost = new Set(llm.asked.filter((content) => isLost(content, 0.05))).size
    expect(lost).toBeGreaterThan(5)
    for (const { failedCalls } of solved) expect(failedCalls).toBe(lost)
  })

  it('are won by chance by one that knows nothing', async () => {
    const llm = isolating(byChance)
    expectChance((await solve(llm, PUZZLES, isolatedPuzzles(llm, 0, PUZZLES))).ranking)
  })
})

/** What is left to win where a false description means the same to a scorer; no reader can do better. */
const MOST_WON = { detection: 0.95, fuzzing: 0.78, intruder: 0.96 } as const

describe.each(PUZZLE_QUESTIONS)('puzzles solved by %s', (name) => {
  const scorerOf = (llm: Llm): PuzzleScorer =>
    questionPuzzles(name, llm, llm.questions[name].questionsPerCall, 0)

  it('have a true explanation that is always right, and are foretold', async () => {
    const llm = judge(byMeaning)
    const { ranking, solved } = await solve(llm, PUZZLES, scorerOf(llm))
    expect(ranking).toMatchObject({ ranked: PUZZLES.length, unranked: 0 })
    expect(solved.map(({ scores }) => scores.true)).toEqual(PUZZLES.map(() => 1))
    expect(ranking!.wins.value).toBeGreaterThanOrEqual(MOST_WON[name])
    for (const one of ['sibling', 'unrelated'] as const) expect(ranking!.aucBy[one]).toBe(1)
    // Where it does not win alone it shares the win.
    expect(Math.min(...solved.map(({ scores }) => winOf(scores)!))).toBeGreaterThan(0)
    expect(estimatePuzzles(scorerOf(llm), llm, PUZZLES).requests).toBe(new Set(llm.asked).size)
  })

  it('are won by chance by one that knows nothing', async () => {
    const llm = judge(byChance)
    expectChance((await solve(llm, PUZZLES, scorerOf(llm))).ranking)
  })

  it('are ties where every answer is alike, and are ranked on what all five have answers to', async () => {
    const alike = judge((content) =>
      content
        .split('\n')
        .flatMap((line) => /^(\d+):/.exec(line)?.[1] ?? [])
        .map((number) => `${number}: ${name === 'intruder' ? 'A' : 'yes'}`)
        .join('\n'),
    )
    const { ranking } = await solve(alike, PUZZLES.slice(0, 5), scorerOf(alike))
    expect(ranking).toMatchObject({ auc: { value: 0.5 }, ranked: 5 })
    expect(ranking!.wins.value).toBeCloseTo(0.2, 12)
    const faulty = judge((content) => (isLost(content, 0.04) ? null : byMeaning(content)))
    const some = await solve(faulty, PUZZLES.slice(0, 20), scorerOf(faulty))
    expect(some.ranking!.ranked + some.ranking!.unranked).toBe(20)
    for (const { scores } of some.solved) if (scores.true !== null) expect(scores.true).toBe(1)
    const lost = some.solved.reduce((sum, { failedCalls }) => sum + failedCalls, 0)
    expect(lost).toBe(new Set(faulty.asked.filter((content) => isLost(content, 0.04))).size)
    const silent = judge(() => null)
    expect((await solve(silent, PUZZLES.slice(0, 2), scorerOf(silent))).ranking).toBeNull()
  })

  it('read beliefs from log-probabilities, and refuse a tier that reads prompts', async () => {
    expect(scorerOf({ ...judge(byMeaning), tier: 'chatLogprobs' }).tier).toBe('chatLogprobs')
    expect(() => scorerOf({ ...judge(byMeaning), tier: 'promptLogprobs' })).toThrow(
      'expected a tier of chat completions',
    )
  })
})

describe('windows that questions about puzzles are made of', () => {
  it('are as many as asked about elsewhere, fire or are silent, and come once', () => {
    for (const puzzle of PUZZLES.filter((_, index) => index % 5 === 0)) {
      const { firing, silent } = questionWindows(puzzle, 0)
      expect([firing.length, silent.length]).toEqual([100, 50])
      for (const { levels } of firing) expect(Math.max(...levels)).toBeGreaterThan(0)
      for (const { levels } of silent) expect(Math.max(...levels)).toBe(0)
      const { level } = puzzle.explanations.true
      for (const { tokens, levels } of [...firing, ...silent])
        expect(tokens.map((_, index) => level(tokens, index))).toEqual(levels)
      const texts = [...firing, ...silent].map(({ tokens }) => tokens.join('|'))
      expect(new Set(texts).size).toBe(150)
      // A scorer's windows are not those that a simulation of the same puzzle is judged on, but for its firing ones.
      const own = new Set(puzzle.examples.map(({ tokens }) => tokens.join('|')))
      expect(texts.filter((text) => own.has(text))).toHaveLength(30)
    }
  })
})
