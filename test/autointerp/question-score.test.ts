import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bootstrap } from '../../src/autointerp/bootstrap.ts'
import { type ControlVerdicts, scoreQuestions, type Verdicts } from '../../src/autointerp/question-score.ts'
import { type Question, YES } from '../../src/autointerp/questions.ts'

const LIMITS = { minimumExamples: 20, minimumFiring: 5 }
const bootstrap = new Bootstrap(0, 200)

function yesNo(positives: number, negatives: number): Question[] {
  const question = (answer: number): Question => ({
    windows: [{ tokens: [1], highlighted: [] }],
    answer,
    group: answer === YES ? 'firing' : 'silent',
  })
  return [
    ...Array.from({ length: positives }, () => question(1)),
    ...Array.from({ length: negatives }, () => question(0)),
  ]
}

function hard(answers: readonly (number | null)[]): Verdicts {
  return { answers, beliefs: null }
}

function scored(
  questions: readonly Question[],
  own: Verdicts,
  {
    controls = [],
    firingShare = null,
    anyReply = true,
    options = 2,
  }: {
    controls?: ControlVerdicts[]
    firingShare?: number | null
    anyReply?: boolean
    options?: number
  } = {},
) {
  return scoreQuestions(questions, own, controls, {
    options,
    firingShare,
    limits: LIMITS,
    bootstrap,
    anyReply,
  })
}

/** Answers that say yes to so many of the positives and of the negatives. */
function saying(hits: number, positives: number, alarms: number, negatives: number): number[] {
  return [
    ...Array.from({ length: positives }, (_, i) => Number(i < hits)),
    ...Array.from({ length: negatives }, (_, i) => Number(i < alarms)),
  ]
}

describe('scores of answers', () => {
  it('are the mean of both classes, however many each has', () => {
    // scikit-learn 1.5 balanced_accuracy_score: (18/20 + 30/40) / 2
    const { accuracy } = scored(yesNo(20, 40), hard(saying(18, 20, 10, 40)))
    expect(accuracy.result.value).toBeCloseTo(0.825, 12)
    expect(accuracy.result).toMatchObject({ n: 60, undefined: null, flag: null })
    expect(accuracy.result.low!).toBeLessThan(0.825)
    expect(accuracy.result.high!).toBeGreaterThan(0.825)
  })

  it('have the precision of the protocol: 0.95 and 0.05 at one window in a thousand is 2 %', () => {
    const { precision } = scored(yesNo(20, 20), hard(saying(19, 20, 1, 20)), { firingShare: 0.001 })
    expect(precision!.result.value).toBeCloseTo((0.001 * 0.95) / (0.001 * 0.95 + 0.999 * 0.05), 12)
    expect(precision!.result.value).toBeCloseTo(0.0187, 4)
    expect(precision!.controls.find(({ name }) => name === 'constant')!.value).toBe(0.001)
  })

  it('have no precision where nothing is named', () => {
    const { precision, accuracy } = scored(yesNo(20, 20), hard(saying(0, 20, 0, 20)), { firingShare: 0.01 })
    expect(precision!.result).toMatchObject({ value: null, undefined: 'noneNamed' })
    expect(accuracy.result).toMatchObject({ value: 0.5, flag: 'constantPrediction' })
  })

  it('have an area under the curve from beliefs, ties counting half, and none from two values', () => {
    // scikit-learn's documented example: roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) is 0.75.
    const repeated = (...values: number[]): number[] => Array.from({ length: 10 }, () => values).flat()
    const beliefs = [...repeated(0.35, 0.8), ...repeated(0.1, 0.4)]
    const answers = beliefs.map((belief) => Number(belief >= 0.5))
    expect(scored(yesNo(20, 20), { answers, beliefs }).auc!.result.value).toBeCloseTo(0.75, 12)
    const two = answers.map((answer) => 0.2 + 0.5 * answer)
    expect(scored(yesNo(20, 20), { answers, beliefs: two }).auc!.result).toMatchObject({
      value: null,
      undefined: 'hardAnswers',
    })
    expect(scored(yesNo(20, 20), hard(answers)).auc!.result.undefined).toBe('hardAnswers')
  })

  it('equal balanced accuracy as areas, were answers beliefs', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), (said) => {
        const answers = said.map(Number)
        // A third value that ties with its own: half a hair apart within one class only.
        const { accuracy } = scored(yesNo(20, 20), hard(answers))
        const positives = answers.slice(0, 20)
        const negatives = answers.slice(20)
        let area = 0
        for (const p of positives) for (const q of negatives) area += p > q ? 1 : p === q ? 0.5 : 0
        expect(accuracy.result.value).toBeCloseTo(area / 400, 12)
      }),
      { numRuns: 50 },
    )
  })

  it('are the share of right answers where one of several is right', () => {
    const questions = Array.from({ length: 25 }, (_, i): Question => ({
      windows: Array.from({ length: 5 }, () => ({ tokens: [1], highlighted: [0] })),
      answer: i % 5,
      group: 'question',
    }))
    const { accuracy, auc, precision } = scored(questions, hard(questions.map(() => 2)), { options: 5 })
    expect(accuracy.result).toMatchObject({ value: 0.2, n: 25, flag: 'constantPrediction' })
    expect([auc, precision]).toEqual([null, null])
    expect(accuracy.controls[0]).toMatchObject({ name: 'constant', value: 0.2 })
  })
})

describe('undefined scores', () => {
  const all = saying(20, 20, 0, 20)
  it.each<[string, Question[], (number | null)[], boolean, string]>([
    ['one class was drawn', yesNo(20, 0), saying(20, 20, 0, 0), true, 'oneClass'],
    ['nothing was drawn', [], [], false, 'oneClass'],
    ['no call got a reply', yesNo(20, 20), all.map(() => null), false, 'callsFailed'],
    ['nothing could be read', yesNo(20, 20), all.map(() => null), true, 'lowCoverage'],
    [
      'fewer than 20 were answered',
      yesNo(15, 15),
      saying(10, 15, 0, 15).map((a, i) => (i % 2 ? a : null)),
      true,
      'lowCoverage',
    ],
    [
      'fewer than half were answered',
      yesNo(50, 50),
      saying(50, 50, 0, 50).map((a, i) => (i % 5 < 2 ? a : null)),
      true,
      'lowCoverage',
    ],
    [
      'fewer than 5 firing ones were',
      yesNo(20, 30),
      saying(20, 20, 0, 30).map((a, i) => (i < 16 ? null : a)),
      true,
      'lowCoverage',
    ],
    [
      'a whole class was not',
      yesNo(20, 30),
      saying(20, 20, 0, 30).map((a, i) => (i < 20 ? a : null)),
      true,
      'lowCoverage',
    ],
  ])('where %s', (_name, questions, answers, anyReply, reason) => {
    const { accuracy, auc } = scored(questions, hard(answers), { anyReply })
    expect(accuracy.result).toMatchObject({ value: null, low: null, high: null, undefined: reason })
    expect(auc!.result.undefined).toBe(reason)
  })

  it('count what was answered by class', () => {
    const answers = saying(20, 20, 0, 30).map((answer, i) => (i < 7 ? null : answer))
    expect(scored(yesNo(20, 30), hard(answers)).coverage).toEqual({ firing: [13, 20], silent: [30, 30] })
  })
})

describe('gains', () => {
  it('over a control that answers alike are exactly 0, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1, null), { minLength: 60, maxLength: 60 }), (answers) => {
        const own = hard(answers)
        const { accuracy } = scored(yesNo(30, 30), own, { controls: [{ ...own, name: 'shuffled' }] })
        fc.pre(accuracy.result.value !== null)
        expect(accuracy.controls.at(-1)).toMatchObject({ gain: 0, gainLow: 0, gainHigh: 0 })
      }),
      { numRuns: 40 },
    )
  })

  it('are taken on what both answered', () => {
    const own = hard(saying(30, 30, 0, 30))
    // The control is wrong throughout, but answers only half of the questions of each class.
    const answers = saying(0, 30, 30, 30).map((answer, i) => (i % 2 === 0 ? answer : null))
    const { accuracy } = scored(yesNo(30, 30), own, {
      controls: [{ name: 'shuffled', answers, beliefs: null }],
    })
    expect(accuracy.controls.at(-1)).toMatchObject({ value: 0, gain: 1, gainLow: 1, gainHigh: 1 })
  })

  it('have no value over a control that answered too little', () => {
    const { accuracy } = scored(yesNo(30, 30), hard(saying(30, 30, 0, 30)), {
      controls: [{ name: 'shuffled', answers: Array.from({ length: 60 }, () => null), beliefs: null }],
    })
    expect(accuracy.controls.at(-1)).toMatchObject({ value: null, gain: null })
    expect(accuracy.controls[0]).toMatchObject({ name: 'constant', value: 0.5, gain: 0.5 })
  })
})
