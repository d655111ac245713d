import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ExplainPrompt, needsChoice, parseExplainPrompt } from '../../src/autointerp/explain-prompt.ts'
import { ROOT } from '../support/paths.ts'

const PAIRS = parse(readFileSync(join(ROOT, 'prompts/explain/pairs.yaml'), 'utf8')) as object

const withMembers = (members: object): ExplainPrompt =>
  parseExplainPrompt(stringify({ ...PAIRS, ...members }), 'mine.yaml')

describe('an explain prompt', () => {
  it('has defaults that leave pairs as it is', () => {
    expect(withMembers({})).toMatchObject({ marks: 'levels', markFrom: 1, samples: 1 })
    expect(needsChoice(withMembers({}))).toBe(false)
  })

  it('needs examples to choose by where it makes several explanations', () => {
    expect(needsChoice(withMembers({ samples: 3 }))).toBe(true)
    expect(needsChoice(withMembers({ samples: 'protocol' }))).toBe(true)
    const revision = { falsePositives: 'a', falseNegatives: 'b', predicted: 'c', request: 'd' }
    expect(needsChoice(withMembers({ revision }))).toBe(true)
    expect(withMembers({ revision }).revision).toMatchObject({ rounds: 1, windows: 4, wrongBy: 3 })
  })

  it.each([
    ['an unknown member', { tone: 'gay' }, /^mine\.yaml: .*tone/],
    [
      'no section',
      { sections: {} },
      'mine.yaml: sections: expected at least one of top, interval, random, other',
    ],
    ['an unknown section', { sections: { negative: 'x' } }, /^mine\.yaml: .*negative/],
    [
      'levels that are not described',
      { system: 'Explain.' },
      'system: expected {scale} where the levels are described',
    ],
    ['a name with a slash', { name: 'a/b' }, 'name: expected small letters, digits and hyphens'],
    ['too many samples', { samples: 1000 }, /^mine\.yaml: samples: /],
    ['no samples', { samples: 0 }, /^mine\.yaml: samples: /],
  ])('is refused with %s', (_name, members, message) => {
    expect(() => withMembers(members)).toThrow(message)
  })

  it('may leave the levels out where it marks spans', () => {
    expect(withMembers({ system: 'Explain.', marks: 'spans' }).marks).toBe('spans')
  })
})
