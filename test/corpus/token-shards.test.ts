import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Document } from '../../src/core/token-corpus.ts'
import { loadTokenCorpus, readTokenManifest, TokenShardWriter } from '../../src/corpus/token-shards.ts'
import { temporaryFolder } from '../support/paths.ts'

const TOKENS = 300_000
const documents = Array.from({ length: 9 }, (_, index): Document => ({
  name: `d${index}`,
  register: index % 2 ? 'odd' : null,
  text: '',
}))
const idsOf = (index: number): number[] =>
  Array.from({ length: TOKENS }, (_, token) => (token * 31 + index) % 5000)

function write(folder: string, inputs = 'inputs', from = 0, to = documents.length): TokenShardWriter {
  const writer = new TokenShardWriter(folder, inputs, 5000)
  for (const [index, document] of documents.entries())
    if (index >= Math.max(from, writer.documents) && index < to) writer.add(document, idsOf(index))
  return writer
}

describe('token shards', () => {
  it('come back as they were written', () => {
    const folder = temporaryFolder()
    const manifest = write(folder).finish()
    expect(manifest).toMatchObject({ tokens: 9 * TOKENS, documents: 9, registers: { odd: 4 * TOKENS } })
    expect(manifest.shards.length).toBe(3)
    expect(readTokenManifest(folder)).toEqual(manifest)
    const corpus = loadTokenCorpus(folder, manifest)
    expect(corpus.documents.map(({ name }) => name)).toEqual(documents.map(({ name }) => name))
    expect([...corpus.documentStarts]).toEqual(Array.from({ length: 10 }, (_, index) => index * TOKENS))
    for (const [index] of documents.entries())
      expect(Array.from(corpus.ids.slice(index * TOKENS, index * TOKENS + 50))).toEqual(
        idsOf(index).slice(0, 50),
      )
    expect(corpus.ids).toBeInstanceOf(Uint16Array)
  })

  it('go on after an interruption to the same bytes', () => {
    const [straight, broken] = [temporaryFolder(), temporaryFolder()]
    const manifest = write(straight).finish()
    // Six documents fill one shard and a half; the half is lost with the process.
    write(broken, 'inputs', 0, 6)
    expect(readdirSync(broken).filter((name) => name.startsWith('shard-'))).toHaveLength(1)
    expect(readTokenManifest(broken)).toBeNull()
    const again = write(broken)
    expect(again.finish()).toEqual(manifest)
    for (const { file } of manifest.shards)
      expect(readFileSync(join(broken, file)).equals(readFileSync(join(straight, file)))).toBe(true)
  })

  it('do not depend on the fingerprint of their inputs, only on their content', () => {
    expect(write(temporaryFolder(), 'other inputs').finish().hash).toBe(
      write(temporaryFolder()).finish().hash,
    )
  })

  it('of other inputs are removed once there is something in their place', () => {
    const folder = temporaryFolder()
    const manifest = write(folder).finish()
    const shards = (): string[] => readdirSync(folder).filter((name) => name.startsWith('shard-'))
    const writer = new TokenShardWriter(folder, 'changed', 5000)
    expect(writer.documents).toBe(0)
    expect(readTokenManifest(folder)).toEqual(manifest)
    expect(shards()).toHaveLength(3)
    writer.add(documents[0]!, [1, 2, 3])
    writer.finish()
    expect(shards()).toHaveLength(1)
    expect(readTokenManifest(folder)).toMatchObject({ inputs: 'changed', tokens: 3 })
  })

  it('use 32 bits where the vocabulary needs them', () => {
    const writer = new TokenShardWriter(temporaryFolder(), 'x', 70_000)
    writer.add(documents[0]!, [69_999, 1])
    expect(writer.finish().tokens).toBe(2)
  })

  it('that were changed or lost are refused', () => {
    const folder = temporaryFolder()
    const manifest = write(folder).finish()
    const path = join(folder, manifest.shards[1]!.file)
    const bytes = readFileSync(path)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(path, bytes)
    expect(() => loadTokenCorpus(folder, manifest)).toThrow(
      /shard-00001\.safetensors is damaged: its hash is not that of the manifest/,
    )
    rmSync(path)
    expect(() => loadTokenCorpus(folder, manifest)).toThrow('it is missing')
  })
})
