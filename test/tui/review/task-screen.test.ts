import { join } from 'node:path'
import fc from 'fast-check'
import stringWidth from 'string-width'
import { describe, expect, it, onTestFinished } from 'vitest'
import { bundledMigrations } from '../../../src/cli/assets.ts'
import { HumanScores } from '../../../src/pipeline/human-scores.ts'
import { RatingDesk } from '../../../src/pipeline/rating-desk.ts'
import type { RatingSession } from '../../../src/pipeline/rating-session.ts'
import { openStore } from '../../../src/store/sqlite-store.ts'
import { ReviewApplication } from '../../../src/tui/review/application.ts'
import { keymap, withoutKeys } from '../../../src/tui/review/keymap.ts'
import { KeyDecoder } from '../../../src/tui/review/keys.ts'
import { LineMode } from '../../../src/tui/review/line-mode.ts'
import { RateScreen } from '../../../src/tui/review/rate-screen.ts'
import type { Frame } from '../../../src/tui/review/screen.ts'
import { markedLines } from '../../../src/tui/review/token-window.ts'
import { PLAIN, styleFor } from '../../../src/tui/style.ts'
import { widthOf } from '../../../src/tui/text.ts'
import { temporaryFolder } from '../../support/paths.ts'
import { type ReviewStudyOptions, writeReviewStudy } from '../../support/review-study.ts'
import { drawTask, studyOf } from '../../support/task-session.ts'
import { HOSTILE_TEXTS, wideText } from '../../support/wide-texts.ts'

const FRAME: Frame = { columns: 80, rows: 23, style: PLAIN, terse: false }

interface Table {
  readonly session: RatingSession
  readonly desk: RatingDesk
  readonly application: ReviewApplication
  readonly type: (text: string, frame?: Frame) => string
  readonly scores: () => HumanScores
}

async function sitDown(task: string, options: ReviewStudyOptions = {}): Promise<Table> {
  const folder = writeReviewStudy(temporaryFolder(), { contrasts: true, ...options })
  const store = openStore(join(folder, 'gloss.db'), bundledMigrations())
  onTestFinished(() => store.close())
  const session = await drawTask(studyOf(store), task)
  const desk = new RatingDesk(store, session, 'ana', () => new Date(0))
  const keys = keymap()
  const application = new ReviewApplication(new RateScreen(desk, keys, 1), keys, null)
  return {
    session,
    desk,
    application,
    scores: () => new HumanScores(store),
    type: (text, frame = FRAME) => {
      const decoder = new KeyDecoder()
      for (const key of [...decoder.push(text), ...decoder.flush()]) application.press(key)
      return application.lines(frame).join('\n')
    },
  }
}

/** The keys that answer every question of an item rightly. */
const rightKeys = ({ manifest }: RatingSession, item: number, keys: string): string =>
  manifest.items[item]!.task!.questions.map(({ answer }) => keys[answer]).join('')

describe('the screen of a task', () => {
  it('shows the explanation first, then texts, and takes a key for an answer', async () => {
    const { type, session, desk, scores } = await sitDown('detection')
    const screen = type('')
    expect(screen).toMatch(/^ machine {4}the word \w+$/m)
    expect(screen).toMatch(/^› 1 · {5}\w+ \w+/m)
    expect(screen).toMatch(/^ {2}2 · {5}\w+/m)
    expect(screen).not.toMatch(/<<|logits|density|hypothesis/)
    expect(screen).toContain('y/n answer')
    expect(screen).toContain('0 of 20 answered')
    expect(type('y')).toMatch(/^ {2}1 yes[^]*^› 2 ·/m)
    expect(type('n')).toMatch(/^ {2}2 no [^]*^› 3 ·/m)
    expect(type(rightKeys(session, 0, 'ny').slice(2))).toContain('all answered; ↵ submits')
    // The first two by what is right too.
    type('g')
    expect(type(rightKeys(session, 0, 'ny').slice(0, 2))).toContain('20 of 20 answered')
    expect(type('\r')).toContain('item 002')
    const { setId, feature, role } = session.manifest.items[0]!
    expect(role).toBe('rating')
    expect(scores().of(setId, feature)[0]).toMatchObject({ value: 1, n: 20, rater: 'ana' })
    expect(desk.view()).toMatchObject({ place: 1, finished: 1 })
  })

  it('marks tokens where the scorer does, without levels', async () => {
    const { type } = await sitDown('fuzzing')
    const screen = type('')
    expect(screen).toMatch(/^› 1 · {4,5}.*<< \w+>>/m)
    expect(screen).not.toMatch(/[⁰¹²³⁴⁵⁶⁷⁸⁹]/)
    expect(screen).toContain('By the explanation, does it fire on the marked tokens?')
  })

  it('asks for one of five windows by its number', async () => {
    const { type, session } = await sitDown('intruder')
    expect(type('')).toMatch(/^› 1 · {3}1 [^]*?^ {8}2 [^]*?^ {8}3 /m)
    expect(type('')).toContain('1–5 answer')
    expect(type('3')).toMatch(/^ {2}1 3 {3}1 [^]*?^ {8}2 [^]*?^ {7}\[3\] /m)
    expect(type('06789')).toContain('1 of 10 answered')
    expect(type('k')).toMatch(/^› 1 3 /m)
    type(`g${rightKeys(session, 0, '12345')}\r`)
    expect(type('')).toContain('item 002')
  })

  it('takes an answer back and stands at its question again', async () => {
    const { type } = await sitDown('detection')
    type('yy')
    expect(type('u')).toMatch(/^› 2 · /m)
    expect(type('n')).toMatch(/^ {2}2 no [^]*^› 3 ·/m)
    expect(type('u')).toMatch(/^› 2 · /m)
    expect(type('u')).toMatch(/^› 1 · /m)
    expect(type('ZZ')).toMatch(/^› 2 no /m)
    expect(type('y')).toMatch(/^ {2}2 yes/m)
    expect(type('ku')).toMatch(/^› 2 no /m)
    expect(type('uuu')).toContain('! nothing to undo')
  })

  it('leaves keys that answer to answers, and says by what else items are turned', async () => {
    const { type, desk } = await sitDown('detection')
    type('n')
    expect(desk.view()).toMatchObject({ code: 'item 001' })
    type('\u000e')
    expect(desk.view()).toMatchObject({ code: 'item 002' })
    type('\u0010')
    expect(desk.view()).toMatchObject({ code: 'item 001' })
    const help = type('?', { ...FRAME, rows: 60 })
    expect(help).toMatch(/^ y\/n +answer: yes, no; go to the next question$/m)
    expect(help).toMatch(/^ \^n +next feature or item$/m)
    type('?sboring\r')
    expect(desk.view()).toMatchObject({ code: 'item 002', finished: 1 })
    const keys = withoutKeys(keymap({ undo: ['y'] }), ['y', 'n'])
    expect([keys.actionOf('y'), keys.actionOf('n'), keys.actionOf('j')]).toEqual([null, null, 'down'])
    expect([keys.keysOf('undo'), keys.keysOf('next')]).toEqual([[], ['ctrl+n']])
  })

  it('refuses to submit what is not all answered, and points to what is missing', async () => {
    const { type } = await sitDown('fuzzing')
    type('yn')
    expect(type('G\r')).toMatch(/! missing: fires of text\/3, fires of text\/4, fires of text\/5 and 15 more/)
    expect(type('')).toMatch(/^› 3 ·/m)
  })

  it('shows all of a long explanation on request, and answers nothing unseen', async () => {
    const long = Array.from({ length: 120 }, (_, word) => `word${word}`).join(' ')
    const { type } = await sitDown('detection', { explanation: () => long })
    expect(type('')).toContain('word0 ')
    expect(type('')).toContain('…')
    expect(type('')).not.toContain('word100')
    expect(type('e')).toContain('word100')
    expect(type('')).not.toContain('› 1')
    expect(type('y')).toMatch(/^› 1 ·[^]*0 of 20 answered/m)
  })

  it('scrolls with the question, all of which stays in sight', async () => {
    for (const [task, keys] of [
      ['detection', 'y'],
      ['intruder', '1'],
    ] as const) {
      const { type } = await sitDown(task)
      const total = task === 'intruder' ? 10 : 20
      for (let place = 0; place < total - 1; place++) {
        const screen = type(keys, { ...FRAME, columns: 60, rows: 19 })
        expect(screen).toMatch(new RegExp(`^›\\s*${place + 2} `, 'm'))
        if (task === 'intruder') expect(screen.split('›')[1]).toMatch(/ 1 {2}[^]* 5 {2}/)
      }
    }
  })

  it.each([
    [40, 9],
    [60, 19],
    [80, 23],
    [120, 39],
  ])('fits %d columns and %d rows, whatever is typed and shown', async (columns, rows) => {
    const frames = [PLAIN, styleFor(24)].flatMap((style) =>
      [false, true].map((terse) => ({ columns, rows, style, terse })),
    )
    for (const task of ['detection', 'fuzzing', 'intruder']) {
      const { type, application } = await sitDown(task, {
        words: HOSTILE_TEXTS,
        explanation: () => HOSTILE_TEXTS.join(' '),
      })
      const key = fc.constantFrom(
        'y',
        'n',
        '1',
        '5',
        '\t',
        '\r',
        'e',
        'c',
        's',
        'f',
        'u',
        'Z',
        'p',
        'j',
        'k',
        'l',
        '?',
        '\u001b',
        'x',
        'G',
      )
      fc.assert(
        fc.property(fc.array(key, { maxLength: 30 }), (typed) => {
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
        { numRuns: 4 },
      )
    }
  })
})

describe('a task by lines', () => {
  it('asks each question with its windows and takes keys or words', async () => {
    const { desk } = await sitDown('fuzzing')
    const mode = new LineMode(desk, 80, 1)
    const begin = mode.begin()
    expect(begin[0]).toContain('rubric fuzzing: 0 of')
    expect(begin.join('\n')).toMatch(
      /^machine: the word \w+\n\? fires text\/1 \(1 of 20\) y\/n: By the explanation.*\n .*<< \w+>>/m,
    )
    expect(mode.answer('Yes')[0]).toMatch(/^\? fires text\/2 \(2 of 20\)/)
    expect(mode.answer('n')[0]).toMatch(/^\? fires text\/3 /)
    expect(mode.answer('1')).toEqual(['! fires text/3 takes yes or no, found 1'])
    expect(mode.answer('fires text/1=n')[0]).toMatch(/^\? fires text\/3 /)
    expect(mode.answer(':show').join('\n')).toMatch(/^ fires text\/1: no\n fires text\/2: no$/m)
    mode.answer(':undo')
    expect(desk.view().questions[0]!.value).toBe(1)
  })

  it('takes the number of a window', async () => {
    const { desk } = await sitDown('intruder')
    const mode = new LineMode(desk, 80, 1)
    expect(mode.begin().join('\n')).toMatch(/^\? intruder 1 \(1 of 10\) 1-5: .*\n 1 {2}.*\n 2 {2}/m)
    expect(mode.answer('0')).toEqual(['! intruder 1 takes one of 1, 2, 3, 4, 5, found 0'])
    mode.answer('5')
    expect(desk.view().questions[0]!.value).toBe(4)
  })
})

describe('a window with marks', () => {
  it('is wrapped, not cut', () => {
    const tokens = Array.from({ length: 9 }, (_, index) => ` word${index}`)
    const levels = tokens.map((_, index) => Number(index === 7))
    expect(markedLines({ tokens, levels }, 31, 4, PLAIN)).toEqual([
      ' word0 word1 word2 word3 word4',
      ' word5 word6<< word7>> word8',
    ])
    expect(markedLines({ tokens: ['x'.repeat(99)], levels: [1] }, 11, 2, PLAIN)).toEqual([
      '<<xxxxxxxx',
      'xxxxxxxxxx…',
    ])
    expect(markedLines({ tokens: ['a', 'b'], levels: [0, 1] }, 20, 2, styleFor(24))[0]).toContain('<<b>>')
  })

  it('fits any width, whatever is in it', () => {
    const tokens = fc.array(fc.tuple(wideText, fc.constantFrom(0, 1)), { minLength: 1, maxLength: 9 })
    fc.assert(
      fc.property(tokens, fc.integer({ min: 10, max: 120 }), (drawn, columns) => {
        const window = { tokens: drawn.map(([text]) => text), levels: drawn.map(([, level]) => level) }
        for (const style of [PLAIN, styleFor(8)]) {
          const lines = markedLines(window, columns, 4, style)
          expect(lines.length).toBeLessThanOrEqual(4)
          for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns)
        }
      }),
    )
  })
})
