import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { subsetOfQuestions } from '../../src/autointerp/question-subset.ts'
import {
  detectionQuestions,
  fuzzingQuestions,
  INTRUDER_WINDOWS,
  intruderQuestions,
  type Question,
  YES,
} from '../../src/autointerp/questions.ts'
import { Random } from '../../src/core/random.ts'
import { taskOptions } from '../../src/review/rubric.ts'

/** Windows of four tokens, each firing on some; no two alike. */
const windows = (firing: boolean, from: number) =>
  fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 60 }).map((patterns) =>
    patterns.map((pattern, place) => ({
      tokens: Array.from({ length: 4 }, (_, index) => from + 4 * place + index),
      activations: Array.from({ length: 4 }, (_, index) => (firing ? (pattern >> index) & 1 : 0)),
    })),
  )

const patternsOf = (questions: readonly Question[], yes: boolean): string[] =>
  questions
    .filter(({ answer }) => (answer === YES) === yes)
    .map(({ windows: [window] }) => window!.highlighted.join())
    .toSorted()

describe('the questions that people are asked', () => {
  const count = fc.integer({ min: 1, max: 100 })
  const seed = fc.integer({ min: 0, max: 1000 })

  it('are among an LLM’s and in its order, half of each class, as many as are wanted or there are', () => {
    fc.assert(
      fc.property(windows(true, 0), windows(false, 1000), count, seed, (firing, silent, wanted, drawn) => {
        const all = detectionQuestions(firing, silent, 50, new Random(drawn))
        const asked = subsetOfQuestions(all, wanted, true, new Random(drawn, 'subset'))
        expect(asked).toEqual(all.filter((question) => asked.includes(question)))
        expect(asked).toHaveLength(2 * Math.min(wanted >> 1, all.length / 2))
        expect(asked.filter(({ answer }) => answer === YES)).toHaveLength(asked.length / 2)
        expect(subsetOfQuestions(all, wanted, true, new Random(drawn, 'subset'))).toEqual(asked)
      }),
    )
  })

  it('show the same patterns in both classes, so that these alone tell nothing', () => {
    fc.assert(
      fc.property(windows(true, 0), count, seed, (firing, wanted, drawn) => {
        const all = fuzzingQuestions(firing, new Random(drawn))
        const asked = subsetOfQuestions(all, wanted, true, new Random(drawn, 'subset'))
        expect(patternsOf(asked, true)).toEqual(patternsOf(asked, false))
        expect(asked).toHaveLength(2 * Math.min(wanted >> 1, all.length / 2))
      }),
    )
  })

  it('have one of several windows to choose from where the scorer has', () => {
    fc.assert(
      fc.property(windows(true, 0), windows(false, 1000), count, seed, (firing, silent, wanted, drawn) => {
        const all = intruderQuestions(firing, silent, new Random(drawn))
        const asked = subsetOfQuestions(all, wanted, false, new Random(drawn, 'subset'))
        expect(asked).toHaveLength(Math.min(wanted, all.length))
        expect(asked).toEqual(all.filter((question) => asked.includes(question)))
      }),
    )
    expect([taskOptions('intruder'), taskOptions('fuzzing')]).toEqual([INTRUDER_WINDOWS, 2])
  })

  it('are others under another seed', () => {
    const fired = Array.from({ length: 50 }, (_, token) => ({ tokens: [token], activations: [1] }))
    const silent = fired.map(({ tokens }) => ({ tokens: [100 + tokens[0]!], activations: [0] }))
    const all = detectionQuestions(fired, silent, 50, new Random(0))
    const [one, other] = [1, 2].map((seeded) => subsetOfQuestions(all, 20, true, new Random(seeded)))
    expect(one).not.toEqual(other)
  })
})
