import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseSimulation } from '../../src/autointerp/simulation-reply.ts'
import { ROOT } from '../support/paths.ts'

const FOLDER = join(ROOT, 'test/fixtures/replies')
const NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.txt'))
  .map((file) => file.replace(/\.txt$/, ''))

const LENGTHS = [5, 5, 5, 4]
const A = [0, 0, 9, 4, 0]
const NONE = [0, 0, 0, 0, 0]
const C = [2, 0, 0, 0, 0]
const D = [0, 0, 0, 0]
const NOTHING = [null, null, null, null]

/** What each file says of its four examples; null where that cannot be told. */
const EXPECTED: Readonly<Record<string, readonly (readonly number[] | null)[]>> = {
  plain: [A, NONE, C, D],
  'thoughts-then-answer': [A, NONE, C, D],
  'thoughts-never-closed': NOTHING,
  'harmony-channels': [A, NONE, C, D],
  'markdown-list': [A, NONE, C, D],
  'markdown-table': [A, NONE, C, D],
  'code-fence': [A, NONE, C, D],
  'headings-and-bullets': [A, NONE, C, D],
  json: [A, NONE, C, D],
  'json-key-twice': [A, NONE, null, D],
  // Lists name no token: one entry too few would move the rest.
  'json-lists': NOTHING,
  'json-cut': [A, NONE, null, null],
  'another-order': [A, NONE, C, D],
  'repeated-and-equal': [A, NONE, C, D],
  'repeated-and-different': [A, NONE, null, D],
  'skipped-line': [A, null, C, D],
  'counted-from-0': NOTHING,
  'one-number-for-all': NOTHING,
  'lines-run-together': [null, null, null, D],
  // The second line could be an answer whose number was lost.
  'wrapped-line': [null, NONE, C, D],
  'ranges-and-fractions': [null, NONE, null, [0, 7, 0, 0]],
  'beyond-the-scale': [null, NONE, null, null],
  'tokens-renamed': [null, NONE, null, D],
  superscripts: [A, NONE, C, D],
  'other-digits': [A, NONE, C, D],
  'windows-1252': [A, NONE, null, D],
  afterthought: [A, NONE, C, null],
  cut: [A, NONE, C, null],
  'draft-then-final': [A, NONE, C, D],
  refusal: NOTHING,
  // A dense answer is a sparse one in which silent tokens are named as well.
  dense: [A, NONE, C, D],
}

describe('a reply as models write them', () => {
  it('has an expectation for every file', () => {
    expect(NAMES.toSorted()).toEqual(Object.keys(EXPECTED).toSorted())
  })

  it.each(NAMES)('%s', (name) => {
    const reply = readFileSync(join(FOLDER, `${name}.txt`), 'utf8')
    const cut = name === 'cut' || name === 'json-cut'
    expect(parseSimulation(reply, LENGTHS, 9, cut)).toEqual(EXPECTED[name])
  })
})
