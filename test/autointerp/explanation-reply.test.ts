import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { parseExplanation } from '../../src/autointerp/explanation-reply.ts'
import { ROOT } from '../support/paths.ts'

const FOLDER = join(ROOT, 'test/fixtures/explanation-replies')
const CUT = /^# cut at the token limit\n/
const expectedSchema = z.record(
  z.string(),
  z.union([z.strictObject({ text: z.string() }), z.strictObject({ problem: z.string() })]),
)

describe('an explanation in a reply', () => {
  const expected = expectedSchema.parse(JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')))
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'))

  it('has a file for each expectation', () => {
    expect(files.toSorted()).toEqual(Object.keys(expected).toSorted())
  })

  it.each(files)('%s is read as expected', (name) => {
    const reply = readFileSync(join(FOLDER, name), 'utf8').replace(/\n$/, '')
    expect(parseExplanation(reply.replace(CUT, ''), CUT.test(reply))).toEqual(expected[name])
  })

  it('is between the tags, whatever is around them', () => {
    const word = fc.stringMatching(/^[A-Za-z][a-z]{2,8}$/)
    const around = fc.string({ unit: 'binary' }).filter((text) => !/[<]/.test(text))
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), around, around, (words, before, after) => {
        const text = `Words such as ${words.join(' ')}.`
        expect(parseExplanation(`${before}<explanation>${text}</explanation>${after}`)).toEqual({ text })
      }),
    )
  })

  it('is never made up: its words are in the reply, in order', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '<explanation>',
        '</explanation>',
        '<think>',
        '</think>',
        '<Explanation>',
        'Explanation: ',
        '**Explanation:** ',
        '```\n',
        '{"explanation": "x y"}',
        '\n',
        'fires on dates ',
        'İ',
      ),
    )
    const squeezed = (text: string): string => text.replace(/\p{Cs}/gu, '\uFFFD').replace(/\s+/g, '')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), (pieces, cut) => {
        const reply = pieces.join('')
        const parsed = parseExplanation(reply, cut)
        if ('problem' in parsed) {
          expect(parsed.problem).not.toBe('')
          return
        }
        expect(parsed.text.trim()).not.toBe('')
        expect(parsed.text.length).toBeLessThanOrEqual(2000)
        expect(squeezed(reply)).toContain(squeezed(parsed.text))
      }),
      { numRuns: 2000 },
    )
  })

  it('is looked for in time that grows with the reply, not its square', () => {
    for (const unit of [
      '<explanation>',
      '</explanation>',
      '<think>',
      '```',
      'Explanation: ',
      '\n',
      ' ',
      '{"',
      "I'm sorry",
    ]) {
      const reply = unit.repeat(1_000_000 / unit.length)
      expect(() => parseExplanation(reply)).not.toThrow()
    }
  })
})
