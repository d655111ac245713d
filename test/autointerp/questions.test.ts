import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  detectionQuestions,
  firingIndices,
  fuzzingQuestions,
  intruderQuestions,
  logitQuestions,
  NO,
  tableAnswer,
  YES,
} from '../../src/autointerp/questions.ts'
import { simulateByTokenTable } from '../../src/autointerp/token-table.ts'
import { Random } from '../../src/core/random.ts'

/** Windows of nine tokens, told apart by their tokens. */
const windows = (least: number) =>
  fc
    .array(fc.uniqueArray(fc.integer({ min: 0, max: 8 }), { minLength: least, maxLength: 9 }), {
      maxLength: 60,
    })
    .map((patterns) =>
      patterns.map((pattern, number) => ({
        tokens: Array.from({ length: 9 }, (_, index) => 9 * number + index),
        activations: Array.from({ length: 9 }, (_, index) => (pattern.includes(index) ? 1.5 : 0)),
      })),
    )
const silent = (count: number) =>
  Array.from({ length: count }, (_, number) => ({
    tokens: Array.from({ length: 9 }, (_token, index) => 10_000 + 9 * number + index),
    activations: Array.from({ length: 9 }, () => 0),
  }))
const seeds = fc.integer({ min: 0, max: 1000 })

describe('detection', () => {
  it('asks about as many firing as silent windows, none twice', () => {
    fc.assert(
      fc.property(windows(1), fc.integer({ min: 0, max: 60 }), seeds, (firing, count, seed) => {
        const questions = detectionQuestions(firing, silent(count), 20, new Random(seed))
        const each = Math.min(20, firing.length, count)
        expect(questions.filter(({ answer }) => answer === YES)).toHaveLength(each)
        expect(questions.filter(({ answer }) => answer === NO)).toHaveLength(each)
        expect(new Set(questions.map((one) => one.windows[0]!.tokens[0])).size).toBe(2 * each)
      }),
    )
  })
})

describe('fuzzing', () => {
  it('shows true and false windows with the same patterns, false ones where they are silent', () => {
    fc.assert(
      fc.property(windows(1), seeds, (firing, seed) => {
        const questions = fuzzingQuestions(firing, new Random(seed))
        const firingOf = new Map(firing.map((window) => [window.tokens[0], firingIndices(window)]))
        const patterns = (answer: number): string[] =>
          questions
            .filter((one) => one.answer === answer)
            .map((one) => one.windows[0]!.highlighted.join())
            .toSorted()
        expect(patterns(YES)).toEqual(patterns(NO))
        for (const {
          windows: [window],
          answer,
        } of questions) {
          const fires = firingOf.get(window!.tokens[0])!
          if (answer === YES) expect(window!.highlighted).toEqual(fires)
          else expect(window!.highlighted.filter((index) => fires.includes(index))).toEqual([])
        }
        expect(new Set(questions.map((one) => one.windows[0]!.tokens[0])).size).toBe(questions.length)
      }),
    )
  })

  it('finds a pair for every window where windows fire once', () => {
    const firing = Array.from({ length: 40 }, (_, number) => ({
      tokens: Array.from({ length: 9 }, () => number),
      activations: Array.from({ length: 9 }, (_activation, index) => Number(index === number % 4)),
    }))
    expect(fuzzingQuestions(firing, new Random(1))).toHaveLength(40)
  })

  it('asks nothing where every window fires everywhere', () => {
    const firing = Array.from({ length: 9 }, () => ({
      tokens: [1, 2, 3],
      activations: [1, 1, 1],
    }))
    expect(fuzzingQuestions(firing, new Random(1))).toEqual([])
  })
})

describe('intruder', () => {
  it('shows four firing windows and a silent one with the pattern of another question, none twice', () => {
    fc.assert(
      fc.property(windows(1), seeds, (firing, seed) => {
        const questions = intruderQuestions(firing, silent(50), new Random(seed))
        const count = Math.floor(firing.length / 4)
        expect(questions).toHaveLength(count < 2 ? 0 : count)
        const firingOf = new Map(firing.map((window) => [window.tokens[0], firingIndices(window)]))
        const seen = new Set<number>()
        for (const { windows: shown, answer } of questions) {
          expect(shown).toHaveLength(5)
          for (const [place, { tokens, highlighted }] of shown.entries()) {
            expect(seen.has(tokens[0]!)).toBe(false)
            seen.add(tokens[0]!)
            if (place === answer) {
              expect(firingOf.has(tokens[0])).toBe(false)
              expect(highlighted.length).toBeGreaterThan(0)
            } else expect(highlighted).toEqual(firingOf.get(tokens[0]))
          }
        }
      }),
    )
  })
})

describe('logits', () => {
  it('asks about the 11th to the 60th, and as many tokens from outside the list', () => {
    const list = Array.from({ length: 60 }, (_, rank) => 500 - rank)
    const vocabulary = Array.from({ length: 600 }, (_, id) => id)
    const questions = logitQuestions(list, vocabulary, new Random(3))
    const of = (answer: number): number[] =>
      questions.filter((one) => one.answer === answer).map((one) => one.windows[0]!.tokens[0]!)
    expect(of(YES).toSorted((a, b) => b - a)).toEqual(list.slice(10))
    expect(new Set(of(NO)).size).toBe(50)
    expect(of(NO).filter((token) => list.includes(token))).toEqual([])
  })

  it('asks nothing without a list', () => {
    expect(logitQuestions([], [1, 2, 3], new Random(0))).toEqual([])
  })
})

describe('a token table', () => {
  const table = [
    { token: 7, level: 9 },
    { token: 8, level: 0 },
  ]
  const shown = (tokens: number[], highlighted: number[] = []) => ({ tokens, highlighted })
  it.each<[string, ReturnType<typeof shown>[], number]>([
    ['that is in the window', [shown([1, 7])], YES],
    ['of level 0', [shown([1, 8])], NO],
    ['that is not highlighted', [shown([1, 7], [0])], NO],
    ['that is highlighted', [shown([1, 7], [1])], YES],
    ['that one window lacks', [shown([7], [0]), shown([8], [0]), shown([7], [0])], 1],
  ])('knows a token %s', (_name, windowsShown, answer) => {
    expect(
      tableAnswer((tokens) => simulateByTokenTable(table, tokens), {
        windows: windowsShown,
        answer: 0,
        group: 'x',
      }),
    ).toBe(answer)
  })
})
