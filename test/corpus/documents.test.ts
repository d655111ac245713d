import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DataError, UsageError } from '../../src/core/errors.ts'
import type { Document } from '../../src/core/token-corpus.ts'
import { listSourceFiles, readDocuments } from '../../src/corpus/documents.ts'
import { temporaryFolder } from '../support/paths.ts'

async function read(...paths: string[]): Promise<{ documents: Document[]; skipped: string[] }> {
  const skipped: string[] = []
  const documents: Document[] = []
  for await (const document of readDocuments(listSourceFiles(paths), (file, reason) =>
    skipped.push(`${file}: ${reason}`),
  ))
    documents.push(document)
  return { documents, skipped }
}

describe('documents', () => {
  it('come from a text file, whole, byte order mark and line ends as they are', async () => {
    const path = join(temporaryFolder(), 'a.txt')
    writeFileSync(path, '\uFEFFone\r\ntwo\n')
    expect((await read(path)).documents).toEqual([
      { name: 'a.txt', register: null, text: '\uFEFFone\r\ntwo\n' },
    ])
  })

  it('come from the lines of a JSONL file, which may hold other line separators', async () => {
    const path = join(temporaryFolder(), 'a.jsonl')
    const lines = [
      JSON.stringify({ text: 'first\nline', register: 'prose' }),
      '',
      '{"text": "u\u2028v", "name": "second", "extra": 1}',
      JSON.stringify({ text: '' }),
      JSON.stringify({ text: 'last' }),
    ]
    writeFileSync(path, lines.join('\n'))
    expect((await read(path)).documents).toEqual([
      { name: 'a.jsonl:1', register: 'prose', text: 'first\nline' },
      { name: 'second', register: null, text: 'u\u2028v' },
      { name: 'a.jsonl:5', register: null, text: 'last' },
    ])
  })

  it('come from a folder in the order of their paths, with the subfolder as register', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'b', 'deep'), { recursive: true })
    writeFileSync(join(folder, 'c.txt'), 'c')
    writeFileSync(join(folder, 'b', 'deep', 'x.md'), 'x')
    writeFileSync(join(folder, 'a.txt'), 'a')
    expect((await read(folder)).documents).toEqual([
      { name: 'a.txt', register: null, text: 'a' },
      { name: 'b/deep/x.md', register: 'b', text: 'x' },
      { name: 'c.txt', register: null, text: 'c' },
    ])
  })

  it('leave out files that are no text, and say so', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'image'), Uint8Array.of(0x89, 0x50, 0xff, 0xfe))
    writeFileSync(join(folder, 'nul'), 'a\0b')
    writeFileSync(join(folder, 'text'), 'fine')
    writeFileSync(join(folder, 'empty'), '')
    const { documents, skipped } = await read(folder)
    expect(documents.map(({ name }) => name)).toEqual(['text'])
    expect(skipped).toEqual(['image: not UTF-8 text', 'nul: not UTF-8 text'])
  })

  it('are cut where a chunk of the file ends inside a line or a character', async () => {
    const path = join(temporaryFolder(), 'large.jsonl')
    const texts = Array.from({ length: 40 }, (_, index) => `${index}:${'é日😀'.repeat(9000)}`)
    writeFileSync(path, texts.map((text) => JSON.stringify({ text })).join('\n'))
    expect((await read(path)).documents.map(({ text }) => text)).toEqual(texts)
  })
})

describe('a corpus that cannot be used', () => {
  it('says what is missing or malformed', async () => {
    const folder = temporaryFolder()
    expect(() => listSourceFiles([join(folder, 'gone')])).toThrow(UsageError)
    expect(() => listSourceFiles([folder])).toThrow(DataError)
    expect(() => listSourceFiles([])).toThrow('name files or folders with text in --corpus or gloss.yaml')
    const path = join(folder, 'bad.jsonl')
    writeFileSync(path, '{"text": "ok"}\n{"txt": "no"}')
    await expect(read(path)).rejects.toThrow(
      'bad.jsonl line 2: expected a JSON object with a "text", found "{\\"txt\\": \\"no\\"}"',
    )
  })
})
