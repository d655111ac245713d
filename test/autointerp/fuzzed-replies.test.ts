import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDense } from '../../src/autointerp/dense-reply.ts'
import { parseSimulation } from '../../src/autointerp/simulation-reply.ts'
import {
  damage,
  damages,
  harms,
  type Levels,
  PLAIN,
  styles,
  withoutDrafts,
  write,
  writeHarmed,
} from '../support/reply-noise.ts'

/** GLOSS_FUZZED_REPLIES=1000000 reads a million of them. */
const REPLIES = Number(process.env['GLOSS_FUZZED_REPLIES'] ?? 20_000)
const WITHIN = 30 * 60_000
const runs = (share: number) => ({ numRuns: Math.ceil(share * REPLIES) })

const levels = fc.array(
  fc.oneof(
    fc.array(fc.constant(0), { minLength: 9, maxLength: 9 }),
    fc.array(fc.constantFrom(0, 0, 0, 1, 5, 9), { minLength: 1, maxLength: 12 }),
  ),
  { minLength: 1, maxLength: 12 },
)

type Read = (readonly number[] | null)[]
const sparse = (reply: string, truth: Levels, cut = false): Read => [
  ...parseSimulation(
    reply,
    truth.map(({ length }) => length),
    9,
    cut,
  ),
]
const dense = (reply: string, truth: Levels, cut = false): Read =>
  parseDense(
    reply,
    truth.map(({ length }) => length),
    9,
    cut,
  ).map((answer) => answer?.levels ?? null)

/** Whether each example is what was meant, or missing. */
function neverWrong(found: Read, truth: Levels): boolean {
  return (
    found.length === truth.length &&
    found.every((one, example) => one === null || one.join() === truth[example]!.join())
  )
}

describe('fuzzed replies', () => {
  it(
    'that mean an answer are read as that answer, or not at all',
    () => {
      let exact = 0
      let all = 0
      fc.assert(
        fc.property(levels, styles, fc.boolean(), (truth, style, isDense) => {
          const found = isDense
            ? dense(write(truth, { ...style, zeros: true }), truth)
            : sparse(write(truth, style), truth)
          all += truth.length
          exact += found.filter((one) => one !== null).length
          expect(neverWrong(found, truth)).toBe(true)
        }),
        runs(0.3),
      )
      // Of these, nearly all are read: a parser that reads nothing would be right, too.
      expect(exact / all).toBeGreaterThan(0.9)
    },
    WITHIN,
  )

  it(
    'that are wrong or unclear leave out what they spoil',
    () => {
      fc.assert(
        fc.property(levels, styles, harms, fc.boolean(), (truth, style, harm, isDense) => {
          const { reply, missing } = writeHarmed(truth, isDense ? { ...style, zeros: true } : style, harm)
          const found = isDense ? dense(reply, truth) : sparse(reply, truth)
          expect(neverWrong(found, truth)).toBe(true)
          for (const example of missing) expect(found[example]).toBeNull()
        }),
        runs(0.3),
      )
    },
    WITHIN,
  )

  it(
    'that were damaged on their way are never read as something else',
    () => {
      fc.assert(
        fc.property(
          levels,
          styles,
          fc.array(damages, { minLength: 1, maxLength: 2 }),
          fc.boolean(),
          (truth, style, all, isDense) => {
            let reply = write(truth, withoutDrafts(isDense ? { ...style, zeros: true } : style))
            let cut = false
            for (const one of all) {
              const damaged = damage(reply, one)
              reply = damaged.reply
              cut ||= damaged.cut
            }
            expect(neverWrong(isDense ? dense(reply, truth, cut) : sparse(reply, truth, cut), truth)).toBe(
              true,
            )
          },
        ),
        runs(0.3),
      )
    },
    WITHIN,
  )

  it(
    'of any text at all crash no parser, and no level is made up',
    () => {
      const text = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 80 }),
        fc
          .array(
            fc.constantFrom(
              ...'123\n\n:=.,-|*"{}[]()# ²０٣'.split(''),
              'none',
              'Example ',
              '->',
              '<think>',
              '</think>',
              '```',
              '{"1": {"2": 9}',
              'Final answer',
              '\u2028',
              '10',
            ),
            { maxLength: 60 },
          )
          .map((parts) => parts.join('')),
      )
      fc.assert(
        fc.property(text, fc.boolean(), (reply, cut) => {
          const ascii = reply.replace(/[²０٣]/g, (digit) => ({ '²': '2', '０': '0', '٣': '3' })[digit]!)
          for (const example of sparse(
            reply,
            [
              [0, 0, 0],
              [0, 0, 0],
              [0, 0, 0],
            ],
            cut,
          ))
            for (const [index, level] of (example ?? []).entries()) {
              expect(Number.isInteger(level) && level >= 0 && level <= 9).toBe(true)
              if (level > 0)
                expect(ascii).toMatch(new RegExp(`${index + 1}["*\`'_\\s]*(?:=|:|->|=>)["*\`'_\\s]*${level}`))
            }
        }),
        runs(0.1),
      )
    },
    WITHIN,
  )

  it('of a megabyte take time in proportion to their length', () => {
    const hostile = [
      ' ',
      '\n',
      '\t ',
      '1',
      '1:',
      '1: ',
      '1=1 ',
      '{',
      '{"1": ',
      '{"1": {',
      '{"1": {"1": 1, ',
      '[',
      '"',
      '*',
      '**1',
      '> ',
      '- ',
      '# ',
      '<think>',
      '</think>',
      '<think>\n',
      '\nfinal answer ',
      '#'.repeat(7),
      '|',
      '¹',
      '1.',
      '1. ',
      'example ',
      'Â\u00A0',
      '１',
      '٣3',
      '\r\n',
      'none ',
      '(none',
      '1: none\n',
      '1: 1=1\n',
      '1: 2\n',
    ]
    // Nothing is timed. What grew with the square of the length would take hours here, and end with the test's limit.
    for (const piece of hostile) {
      const reply = piece.repeat(Math.ceil(1_000_000 / piece.length))
      expect(sparse(reply, [[0, 0, 0]], true)).toHaveLength(1)
      expect(sparse(`1: 1=1${reply}`, [[0, 0, 0]])).toHaveLength(1)
    }
  })

  it('would catch a parser that guesses', () => {
    // The plain answer, with the second of three lines lost, by a reader that goes by the order of lines.
    const truth = [[1], [0], [5]]
    const reply = write(truth, PLAIN).split('\n').toSpliced(1, 1).join('\n')
    const guessed = reply.split('\n').map((line) => [Number(/=(\d)/.exec(line)?.[1] ?? 0)])
    expect(neverWrong([...guessed, null], truth)).toBe(false)
    expect(neverWrong(sparse(reply, truth), truth)).toBe(true)
  })
})
