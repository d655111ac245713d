import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bundledExplainers } from '../../src/cli/assets.ts'
import { BASELINES, namedExplainer, usualPrompt } from '../../src/cli/explainer.ts'
import { ConfigError, UsageError } from '../../src/core/errors.ts'
import { ROOT, temporaryFolder } from '../support/paths.ts'

const PAIRS = readFileSync(join(ROOT, 'prompts/explain/pairs.yaml'), 'utf8')

/** A folder with a prompt of one's own. */
function withPrompt(name: string): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'mine.yaml'), PAIRS.replace('name: pairs', `name: ${name}`))
  return folder
}

const nowhere = { workspace: '/nowhere', current: '/nowhere' }

/** The name of what was found. */
function nameOf(found: ReturnType<typeof namedExplainer>): string | null {
  if (found === null) return null
  if ('imported' in found) return found.imported
  return 'baseline' in found ? found.baseline : found.prompt.name
}

describe('the explainer', () => {
  it('is none where none is named', () => {
    expect(namedExplainer({}, {}, nowhere)).toBeNull()
  })

  it.each([...bundledExplainers(), ...BASELINES])('%s comes with gloss', (name) => {
    expect(nameOf(namedExplainer({ explainer: name }, {}, nowhere))).toBe(name)
    expect(nameOf(namedExplainer({}, { explainer: name }, nowhere))).toBe(name)
  })

  it('has its file under the name that it bears', () => {
    expect(bundledExplainers()).toEqual(['best', 'delimiters', 'logits', 'pairs', 'revise'])
    for (const name of bundledExplainers())
      expect(namedExplainer({ explainer: name }, {}, nowhere)).toMatchObject({ prompt: { name } })
  })

  it('may be a prompt of one’s own: of a flag in the current folder, of gloss.yaml in the study', () => {
    const folder = withPrompt('mine')
    const current = { workspace: '/nowhere', current: folder }
    const workspace = { workspace: folder, current: '/nowhere' }
    expect(nameOf(namedExplainer({ explainPrompt: 'mine.yaml' }, {}, current))).toBe('mine')
    expect(nameOf(namedExplainer({}, { explainPrompt: 'mine.yaml' }, workspace))).toBe('mine')
    expect(nameOf(namedExplainer({ explainer: 'mine' }, { explainPrompt: 'mine.yaml' }, workspace))).toBe(
      'mine',
    )
  })

  it('is what the flag says before what gloss.yaml says', () => {
    const folder = withPrompt('mine')
    const both = { workspace: folder, current: folder }
    expect(nameOf(namedExplainer({ explainer: 'table' }, { explainer: 'best' }, both))).toBe('table')
    expect(nameOf(namedExplainer({ explainer: 'pairs' }, { explainPrompt: 'mine.yaml' }, both))).toBe('pairs')
    expect(nameOf(namedExplainer({ explainPrompt: 'mine.yaml' }, { explainer: 'best' }, both))).toBe('mine')
  })

  it.each([
    [
      'a name that nothing has',
      { explainer: 'guess' },
      'mine',
      'expected one of the explainers best, delimiters',
    ],
    [
      'another name than the file',
      { explainer: 'other', explainPrompt: 'mine.yaml' },
      'mine',
      'found the prompt mine',
    ],
    ['a file that is not there', { explainPrompt: 'no.yaml' }, 'mine', 'no.yaml'],
  ])('is refused with %s', (_what, options, name, message) => {
    const current = { workspace: '/nowhere', current: withPrompt(name) }
    expect(() => namedExplainer(options, {}, current)).toThrow(message)
    expect(() => namedExplainer(options, {}, current)).toThrow(UsageError)
  })

  it.each(['pairs', 'table'])('of one’s own may not be called %s', (name) => {
    const current = { workspace: '/nowhere', current: withPrompt(name) }
    expect(() => namedExplainer({ explainPrompt: 'mine.yaml' }, {}, current)).toThrow(ConfigError)
    expect(() => namedExplainer({ explainPrompt: 'mine.yaml' }, {}, current)).toThrow(
      'which comes with gloss',
    )
  })

  it('is the best of several where the protocol asks for them and draws what to choose by', () => {
    const choose = { top: 3, perInterval: 1, random: 1, other: 1 }
    expect(usualPrompt({ samples: 1 }).name).toBe('pairs')
    expect(usualPrompt({ samples: 1, choose }).name).toBe('pairs')
    expect(usualPrompt({ samples: 5 }).name).toBe('pairs')
    expect(usualPrompt({ samples: 5, choose }).name).toBe('best')
  })
})
