import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { beyondAnswers } from '../../src/autointerp/answer-lines.ts'
import { parseSimulation } from '../../src/autointerp/simulation-reply.ts'
import { renderAnswer } from '../../src/autointerp/simulate-messages.ts'

const read = (reply: string, cut = false): (number[] | null)[] =>
  parseSimulation(reply, [3, 3, 3], 9, cut).map((levels) => (levels ? [...levels] : null))

describe('a reply in the sparse form', () => {
  it.each([
    [
      'is read',
      '1: 2=9\n2: none\n3: 1=3 3=5',
      [
        [0, 9, 0],
        [0, 0, 0],
        [3, 0, 5],
      ],
    ],
    [
      'may come in any order',
      '3: none\n1: none\n2: 1=1',
      [
        [0, 0, 0],
        [1, 0, 0],
        [0, 0, 0],
      ],
    ],
    [
      'may stand in a code fence, with a preface',
      'Here you go:\n```\n1: 2=9\n2: none\n3: none\n```',
      [
        [0, 9, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
    ],
    [
      'may come after thoughts',
      '<think>1: 1=1\n2: 9=9</think>\n1: none\n2: none\n3: none',
      [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
    ],
    [
      'may use commas, colons, bullets and capitals',
      '- Example 1: 1=2, 3=4\n* 2. None.\n3) 2:7',
      [
        [2, 0, 4],
        [0, 0, 0],
        [0, 7, 0],
      ],
    ],
    [
      'may name a level of 0',
      '1: 2=0\n2: (none)\n3: none',
      [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
    ],
    ['lacks what it does not answer', '1: 2=9\n3: none', [[0, 9, 0], null, [0, 0, 0]]],
    ['lacks a line with an index out of range', '1: 4=2\n2: 0=1\n3: none', [null, null, [0, 0, 0]]],
    ['lacks a line with a level out of range', '1: 1=10\n2: 1=9\n3: none', [null, [9, 0, 0], [0, 0, 0]]],
    ['lacks a line with an index twice', '1: 2=9 2=3\n2: none\n3: none', [null, [0, 0, 0], [0, 0, 0]]],
    ['lacks a line with anything else in it', '1: maybe 2=9\n2: 1=x\n3: the token "2=3"', [null, null, null]],
    ['lacks an empty line', '1:\n2: \n3: none', [null, null, [0, 0, 0]]],
    [
      'lacks an example answered twice in different ways',
      '1: none\n1: 2=3\n2: none\n2: none\n3: none',
      [null, [0, 0, 0], [0, 0, 0]],
    ],
    [
      'ignores examples beyond the last',
      '1: none\n2: none\n3: none\n4: 1=9',
      [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
    ],
    ['is nothing where examples count from 0', '0: 1=9\n1: none\n2: none', [null, null, null]],
    ['is nothing where numbers are shifted', '2: 1=9\n3: none\n4: none', [null, null, null]],
    [
      'lacks an example whose answer goes on below',
      '1: 2=9\n3=4\n2: none\n3: none',
      [null, [0, 0, 0], [0, 0, 0]],
    ],
    ['lacks what a range names', '1: 2-3=9\n2: 1=9\n3: none', [null, [9, 0, 0], [0, 0, 0]]],
    ['is nothing before its thoughts end', '<think>\n1: none\n2: none\n3: none', [null, null, null]],
    ['is nothing where it is prose', 'The feature fires on verbs.', [null, null, null]],
    ['is nothing where it is empty', '', [null, null, null]],
  ])('%s', (_name, reply, expected) => {
    expect(read(reply)).toEqual(expected)
  })

  it('loses its last line where it was cut at the token limit', () => {
    expect(read('1: 2=9\n2: none\n3: 1=3 2=', true)).toEqual([[0, 9, 0], [0, 0, 0], null])
    expect(read('1: 2=9\n2: none\n3: 1=3', true)).toEqual([[0, 9, 0], [0, 0, 0], null])
  })

  it('gives back what was rendered', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(9), { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 25 }),
        (levels) => {
          expect(
            parseSimulation(
              renderAnswer(levels),
              levels.map(({ length }) => length),
              9,
              false,
            ),
          ).toEqual(levels)
        },
      ),
    )
  })

  it('never throws and never makes up a level, whatever it holds', () => {
    const pieces = fc.constantFrom(
      '1',
      '2',
      '3',
      ':',
      '=',
      ' ',
      '\n',
      'none',
      '9',
      '10',
      ',',
      '-',
      'x',
      '.',
      '<think>',
      '</think>',
    )
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
        (reply) => {
          for (const levels of parseSimulation(reply, [3, 3, 3], 9, false)) {
            if (levels === null) continue
            expect(levels).toHaveLength(3)
            for (const [index, level] of levels.entries()) {
              expect(Number.isInteger(level) && level >= 0 && level <= 9).toBe(true)
              // A level other than 0 stands in the reply beside its index.
              if (level > 0) expect(reply).toMatch(new RegExp(`${index + 1}\\s*[=:]\\s*0*${level}`))
            }
          }
        },
      ),
      { numRuns: 3000 },
    )
  })
})

it('reads of a reply that goes on, and is stopped behind what was asked, what it reads of all of it', () => {
  const line = fc.constantFrom('none', '1=9', '2=3 3=1', '1=0', 'x')
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.nat(2),
      fc.array(line, { maxLength: 9 }),
      (count, from, said) => {
        const lengths = Array.from({ length: count }, () => 3)
        const whole = said.map((answer, index) => `${index + from}: ${answer}`).join('\n')
        const at = whole.indexOf(beyondAnswers(count))
        const stopped = at < 0 ? whole : whole.slice(0, at)
        expect(parseSimulation(stopped, lengths, 9, false)).toEqual(parseSimulation(whole, lengths, 9, false))
      },
    ),
  )
})
