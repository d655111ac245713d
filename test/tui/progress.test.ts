import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Spending } from '../../src/core/chat-model.ts'
import { type StudyEvent } from '../../src/core/events.ts'
import { STAGES, type StageName } from '../../src/core/stages.ts'
import {
  initialProgress,
  plainEnd,
  plainProgress,
  type ProgressState,
  reduceProgress,
  renderProgress,
} from '../../src/tui/progress.ts'
import { COLOURED, PLAIN } from '../../src/tui/style.ts'
import { widthOf } from '../../src/tui/text.ts'
import { WIDTHS, wideText } from '../support/wide-texts.ts'

/** Events at seconds of a clock. */
type Timed = readonly [at: number, event: StudyEvent]

const START: StudyEvent = {
  type: 'stage-start',
  stage: 'train',
  unit: 'tokens',
  done: 200_000,
  total: 1_000_000,
  note: 'topk k=32, 512 → 4096',
}
const progress = (done: number, stage: StageName = 'train', total = 1_000_000): StudyEvent => ({
  type: 'stage-progress',
  stage,
  done,
  total,
})
const FAILURE: StudyEvent = { type: 'item-failed', stage: 'train', feature: 7, reason: 'no reply' }

function after(...events: readonly Timed[]): ProgressState {
  return events.reduce((state, [at, event]) => reduceProgress(state, event, at), initialProgress())
}
const train = (state: ProgressState) => state.get('train')!

describe('the state of the progress', () => {
  it('begins with every stage waiting', () => {
    const state = initialProgress()
    expect([...state.keys()]).toEqual([...STAGES])
    expect([...state.values()].every((view) => view.state === 'waiting')).toBe(true)
    expect([...initialProgress(['score']).keys()]).toEqual(['score'])
  })

  it('follows a stage from its start to its end', () => {
    const started = after([10, START])
    expect(train(started)).toMatchObject({
      state: 'running',
      done: 200_000,
      doneBefore: 200_000,
      total: 1_000_000,
      startedAt: 10,
    })
    const running = reduceProgress(started, progress(300_000), 12)
    expect(train(running)).toMatchObject({ state: 'running', done: 300_000, doneBefore: 200_000 })
    const ended = reduceProgress(
      running,
      { type: 'stage-end', stage: 'train', seconds: 71.2, note: 'L0 32.0' },
      20,
    )
    expect(train(ended)).toMatchObject({ state: 'done', note: 'L0 32.0', seconds: 71.2 })
    const skipped = after([0, { type: 'stage-skip', stage: 'train', note: 'there' }])
    expect(train(skipped)).toMatchObject({ state: 'skipped', note: 'there' })
  })

  it('changes no other stage, nor the state before', () => {
    const before = after([0, START])
    const later = reduceProgress(before, progress(500_000), 1)
    expect(train(before).done).toBe(200_000)
    for (const stage of STAGES.filter((one) => one !== 'train'))
      expect(later.get(stage)).toBe(before.get(stage))
  })

  it('counts failures, keeps the last training step, and is not moved by notices', () => {
    const training = { loss: 0.21, l0: 32, fvu: 0.18, deadShare: 0.04 }
    const state = after(
      [0, START],
      [1, { ...progress(300_000), training } as StudyEvent],
      [2, FAILURE],
      [3, FAILURE],
      [4, progress(400_000)],
      [5, { type: 'notice', stage: 'train', text: 'fewer tokens than asked for' }],
    )
    expect(train(state)).toMatchObject({ problems: 2, training, done: 400_000 })
    expect(train(reduceProgress(state, START, 6)).problems).toBe(2)
  })

  it('counts as many failures as there were, whatever came between', () => {
    const event = fc.constantFrom(START, progress(1), FAILURE, { ...FAILURE, feature: 8 })
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const state = after(...events.map((one, index): Timed => [index, one]))
        expect(train(state).problems).toBe(events.filter(({ type }) => type === 'item-failed').length)
      }),
    )
  })
})

describe('rate and remaining time', () => {
  it('count what this process did, not what it found done', () => {
    const state = after([10, START], [20, progress(320_000)])
    expect(plainProgress('train', train(state), 20)).toBe(
      'train: 320.0 k of 1.00 M tokens  12.0 k tok/s   ETA 57 s',
    )
  })

  it('are left out before there is anything to go by', () => {
    const state = after([10, START])
    expect(plainProgress('train', train(state), 10.5)).toBe('train: 200.0 k of 1.00 M tokens')
    expect(plainProgress('train', train(state), 30)).toBe('train: 200.0 k of 1.00 M tokens')
  })

  it('have the unit of the stage, and a decimal where they are slow', () => {
    const start: StudyEvent = { ...START, stage: 'score', unit: 'features', done: 0, total: 200 }
    const slow = after([0, start], [10, progress(25, 'score', 200)])
    expect(plainProgress('score', slow.get('score')!, 10)).toBe(
      'score: 25 of 200 features  2.5 features/s   ETA 1 min 10 s',
    )
    const fast = after([0, start], [10, progress(150, 'score', 200)])
    expect(plainProgress('score', fast.get('score')!, 10)).toContain('15 features/s   ETA 3.3 s')
  })

  it('never promise less than nothing, also where more was done than planned', () => {
    const state = after([0, { ...START, done: 0 }], [10, progress(1_200_000)])
    expect(plainProgress('train', train(state), 10)).toBe(
      'train: 1.20 M of 1.00 M tokens  120.0 k tok/s   ETA 0.0 s',
    )
    for (const line of renderProgress(state, 10, 80, PLAIN)) expect(line).not.toContain('-')
  })

  it('stand beside the failures', () => {
    const state = after([0, { ...START, done: 0 }], [1, FAILURE], [10, progress(100_000)])
    expect(plainProgress('train', train(state), 10)).toMatch(/ETA 1 min 30 s {2}1 problem$/)
    expect(renderProgress(state, 10, 100, PLAIN)[1]).toMatch(/ETA 1 min 30 s {3}1 problem$/)
  })
})

describe('what an LLM was asked', () => {
  const spending: Spending = {
    requests: 1200,
    fromCache: 34,
    failed: 1,
    retries: 5,
    promptTokens: 2_000_000,
    cachedTokens: 1_500_000,
    completionTokens: 80_000,
    usd: 0.3127,
    inFlight: 61,
    window: 64,
  }
  const asking = (what: Partial<Spending>): ProgressState =>
    after(
      [0, { ...START, stage: 'score', unit: 'features', done: 0, total: 200, note: 'simulation' }],
      [0.5, { ...progress(50, 'score', 200), spending: { ...spending, ...what } } as StudyEvent],
    )
  const lineOf = (what: Partial<Spending>, width = 120): string =>
    renderProgress(asking(what), 0.5, width, PLAIN).at(-1)!

  it('stands below the bar: replies, requests under way, tokens, dollars', () => {
    expect(lineOf({})).toBe(
      '            1,200 replies   $0.31   2.08 M tokens (75 % cached)   61/64 under way   34 stored   5 retries',
    )
    expect(plainProgress('score', asking({}).get('score')!, 0.5)).toBe(
      'score: 50 of 200 features  1,200 replies   $0.31   2.08 M tokens (75 % cached)   61/64 under way   34 stored   5 retries',
    )
  })

  it('leaves out what there is none of, and a cost that is not known', () => {
    expect(lineOf({ fromCache: 0, retries: 0, cachedTokens: 0, usd: null })).toBe(
      '            1,200 replies   2.08 M tokens   61/64 under way',
    )
    expect(lineOf({ fromCache: 0, retries: 0, cachedTokens: 0, usd: 0 })).toBe(
      '            1,200 replies   $0   2.08 M tokens   61/64 under way',
    )
  })

  it('stays while a later event says nothing of it', () => {
    const later = reduceProgress(asking({}), progress(60, 'score', 200), 0.8)
    expect(later.get('score')).toMatchObject({ done: 60, spending })
  })

  it('is cut where room is short, the cost last', () => {
    expect(lineOf({}, 60)).toBe('            1,200 replies   $0.31   2.08 M tokens (75 % ca…')
  })
})

describe('the lines of the progress', () => {
  const training = { loss: 0.21, l0: 32, fvu: 0.18, deadShare: 0.04 }
  const state = after(
    [0, { type: 'stage-skip', stage: 'tokenize', note: '9 registers, 3.40 M tokens' }],
    [0, { ...START, done: 0 }],
    [40, { ...progress(500_000), training } as StudyEvent],
  )

  it('are one for a stage and two for the one that runs', () => {
    expect(renderProgress(state, 50, 80, PLAIN)).toEqual([
      `  tokenize  9 registers, 3.40 M tokens${' '.repeat(29)}already done`,
      '  train     ██████░░░░░░  500.0 k of 1.00 M tokens   10.0 k tok/s   ETA 50 s',
      '            loss 0.2   L0 32.0   FVU 0.180   dead 4.0 %',
      '  collect   ·',
      '  sample    ·',
      '  explain   ·',
      '  score     ·',
    ])
  })

  it('keep the remaining time and the failures where room is short', () => {
    const failing = reduceProgress(reduceProgress(state, FAILURE, 50), FAILURE, 50)
    expect(renderProgress(failing, 50, 80, PLAIN)[1]).toBe(
      '  train     ██████░░░░░░  500.0 k of 1.00 M tokens   ETA 50 s   2 problems',
    )
    expect(renderProgress(failing, 50, 50, PLAIN)[1]).toBe('  train     ████░░░░  ETA 50 s   2 problems')
  })

  it('end with the time of a stage', () => {
    const ended = reduceProgress(
      state,
      { type: 'stage-end', stage: 'train', seconds: 71.2, note: 'L0 32.0   FVU 0.180' },
      60,
    )
    expect(renderProgress(ended, 60, 60, PLAIN)[1]).toBe(
      `  train     L0 32.0   FVU 0.180${' '.repeat(12)}1 min 11 s  done`,
    )
    expect(plainEnd('train', train(ended))).toBe('train: L0 32.0   FVU 0.180  1 min 11 s  done')
    expect(plainEnd('tokenize', ended.get('tokenize')!)).toBe(
      'tokenize: 9 registers, 3.40 M tokens  already done',
    )
  })

  it('have a bar as long as what is done', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(1000), (done, total) => {
        const event: StudyEvent = { ...START, done, total }
        const bar = /[█░]+/.exec(renderProgress(after([0, event]), 0, 100, PLAIN)[1]!)![0]
        expect(bar).toMatch(/^█*░*$/)
        expect(bar).toHaveLength(18)
        const share = total === 0 ? 0 : Math.min(1, done / total)
        expect(Math.abs(bar.replaceAll('░', '').length - share * 18)).toBeLessThanOrEqual(0.5)
      }),
    )
  })

  it.each(WIDTHS)('fit into %d columns, so that redrawing finds their beginning', (width) => {
    const stage = fc.constantFrom(...STAGES)
    const count = fc.nat(2_000_000_000)
    const event: fc.Arbitrary<StudyEvent> = fc.oneof(
      fc.record({
        type: fc.constant('stage-start'),
        stage,
        unit: fc.constantFrom('tokens', 'features'),
        done: count,
        total: count,
        note: wideText,
      }),
      fc.record({ type: fc.constant('stage-progress'), stage, done: count, total: count }),
      fc.record({
        type: fc.constant('stage-progress'),
        stage,
        done: count,
        total: count,
        training: fc.record({
          loss: fc.double({ min: 0, max: 1e9, noNaN: true }),
          l0: fc.double({ min: 0, max: 1e5, noNaN: true }),
          fvu: fc.double({ min: 0, max: 10, noNaN: true }),
          deadShare: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
      }),
      fc.record({
        type: fc.constant('stage-progress'),
        stage,
        done: count,
        total: count,
        spending: fc.record({
          requests: count,
          fromCache: count,
          failed: count,
          retries: count,
          promptTokens: count,
          cachedTokens: count,
          completionTokens: count,
          usd: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
          inFlight: count,
          window: count,
        }),
      }),
      fc.record({
        type: fc.constant('stage-end'),
        stage,
        seconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
        note: wideText,
      }),
      fc.record({ type: fc.constant('stage-skip'), stage, note: wideText }),
      fc.record({ type: fc.constant('item-failed'), stage, feature: count, reason: wideText }),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(100_000), event), { maxLength: 20 }), (events) => {
        const timed = events.toSorted(([a], [b]) => a - b)
        const lines = renderProgress(after(...timed), 100_000, width, PLAIN)
        for (const line of lines) {
          // The last column stays free: some terminals wrap when it is written.
          expect(widthOf(line), line).toBeLessThan(width)
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u)
        }
        const coloured = renderProgress(after(...timed), 100_000, width, COLOURED)
        expect(coloured.map((line) => widthOf(line))).toEqual(lines.map((line) => widthOf(line)))
      }),
    )
  })
})
