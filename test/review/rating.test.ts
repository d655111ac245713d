import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, type RatingAction } from '../../src/review/decide.ts'
import { MARKS, type RatingEvent } from '../../src/review/event.ts'
import { foldEvents, RaterFold, standingOf } from '../../src/review/fold.ts'
import { type FormItem, questionsOf, totalsOf } from '../../src/review/form.ts'
import { parseRubric, type Rubric } from '../../src/review/rubric.ts'
import { ROOT } from '../support/paths.ts'

function bundled(name: string): Rubric {
  const path = join(ROOT, 'prompts', 'rubrics', `${name}.yaml`)
  return parseRubric(readFileSync(path, 'utf8'), path)
}

const ITEM: FormItem = {
  code: 'item 001',
  hasLogits: true,
  hasExplanation: true,
  groups: ['top', 'middle'],
  examples: ['top/1', 'top/2', 'middle/1'],
}
const OTHER: FormItem = { ...ITEM, code: 'item 002' }

/** A rater without a screen: decisions are applied at once. */
class Rater {
  readonly state = new RaterFold()
  readonly events: RatingEvent[] = []
  readonly #rubric: Rubric

  constructor(rubric: Rubric) {
    this.#rubric = rubric
  }

  do(action: RatingAction, item = ITEM): string | null {
    const decision = decide({ rubric: this.#rubric, item, state: this.state, elapsedMs: 100 }, action)
    if ('refused' in decision) return decision.refused
    for (const draft of decision.events) {
      this.events.push({ ...draft, id: `e${this.events.length}`, session: 's', rater: 'r' })
      this.state.apply(draft)
    }
    return null
  }

  score(scores: Readonly<Record<string, number>>, item = ITEM): (string | null)[] {
    return Object.entries(scores).map(([slot, value]) => {
      const [field, part = null] = slot.split('@') as [string, string | undefined]
      return this.do({ do: 'set', field, part: part ?? null, value }, item)
    })
  }

  states(item = ITEM): Record<string, string> {
    return Object.fromEntries(
      questionsOf(this.#rubric, item, this.state).map(({ slot, state }) => [slot, state]),
    )
  }
}

const write = (text: string, edit = 1): RatingAction => ({ do: 'write', field: 'hypothesis', text, edit })
const OWN = {
  confidence: 2,
  'consistency@top': 5,
  'consistency@middle': 3,
  logits: 2,
  separation: 1,
  specificity: 3,
}

describe('the 14-point rubric', () => {
  it('totals each group, at most 14', () => {
    const rater = new Rater(bundled('monosemanticity'))
    rater.do(write('letters of DNA'))
    expect(rater.score(OWN)).toEqual([null, null, null, null, null, null])
    expect(totalsOf(bundled('monosemanticity'), ITEM, rater.state)).toEqual([
      { name: 'total', part: 'top', value: 13 },
      { name: 'total', part: 'middle', value: 11 },
      { name: 'partial', part: 'top', value: 10 },
      { name: 'partial', part: 'middle', value: 8 },
    ])
  })

  it('leaves no separation where all logits fit', () => {
    const rater = new Rater(bundled('monosemanticity'))
    rater.score({ separation: 1, logits: 3 })
    expect(rater.states()['separation']).toBe('fixed')
    expect(rater.do({ do: 'set', field: 'separation', part: null, value: 1 })).toBe(
      'separation can only be 0 here',
    )
    rater.do(write('x'))
    rater.score({ confidence: 3, 'consistency@top': 5, 'consistency@middle': 5, specificity: 3 })
    expect(totalsOf(bundled('monosemanticity'), ITEM, rater.state)[0]).toMatchObject({ value: 14 })
    rater.score({ logits: 2 })
    expect(rater.states()['separation']).toBe('open')
    expect(rater.state.value(ITEM.code, 'separation')).toBe(1)
  })

  it('scores 0 everywhere without a hypothesis, which has to be said', () => {
    const rater = new Rater(bundled('monosemanticity'))
    expect(rater.do({ do: 'submit' })).toMatch(
      /^missing: your hypothesis, confidence, consistency of top and 4 more/,
    )
    rater.do({ do: 'set', field: 'hypothesis', part: null, value: 0 })
    expect(rater.states()).toMatchObject({ confidence: 'fixed', 'consistency@top': 'fixed', logits: 'fixed' })
    expect(totalsOf(bundled('monosemanticity'), ITEM, rater.state)[0]).toMatchObject({ value: 0 })
    expect(rater.do({ do: 'submit' })).toBeNull()
    expect(rater.state.value(ITEM.code, MARKS.revealed)).toBe(true)
  })

  it('has no total without logits, but a partial one, never rescaled', () => {
    const bare = { ...ITEM, hasLogits: false }
    const rater = new Rater(bundled('monosemanticity'))
    rater.do(write('x'), bare)
    rater.score({ confidence: 2, 'consistency@top': 5, 'consistency@middle': 0, specificity: 1 }, bare)
    expect(rater.do({ do: 'set', field: 'logits', part: null, value: 1 }, bare)).toBe(
      'logits does not apply to this item',
    )
    expect(totalsOf(bundled('monosemanticity'), bare, rater.state).map(({ value }) => value)).toEqual([
      null,
      null,
      8,
      3,
    ])
  })

  it('locks what was said before the explanation was seen', () => {
    const rater = new Rater(bundled('monosemanticity'))
    expect(rater.do({ do: 'reveal' })).toMatch(/^before the explanation: your hypothesis/)
    expect(rater.do({ do: 'set', field: 'explanation', part: null, value: 2 })).toMatch(/comes after/)
    rater.do(write('x'))
    rater.score(OWN)
    expect(rater.do({ do: 'submit' })).toBeNull()
    expect(rater.events.at(-1)!.kind).toBe('reveal')
    expect(rater.do({ do: 'set', field: 'confidence', part: null, value: 0 })).toMatch(/is locked/)
    expect(rater.do(write('y'))).toMatch(/is locked/)
    expect(rater.do({ do: 'undo' })).toBe('nothing to undo')
    expect(rater.do({ do: 'submit' })).toBe("missing: machine's explanation")
    rater.score({ explanation: 1 })
    expect(rater.do({ do: 'submit' })).toBeNull()
    expect(standingOf(rater.state, ITEM.code)).toBe('submitted')
  })
})

describe('the other rubrics', () => {
  it('scaling: the mean over examples', () => {
    const rubric = bundled('scaling')
    const rater = new Rater(rubric)
    expect(rater.do({ do: 'reveal' })).toBe('revealed already')
    expect(
      rater.score({ 'specificity@top/1': 3, 'specificity@top/2': 2, 'specificity@middle/1': 1 }),
    ).toEqual([null, null, null])
    expect(totalsOf(rubric, ITEM, rater.state)).toEqual([{ name: 'mean', part: null, value: 2 }])
    expect(rater.do({ do: 'set', field: 'specificity', part: 'top/1', value: 4 })).toBe(
      'fits goes from 0 to 3',
    )
    expect(rater.do({ do: 'set', field: 'specificity', part: 'top/9', value: 1 })).toMatch(/^no field/)
  })

  it('fast: two questions', () => {
    const rater = new Rater(bundled('fast'))
    rater.do(write('x'))
    rater.score({ verdict: 2 })
    expect(rater.do({ do: 'reveal' })).toMatch(/no explanation/)
    expect(rater.do({ do: 'submit' })).toBeNull()
    expect(standingOf(rater.state, ITEM.code)).toBe('submitted')
  })

  it.each([
    ['no: [', 'is no valid YAML'],
    ['name: x', 'description'],
    [
      'name: x\ndescription: d\nfields:\n  - { name: a, kind: score, phase: own, label: a, most: 10, metric: ordinal }',
      'fields.0.most',
    ],
    [
      'name: x\ndescription: d\nfields:\n  - { name: a, kind: text, phase: own, label: a }\n  - { name: a, kind: text, phase: own, label: a }',
      'two fields are called a',
    ],
    [
      'name: x\ndescription: d\nfields:\n  - { name: a, kind: text, phase: own, label: a }\ntotals: [{ name: t, of: [a], most: 3 }]',
      'total t: expected score fields, found a',
    ],
    [
      'name: x\ndescription: d\nfields:\n  - { name: a, kind: score, phase: own, label: a, most: 2, metric: ordinal }\ncheck: { field: a, atMost: 1 }',
      'check: expected a score field of the phase revealed',
    ],
    [
      'name: x\ndescription: d\nfields:\n  - { name: a, kind: score, phase: own, label: a, most: 2, metric: ordinal, names: [no, yes] }',
      'names of a: expected 3',
    ],
    [
      'name: x\ndescription: d\nfields:\n  - { name: a, kind: score, phase: own, label: a, most: 2, metric: ordinal }\nfixes: [{ when: { field: a, is: 2 }, to: { a: 3 } }]',
      'fixes: expected a score field and one of its scores, found a: 3',
    ],
    [
      'name: x\ndescription: d\nfields:\n  - { name: a, kind: score, phase: own, label: a, most: 1, metric: ordinal, keys: [a, a] }',
      'keys of a: expected 2 different ones, found a, a',
    ],
    [
      'name: x\ndescription: d\nquestions: 20\nfields:\n  - { name: a, kind: score, phase: own, label: a, most: 1, metric: ordinal }',
      'questions: expected a task beside it',
    ],
    [
      'name: x\ndescription: d\ntask: detection\nquestions: 20\nfields:\n  - { name: a, kind: score, phase: own, label: a, most: 1, metric: nominal, per: example }',
      'task detection: expected one field, a score of the phase revealed, most 1, metric nominal, per example',
    ],
    [
      'name: x\ndescription: d\ntask: intruder\nfields:\n  - { name: a, kind: score, phase: revealed, label: a, most: 4, metric: nominal, per: interval }',
      'task intruder: expected the number of questions',
    ],
    [
      'name: x\ndescription: d\ntask: fuzzing\nquestions: 20\nfields:\n  - { name: a, kind: score, phase: revealed, label: a, most: 1, metric: nominal, per: example }\ntotals: [{ name: t, of: [a], most: 1 }]',
      "its score is the scorer's; leave totals out",
    ],
  ])('of users are checked: %#', (text, message) => {
    expect(() => parseRubric(text, 'mine.yaml')).toThrow(message)
    expect(() => parseRubric(text, 'mine.yaml')).toThrow(/^mine\.yaml.*correct the file$/)
  })
})

describe('undo and redo', () => {
  it('append the inverse, go across items and submission, and take a visit to a text as one', () => {
    const rater = new Rater(bundled('fast'))
    for (const text of ['a', 'ab', 'abc']) rater.do(write(text, 4))
    rater.score({ verdict: 2 })
    rater.do({ do: 'submit' })
    rater.score({ verdict: 1 }, OTHER)
    for (let step = 0; step < 4; step++) expect(rater.do({ do: 'undo' }, OTHER)).toBeNull()
    expect(
      rater.events.slice(-4).map(({ item, kind, payload }) => [item, kind, payload.old, payload.new]),
    ).toEqual([
      ['item 002', 'undo', 1, null],
      ['item 001', 'undo', true, null],
      ['item 001', 'undo', 2, null],
      ['item 001', 'undo', 'abc', null],
    ])
    expect(rater.do({ do: 'undo' })).toBe('nothing to undo')
    for (let step = 0; step < 3; step++) rater.do({ do: 'redo' })
    expect(standingOf(rater.state, ITEM.code)).toBe('submitted')
    expect(rater.state.value(ITEM.code, 'hypothesis')).toBe('abc')
    rater.score({ verdict: 0 }, OTHER)
    expect(rater.do({ do: 'redo' })).toBe('nothing to redo')
  })

  it('of what was changed after submission submits again', () => {
    const rater = new Rater(bundled('fast'))
    rater.do(write('x'))
    rater.score({ verdict: 2 })
    rater.do({ do: 'submit' })
    rater.score({ verdict: 1 })
    expect(standingOf(rater.state, ITEM.code)).toBe('open')
    rater.do({ do: 'undo' })
    rater.do({ do: 'undo' })
    expect(standingOf(rater.state, ITEM.code)).toBe('submitted')
    expect(rater.state.value(ITEM.code, 'verdict')).toBe(2)
  })

  const action = fc.oneof(
    fc.record({
      do: fc.constant('set' as const),
      field: fc.constantFrom(
        'confidence',
        'consistency',
        'logits',
        'separation',
        'hypothesis',
        'explanation',
      ),
      part: fc.constantFrom(null, 'top', 'middle'),
      value: fc.integer({ min: 0, max: 5 }),
    }),
    fc.record({
      do: fc.constant('write' as const),
      field: fc.constant('hypothesis'),
      text: fc.string({ maxLength: 3 }),
      edit: fc.integer({ min: 1, max: 2 }),
    }),
    fc.record({
      do: fc.constant('comment' as const),
      text: fc.string({ maxLength: 2 }),
      edit: fc.constant(9),
    }),
    fc.record({ do: fc.constant('skip' as const), reason: fc.constant('later') }),
    fc.record({
      do: fc.constantFrom(
        'submit' as const,
        'flag' as const,
        'reveal' as const,
        'undo' as const,
        'redo' as const,
      ),
    }),
  )
  const actions = fc.array(fc.tuple(action, fc.constantFrom(ITEM, OTHER)), { maxLength: 40 })

  it('bring back every state that was, by any way of getting there', () => {
    const rubric = bundled('monosemanticity')
    fc.assert(
      fc.property(actions, (done) => {
        const rater = new Rater(rubric)
        const snapshot = (): ReadonlySet<string> =>
          new Set(
            [...rater.state.items].flatMap(([item, slots]) =>
              [...slots].map(([slot, value]) => JSON.stringify([item, slot, value])),
            ),
          )
        for (const [one, item] of done) rater.do(one, item)
        const depth = rater.state.done.length
        const before = snapshot()
        for (let step = 0; step < depth; step++) expect(rater.do({ do: 'undo' })).toBeNull()
        for (let step = 0; step < depth; step++) expect(rater.do({ do: 'redo' })).toBeNull()
        expect(snapshot()).toEqual(before)
      }),
    )
  })

  it('survive a restart: the folded log is the state, whatever the order it is read in', () => {
    fc.assert(
      fc.property(actions, (done) => {
        const rater = new Rater(bundled('monosemanticity'))
        for (const [one, item] of done) rater.do(one, item)
        expect(foldEvents(rater.events.toReversed())).toEqual(rater.state)
      }),
    )
  })

  it('count time once, and a night as two minutes', () => {
    const state = new RaterFold()
    const draft = (seq: number, elapsedMs: number) => ({
      item: 'i',
      kind: 'set' as const,
      payload: { seq, field: 'a', part: null, old: null, new: seq, edit: null, elapsedMs },
    })
    state.apply(draft(1, 4000)).apply(draft(2, 8 * 3600e3))
    expect(state.elapsedMs.get('i')).toBe(124_000)
  })
})
