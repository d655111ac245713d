import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../support/paths.ts'

const IMPORT = /^import (?!type )(?:[^'"]*? from )?'([^']+)'/gm

/** Libraries that a file brings in when it is loaded, whatever imports them. Types and `import()` bring nothing. */
function librariesOf(entry: string): Set<string> {
  const seen = new Set<string>()
  const libraries = new Set<string>()
  const visit = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    for (const [, target] of readFileSync(path, 'utf8').matchAll(IMPORT))
      if (target!.startsWith('.')) visit(resolve(dirname(path), target!))
      else if (!target!.startsWith('node:')) libraries.add(target!)
  }
  visit(entry)
  return libraries
}

describe('the start of gloss review', () => {
  it('loads no more than its first frame needs: neither engines nor clients nor ink', () => {
    expect([...librariesOf(join(ROOT, 'src/cli/review-program.ts'))].toSorted()).toEqual([
      'better-sqlite3',
      'commander',
      'string-width',
      'yaml',
      'zod',
    ])
    // What the other verbs load shows that the walk would find more.
    const all = librariesOf(join(ROOT, 'src/cli/program.ts'))
    for (const library of ['openai', 'undici', 'hyparquet-writer']) expect(all).toContain(library)
  })
})
