import { describe, expect, it } from 'vitest'
import { type Concept, tokensOf } from '../../src/autointerp/puzzles/concepts.ts'
import { makePuzzles, PLAUSIBILITIES } from '../../src/autointerp/puzzles/puzzle.ts'
import { sha256 } from '../../src/core/hash.ts'
import { Random } from '../../src/core/random.ts'
import { estimatePuzzles, simulationPuzzles, solvePuzzles } from '../../src/pipeline/puzzles.ts'
import type { Llm } from '../../src/pipeline/study.ts'
import { readQuestion, unescapeShown } from '../fake-llm/prompt-reading.ts'
import { isLost, judge } from '../support/in-process-judge.ts'

const PUZZLES = makePuzzles(0)
const CONCEPTS = new Map<string, Concept>(
  PUZZLES.flatMap(({ explanations }) => PLAUSIBILITIES.map((one) => explanations[one])).map((concept) => [
    concept.text,
    concept,
  ]),
)
/** Predicts by what a description means. */
function byMeaning(content: string): string {
  const question = readQuestion(content)
  if (question.task !== 'simulate') throw new Error('expected a question about a description')
  const { level } = CONCEPTS.get(unescapeShown(question.description))!
  return question.examples
    .map(({ number, tokens }) => {
      const texts = tokens.map(unescapeShown)
      const named = texts.flatMap((_, index) =>
        level(texts, index) > 0 ? [`${index + 1}=${level(texts, index)}`] : [],
      )
      return `${number}: ${named.join(' ') || 'none'}`
    })
    .join('\n')
}

function byChance(content: string): string {
  const random = new Random(Number.parseInt(sha256(content).slice(0, 8), 16))
  const question = readQuestion(content)
  if (question.task !== 'simulate') throw new Error('expected a question about a description')
  return question.examples
    .map(({ number, tokens }) => {
      const named = tokens.flatMap((_, index) => (random.below(8) === 0 ? [`${index + 1}=9`] : []))
      return `${number}: ${named.join(' ') || 'none'}`
    })
    .join('\n')
}

async function solve(llm: Llm, puzzles = PUZZLES) {
  const verb = solvePuzzles(simulationPuzzles(llm, 0), llm, puzzles, 0, new AbortController().signal)
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
    expect(estimatePuzzles(llm, PUZZLES, 0).requests).toBe(new Set(llm.asked).size)
  })

  it('are won by chance by one that knows nothing', async () => {
    const { ranking } = await solve(judge(byChance))
    // The standard error of 170 puzzles is .031 for wins and at most .03 for pairs.
    expect(Math.abs(ranking!.wins.value - 0.2)).toBeLessThan(0.12)
    expect(ranking!.wins.low).toBeLessThan(0.2)
    expect(ranking!.wins.high).toBeGreaterThan(0.2)
    expect(Math.abs(ranking!.auc.value - 0.5)).toBeLessThan(0.1)
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
