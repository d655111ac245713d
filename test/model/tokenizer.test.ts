import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { DataError } from '../../src/core/errors.ts'
import { ByteLevelTokenizer } from '../../src/model/tokenizer.ts'
import { FIXTURES, temporaryFolder, TINY_1L } from '../support/paths.ts'

const caseSchema = z.object({
  text: z.string(),
  add_special_tokens: z.boolean(),
  ids: z.array(z.int()),
  byte_offsets: z.array(z.tuple([z.int(), z.int()])),
  byte_offsets_exact: z.boolean(),
  decoded: z.string(),
  decoded_skip_special: z.string(),
})

const folderOf = (name: string): string => join(FIXTURES, 'tokenizers', name)

describe.each(['gpt2', 'llama3', 'qwen2'])('the tokenizer %s', (name) => {
  const tokenizer = new ByteLevelTokenizer(folderOf(name))
  const cases = readFileSync(join(folderOf(name), 'cases.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => caseSchema.parse(JSON.parse(line)))

  it('gives the recorded ids, byte offsets and texts', () => {
    expect(cases.length).toBeGreaterThan(60)
    for (const one of cases.filter(({ byte_offsets_exact: exact }) => exact)) {
      const { ids, byteOffsets } = tokenizer.encodeWithOffsets(one.text, {
        addSpecialTokens: one.add_special_tokens,
      })
      expect({ text: one.text, ids, byteOffsets }).toEqual({
        text: one.text,
        ids: one.ids,
        byteOffsets: one.byte_offsets,
      })
      expect(tokenizer.decode(ids)).toBe(one.decoded)
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(one.decoded_skip_special)
    }
  })

  it('refuses offsets where normalisation changed the text', () => {
    for (const one of cases.filter(({ byte_offsets_exact: exact }) => !exact))
      expect(() => tokenizer.encodeWithOffsets(one.text)).toThrow(/normalisation changed a text/)
  })
})

describe('the bundled tokenizer', () => {
  const tokenizer = new ByteLevelTokenizer(TINY_1L)

  it('takes any text to tokens and back, byte by byte', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-composite' }), (text) => {
        const ids = tokenizer.encode(text)
        expect(Buffer.concat(ids.map((id) => tokenizer.tokenBytes(id))).equals(Buffer.from(text))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('spells every entry of its vocabulary', () => {
    expect(tokenizer.vocabularySize).toBe(4096)
    expect(Buffer.from(tokenizer.tokenBytes(0)).toString()).toBe('<|endoftext|>')
    for (let id = 0; id < 4096; id++) expect(tokenizer.tokenBytes(id).length).toBeGreaterThan(0)
    expect(tokenizer.tokenBytes(4096)).toHaveLength(0)
  })
})

describe('a tokenizer that cannot be used', () => {
  function changed(change: (definition: Record<string, unknown>) => void): string {
    const folder = temporaryFolder()
    cpSync(folderOf('gpt2'), folder, { recursive: true })
    const path = join(folder, 'tokenizer.json')
    const definition = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    change(definition)
    writeFileSync(path, JSON.stringify(definition))
    return folder
  }

  it('says why', () => {
    expect(() => new ByteLevelTokenizer(temporaryFolder())).toThrow('expected the tokenizer at')
    const unigram = changed((definition) => (definition['model'] = { type: 'Unigram', vocab: [] }))
    expect(() => new ByteLevelTokenizer(unigram)).toThrow(
      'expected a byte-level BPE tokenizer, found model Unigram',
    )
    const sentencePiece = changed(
      (definition) => (definition['decoder'] = { type: 'Sequence', decoders: [] }),
    )
    expect(() => new ByteLevelTokenizer(sentencePiece)).toThrow(DataError)
    const broken = temporaryFolder()
    writeFileSync(join(broken, 'tokenizer.json'), '{')
    expect(() => new ByteLevelTokenizer(broken)).toThrow('is no valid JSON')
  })
})
