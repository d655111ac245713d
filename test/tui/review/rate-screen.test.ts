import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { onTestFinished, describe, expect, it } from 'vitest'
import stringWidth from 'string-width'
import fc from 'fast-check'
import { bundledMigrations, bundledProtocol } from '../../../src/cli/assets.ts'
import type { Store } from '../../../src/core/store.ts'
import { RatingDesk } from '../../../src/pipeline/rating-desk.ts'
import { createRatingSession } from '../../../src/pipeline/rating-session.ts'
import { openStore } from '../../../src/store/sqlite-store.ts'
import { PLAIN, styleFor } from '../../../src/tui/style.ts'
import { ReviewApplication } from '../../../src/tui/review/application.ts'
import { keymap } from '../../../src/tui/review/keymap.ts'
import { KeyDecoder } from '../../../src/tui/review/keys.ts'
import { RateScreen } from '../../../src/tui/review/rate-screen.ts'
import type { Frame } from '../../../src/tui/review/screen.ts'
import { ROOT, temporaryFolder } from '../../support/paths.ts'
import { type ReviewStudyOptions, writeReviewStudy } from '../../support/review-study.ts'
import { HOSTILE_TEXTS } from '../../support/wide-texts.ts'

const FRAME: Frame = { columns: 80, rows: 23, style: PLAIN, terse: false }

interface Table {
  readonly store: Store
  readonly desk: RatingDesk
  readonly application: ReviewApplication
  /** Types, then shows the screen. */
  readonly type: (text: string, frame?: Frame) => string
}

function sitDown(rubric = 'monosemanticity', options: ReviewStudyOptions = {}): Table {
  const folder = writeReviewStudy(temporaryFolder(), options)
  const store = openStore(join(folder, 'gloss.db'), bundledMigrations())
  onTestFinished(() => store.close())
  let clock = 0
  const now = (): Date => new Date((clock += 1000))
  const session = createRatingSession(
    store,
    {
      name: 'pilot',
      rubricText: readFileSync(join(ROOT, 'prompts', 'rubrics', `${rubric}.yaml`), 'utf8'),
      draw: { seed: 1, items: 12, repeats: 0.1, checks: 0.1, overlap: 0.25, raters: null },
      protocol: bundledProtocol('monosemanticity').name,
      sets: store.featureSets.all(),
      selection: { kind: 'all' },
    },
    now(),
  )
  const desk = new RatingDesk(store, session, 'ana', now)
  const keys = keymap()
  const application = new ReviewApplication(new RateScreen(desk, keys, 1), keys, null)
  return {
    store,
    desk,
    application,
    type: (text, frame = FRAME) => {
      const decoder = new KeyDecoder()
      for (const key of [...decoder.push(text), ...decoder.flush()]) application.press(key)
      return application.lines(frame).join('\n')
    },
  }
}

describe('the rating screen', () => {
  it('goes from question to question, to the explanation, to the next item', () => {
    const { type, desk } = sitDown()
    expect(type('')).toContain('›your hypothesis ·')
    expect(type('e')).toContain('your hypothesis _')
    expect(type('words jqu3')).toContain('your hypothesis words jqu3_')
    expect(type('\r')).toContain('›confidence 0 1 2 3')
    expect(type('2543')).toContain('consistency top 5')
    // Where all logits fit, nothing is left to separate.
    expect(type('3')).toMatch(/logits 3 .*separation 0/)
    expect(type('2')).toContain("↵ shows the machine's explanation")
    expect(type('')).not.toContain('machine  ')
    expect(type('\r')).toMatch(/machine {4}the word \w+/)
    expect(type('3')).toContain('↵ submits')
    expect(type('\r')).toContain('item 002')
    expect(desk.view()).toMatchObject({ place: 1, finished: 1 })
  })

  it('leaves keys to texts while one is written', () => {
    const { type, desk } = sitDown()
    type('cq?usf j0:\u001b')
    expect(desk.view()).toMatchObject({ comment: 'q?usf j0:', flagged: false, standing: 'open', place: 0 })
    expect(type('')).toContain('comment: q?usf j0:')
  })

  it('undoes and makes again, across items and over a submission', () => {
    const { type, desk } = sitDown('fast')
    type('ehello\r2\r')
    expect(desk.view()).toMatchObject({ code: 'item 002' })
    expect(type('u')).toContain('item 001')
    expect(desk.view().standing).toBe('open')
    type('uu')
    expect(desk.view().questions.map(({ value }) => value)).toEqual([null, null])
    expect(type('u')).toContain('! nothing to undo')
    type('ZZZ')
    expect(desk.view().standing).toBe('submitted')
  })

  it('skips with a reason, flags, goes to an item by its number, and comes back', () => {
    const { type, desk } = sitDown('fast')
    type('shard\r')
    expect(desk.view().code).toBe('item 002')
    expect(type('f')).toContain('flagged')
    expect(type(':1\r')).toContain('skipped: hard')
    expect(type('n')).toContain('item 002')
    expect(type('p')).toContain('item 001')
    expect(type(':x\r')).toContain('! expected the number of an item')
  })

  it('refuses what the rubric does not have', () => {
    const { type } = sitDown('fast')
    expect(type('5')).toContain('! your hypothesis takes a text, or 0 for none')
    expect(type('0')).toContain('your hypothesis (none)')
    expect(type('3')).toContain('! one meaning? goes from 0 to 2')
    expect(type('\r')).toContain('! missing: one meaning?')
  })

  it('scores each example where the rubric does, the pointer beside it', () => {
    const { type } = sitDown('scaling')
    expect(type('')).toMatch(/^›top/m)
    expect(type('33')).toMatch(/fits top\/1 3 {2,}fits top\/2 3 {2,}›?fits top\/3/)
    expect(type('l')).toMatch(/^›7-12\/12/m)
    expect(type('1')).toContain('fits 7-12/12/1 1')
  })

  it('says when all is done', () => {
    const { type, desk } = sitDown('fast')
    for (let item = 0; item < desk.view().total; item++) type('01\r')
    expect(type('')).toContain('all items are done; gloss ratings shows the statistics')
  })

  it('shows all keys, and only those that do something here', () => {
    const { type } = sitDown('fast')
    const help = type('?', { ...FRAME, rows: 60 })
    expect(help).toContain('take an answer back')
    expect(help).not.toContain('sort by the next column')
    expect(type('?')).toContain('item 001')
  })

  it('says nothing that gives away what an item is', () => {
    const { type, desk } = sitDown('fast', { baselines: 40 })
    for (let item = 0; item < desk.view().total; item++) {
      const screen = type('n', { ...FRAME, columns: 140, rows: 60 })
      expect(screen).not.toMatch(/neuron|direction|planted|density|%|repeat|check|judge|pairs/i)
    }
  })

  it.each([
    [40, 9],
    [60, 19],
    [80, 23],
    [120, 39],
    [200, 60],
  ])('fits %d columns and %d rows, whatever is typed and shown', (columns, rows) => {
    const frames = [PLAIN, styleFor(24)].flatMap((style) =>
      [false, true].map((terse) => ({ columns, rows, style, terse })),
    )
    const { type, application } = sitDown('monosemanticity', {
      words: HOSTILE_TEXTS,
      explanation: () => HOSTILE_TEXTS.join(' '),
    })
    const keys = fc.array(
      fc.constantFrom(
        '0',
        '1',
        '2',
        '3',
        '\t',
        '\r',
        'e',
        'c',
        's',
        'f',
        'u',
        'Z',
        'n',
        'p',
        'j',
        'l',
        '?',
        '\u001b',
        'x',
        ...HOSTILE_TEXTS.filter((word) => !word.includes('\u001b')),
      ),
      { maxLength: 20 },
    )
    fc.assert(
      fc.property(keys, (typed) => {
        type(typed.join(''))
        for (const frame of frames) {
          const lines = application.lines(frame)
          expect(lines.length).toBeLessThanOrEqual(rows)
          for (const line of lines) {
            // oxlint-disable-next-line no-control-regex
            const text = line.replaceAll(/\u001b\[[\d;]+m/g, '')
            expect(stringWidth(text), text).toBeLessThanOrEqual(columns)
            expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
          }
        }
      }),
      { numRuns: 6 },
    )
  })
})
