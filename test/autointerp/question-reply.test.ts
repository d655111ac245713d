import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderVerdicts } from '../../src/autointerp/question-prompt.ts'
import { believedVerdicts, parseVerdicts } from '../../src/autointerp/question-reply.ts'
import type { ReplyToken } from '../../src/core/chat-model.ts'

const YES_NO = ['no', 'yes']
const LETTERS = ['A', 'B', 'C', 'D', 'E']

function options(reply: string, questions: number, words = YES_NO, cut = false): (number | null)[] {
  return parseVerdicts(reply, questions, words, cut).map((verdict) => verdict?.option ?? null)
}

describe('reading answers', () => {
  it.each<[string, string, (number | null)[]]>([
    ['as asked for', '1: yes\n2: no\n3: yes', [1, 0, 1]],
    ['in another order', '3: no\n1: yes\n2: yes', [1, 1, 0]],
    ['with marks around', '- **1**: Yes.\n* 2) "no"\n3. (YES)', [1, 0, 1]],
    ['with names', 'Question 1: yes\nexample 2: no\nText 3: no', [1, 0, 0]],
    ['after thoughts', '<think>1: no\n2: no</think>\n1: yes\n2: yes\n3: yes', [1, 1, 1]],
    ['between fences', '```\n1: no\n2: no\n3: yes\n```', [0, 0, 1]],
    ['with one left out', '1: yes\n3: no', [1, null, 0]],
    ['with one said twice alike', '1: yes\n2: no\n3: no\n1: yes', [1, 0, 0]],
    ['with one said twice otherwise', '1: yes\n2: no\n3: no\n1: no', [null, 0, 0]],
    ['with a reason behind', '1: yes, since it fires\n2: no\n3: no', [null, 0, 0]],
    ['with a word that is no option', '1: perhaps\n2: no\n3: yes', [null, 0, 1]],
    ['with numbers that were not asked', '0: yes\n1: no\n2: no\n3: no\n4: yes', [0, 0, 0]],
    ['in prose', 'All of them fire.', [null, null, null]],
    ['with Windows line ends', '1: yes\r\n2: no\r\n3: no\r\n', [1, 0, 0]],
  ])('%s', (_name, reply, expected) => {
    expect(options(reply, 3)).toEqual(expected)
  })

  it('leaves out the last line of a reply that was cut', () => {
    expect(options('1: yes\n2: no', 2, YES_NO, true)).toEqual([1, null])
  })

  it('reads letters', () => {
    expect(options('1: c\n2: E\n3: F\n4: A B', 4, LETTERS)).toEqual([2, 4, null, null])
  })

  it('says what was rendered, from where the word stands', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...LETTERS), { minLength: 1, maxLength: 60 }), (words) => {
        const reply = renderVerdicts(words)
        const verdicts = parseVerdicts(reply, words.length, LETTERS, false)
        expect(verdicts.map((verdict) => LETTERS[verdict!.option])).toEqual(words)
        for (const [index, verdict] of verdicts.entries()) expect(reply[verdict!.offset]).toBe(words[index])
      }),
    )
  })

  it('gives to every question what its own line says, or nothing, whatever else is in the reply', () => {
    const noise = fc.constantFrom(
      '',
      'Sure!',
      '```',
      '7',
      ': yes',
      '12: yes',
      '1',
      'yes',
      '#',
      '<b>',
      '| 2 | no |',
    )
    const line = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom('yes', 'no', 'yes no', 'maybe', ''))
    fc.assert(
      fc.property(fc.array(fc.oneof(noise, line), { maxLength: 20 }), (lines) => {
        const said = lines.flatMap((one) => (typeof one === 'string' ? [] : [one]))
        const reply = lines.map((one) => (typeof one === 'string' ? one : `${one[0]}: ${one[1]}`)).join('\n')
        const expected = [1, 2, 3, 4].map((number) => {
          const words = said.filter(([of]) => of === number).map(([, word]) => word)
          const first = words[0]
          return first !== undefined && words.every((word) => word === first) && YES_NO.includes(first)
            ? YES_NO.indexOf(first)
            : null
        })
        expect(options(reply, 4)).toEqual(expected)
      }),
      { numRuns: 2000 },
    )
  })

  it('takes any reply', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.boolean(), (reply, cut) => {
        expect(parseVerdicts(reply, 5, YES_NO, cut)).toHaveLength(5)
      }),
      { numRuns: 500 },
    )
    expect(options(`1: ${'y'.repeat(1_000_000)}\n2: yes`, 2)).toEqual([null, 1])
    expect(options('1:'.repeat(500_000), 2)).toEqual([null, null])
  })
})

describe('reading beliefs', () => {
  const token = (text: string, alternatives: Record<string, number>): ReplyToken => ({
    text,
    alternatives: Object.entries(alternatives).map(([of, p]) => ({ text: of, logprob: Math.log(p) })),
  })

  it('takes shares of the options at the first token of each answer, in all spellings', () => {
    const tokens = [
      token('1', { '1': 1 }),
      token(':', { ':': 1 }),
      token(' yes', { ' yes': 0.5, ' no': 0.2, ' Yes': 0.1, ' the': 0.2 }),
      token('\n2', { '\n2': 1 }),
      token(':', { ':': 1 }),
      token(' n', { ' n': 0.6, ' y': 0.2 }),
      token('o', { o: 1 }),
    ]
    const reply = tokens.map(({ text }) => text).join('')
    const beliefs = believedVerdicts(reply, tokens, parseVerdicts(reply, 2, YES_NO, false), YES_NO)!
    expect(beliefs[0]!.shares[1]).toBeCloseTo(0.75)
    expect(beliefs[0]!.mass).toBeCloseTo(0.8)
    expect(beliefs[1]!.shares[0]).toBeCloseTo(0.75)
  })

  it('has none where less than half is on options, or tokens do not join', () => {
    const tokens = [token('1: ', { '1: ': 1 }), token('yes', { yes: 0.3, no: 0.1, maybe: 0.6 })]
    const verdicts = parseVerdicts('1: yes', 1, YES_NO, false)
    expect(believedVerdicts('1: yes', tokens, verdicts, YES_NO)).toEqual([null])
    expect(believedVerdicts('1: yes', tokens.slice(1), verdicts, YES_NO)).toBeNull()
    expect(believedVerdicts('1: yes', tokens, [null], YES_NO)).toEqual([null])
  })
})
