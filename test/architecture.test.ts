import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findDeadNames, findUndocumented, findViolations, type Sources } from './support/import-rules.ts'
import { ROOT } from './support/paths.ts'

function readSources(): Sources {
  const paths = readdirSync(join(ROOT, 'src'), { recursive: true })
    .map((path) => `src/${String(path).replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts') || path.endsWith('.tsx'))
  return new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]))
}

const sources = readSources()

/** Violations that planting a file, or replacing one, brings in. */
function planted(path: string, text: string): string[] {
  return findViolations(new Map([...sources, [path, text]]))
}

describe('the import rules', () => {
  it('hold in src/', () => {
    expect(sources.size).toBeGreaterThan(80)
    expect(findViolations(sources)).toEqual([])
  })

  it.each([
    [
      'a domain folder imports another',
      'src/collect/planted.ts',
      "import { score } from '../autointerp/quantize.ts'",
      'collect may not see autointerp',
    ],
    [
      'of types alone',
      'src/model/planted.ts',
      "import type { Store } from '../store/database.ts'",
      'model may not see store',
    ],
    [
      'the core imports anything of ours',
      'src/core/planted.ts',
      "import { x } from '../collect/split.ts'",
      'core may not see collect',
    ],
    [
      'pipeline sees an engine',
      'src/pipeline/planted.ts',
      "import { Gpt2Model } from '../model/gpt2-model.ts'\nexport const x = Gpt2Model",
      'pipeline may not see model',
    ],
    [
      'dynamically',
      'src/tui/planted.ts',
      "const x = await import('../store/lock.ts')",
      'tui may not see store',
    ],
    [
      'a library outside its home',
      'src/pipeline/planted.ts',
      "import Database from 'better-sqlite3'",
      'lives in store',
    ],
    ['an unknown library', 'src/core/planted.ts', "import _ from 'lodash/fp'", 'no home'],
    [
      'a pure folder reads files',
      'src/autointerp/planted.ts',
      "import { readFileSync } from 'node:fs'",
      'autointerp is pure',
    ],
    [
      'an import without extension',
      'src/core/planted.ts',
      "import { x } from './errors'",
      'without its extension',
    ],
    [
      'the environment outside cli',
      'src/llm/planted.ts',
      'export const key = process.env.OPENAI_API_KEY',
      'only cli may',
    ],
    ['printing outside cli', 'src/pipeline/planted.ts', "console.log('done')", 'only cli may'],
    [
      'SQL outside store',
      'src/pipeline/planted.ts',
      'const q = `SELECT id\n FROM feature`',
      'only store may',
    ],
    ['unseeded randomness', 'src/collect/planted.ts', 'const x = Math.random()', 'Math.random'],
    [
      'a barrel',
      'src/core/planted.ts',
      "export { sha256 } from './hash.ts'\nexport { Random } from './random.ts'",
      'only passes exports on',
    ],
    ['an unknown folder', 'src/utils/planted.ts', 'export const x = 1', 'not in the table'],
    [
      'the public API from inside',
      'src/cli/planted.ts',
      "import { quantize } from '../index.ts'",
      'public API',
    ],
  ])('catch %s', (_name, path, text, message) => {
    const found = planted(path, text)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(message)
  })

  it('catch a cycle, of types too', () => {
    const hash = sources.get('src/core/hash.ts')!
    const found = findViolations(
      new Map([
        ...sources,
        ['src/core/files.ts', `import type { Json } from './hash.ts'\n${sources.get('src/core/files.ts')!}`],
        ['src/core/hash.ts', hash],
      ]),
    )
    expect(found.some((line) => line.startsWith('cycle: ') && line.includes('src/core/hash.ts'))).toBe(true)
  })
})

describe('the sources', () => {
  it('document every export', () => {
    expect(findUndocumented(sources)).toEqual([])
  })

  it('stay short: past 300 lines a file says why', () => {
    const long = [...sources].filter(([, text]) => text.split('\n').length > 301).map(([path]) => path)
    expect(long).toEqual([])
  })
})

/** Files that gloss writes or reads elsewhere. */
const OF_A_STUDY = new Set([
  'gloss.yaml',
  'cfg.json',
  'config.json',
  'tokenizer.json',
  'data-dictionary.json',
  'manifest.json',
  'batch-N.json',
])

describe('the documents', () => {
  it.each(['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md'])('%s names only what exists', (name) => {
    const text = readFileSync(join(ROOT, name), 'utf8')
    const files = ['src', 'test', 'data', 'prompts', 'migrations'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true }).map((path) => `/${String(path)}`),
    )
    const exists = (path: string): boolean =>
      OF_A_STUDY.has(path) || existsSync(join(ROOT, path)) || files.some((file) => file.endsWith(`/${path}`))
    expect(findDeadNames(text, exists)).toEqual([])
  })

  it('would notice a file that is gone', () => {
    expect(
      findDeadNames('see `src/core/gone.ts` and `src/core/hash.ts`', (path) => path.endsWith('hash.ts')),
    ).toEqual(['src/core/gone.ts'])
  })
})
