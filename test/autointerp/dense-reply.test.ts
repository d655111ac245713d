import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectedDense, parseDense } from '../../src/autointerp/dense-reply.ts'
import { renderAnswer } from '../../src/autointerp/simulate-messages.ts'

const levelsOf = (reply: string, lengths: readonly number[], cut = false) =>
  parseDense(reply, lengths, 9, cut).map((answer) => answer?.levels ?? null)

describe('the dense form', () => {
  it('reads what it renders, and finds each digit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 12 }), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.constantFrom('', '<think>1: 1=9\n2: 2=3</think>\n', 'Sure.\n'),
        (levels, before) => {
          const reply = before + renderAnswer(levels, 'dense')
          const lengths = levels.map(({ length }) => length)
          const answers = parseDense(reply, lengths, 9, false)
          expect(answers.map((answer) => answer!.levels)).toEqual(levels)
          for (const { levels: read, offsets } of answers.map((answer) => answer!))
            expect(offsets.map((offset) => Number(reply[offset]))).toEqual(read)
        },
      ),
    )
  })

  it.each([
    ['a token left out', '1: 1=0 3=2'],
    ['a token named twice', '1: 1=0 2=1 2=1 3=2'],
    ['a token too many', '1: 1=0 2=1 3=2 4=0'],
    ['a level beyond the scale', '1: 1=0 2=10 3=2'],
    ['words between', '1: 1=0 2=1 (the) 3=2'],
    ['none', '1: none'],
    ['no line', 'I cannot tell.'],
    ['two lines', '1: 1=0 2=1 3=2\n1: 1=0 2=1 3=3'],
  ])('misses an example with %s', (_name, reply) => {
    expect(levelsOf(reply, [3])).toEqual([null])
  })

  it('takes commas, bullets and a heading', () => {
    expect(levelsOf('Here:\n- Example 1: 1=0, 2=9\n2. 1 = 4; 2 = 0', [2, 2])).toEqual([
      [0, 9],
      [4, 0],
    ])
  })

  it('does not trust the last line of a reply that was cut', () => {
    expect(levelsOf('1: 1=0 2=1\n2: 1=1 2=1', [2, 2], true)).toEqual([[0, 1], null])
  })
})

/** A reply in tokens, each sure of itself but for the digits given by their place among digits after `=`. */
function tokensOf(pieces: readonly string[], doubts: Record<number, Record<string, number>> = {}) {
  return pieces.map((text, index) => ({
    text,
    alternatives: Object.entries(doubts[index] ?? { [text]: 1 }).map(([alternative, probability]) => ({
      text: alternative,
      logprob: Math.log(probability),
    })),
  }))
}

describe('expected levels of a dense reply', () => {
  const read = (
    pieces: readonly string[],
    doubts: Record<number, Record<string, number>>,
    length: number,
  ) => {
    const reply = pieces.join('')
    return expectedDense(reply, tokensOf(pieces, doubts), parseDense(reply, [length], 9, false), 9)
  }

  it('are read at the digits, token by token', () => {
    const pieces = ['1', ':', ' ', '1', '=', '0', ' ', '2', '=', '7']
    const [found] = read(pieces, { 5: { '0': 0.75, '4': 0.25 }, 9: { '7': 0.5, '9': 0.3, x: 0.2 } }, 2)!
    expect(found!.levels[0]).toBeCloseTo(1, 9)
    expect(found!.levels[1]).toBeCloseTo((0.5 * 7 + 0.3 * 9) / 0.8, 9)
    expect(found!.digitMass).toBeCloseTo(0.9, 9)
  })

  it('are read where a digit shares a token with the sign before it', () => {
    const [found] = read(['1', ': ', '1', '=3', ' 2', '=', '0'], { 3: { '=3': 0.5, '=5': 0.5 } }, 2)!
    expect(found!.levels).toEqual([4, 0].map((level) => expect.closeTo(level, 9) as number))
  })

  it('are missing where a token goes on behind its digit, or too little is on digits', () => {
    expect(read(['1: 1=', '0 ', '2=', '5'], {}, 2)).toEqual([null])
    expect(read(['1: 1=', '0', ' 2=', '5'], { 1: { '0': 0.2, no: 0.8 } }, 2)).toEqual([null])
  })

  it('cannot be had from tokens that are not those of the reply', () => {
    expect(expectedDense('1: 1=0', tokensOf(['1: 1=']), parseDense('1: 1=0', [1], 9, false), 9)).toBeNull()
  })
})
