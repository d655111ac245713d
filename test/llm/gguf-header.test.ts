import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DataError, UsageError } from '../../src/core/errors.ts'
import { readGgufHeader } from '../../src/llm/gguf-header.ts'
import { ggufFile } from '../support/gguf.ts'
import { temporaryFolder } from '../support/paths.ts'

const METADATA = {
  'general.architecture': 'llama',
  'general.name': 'Small',
  'tokenizer.ggml.tokens': ['a', 'b', 'ć'],
  'tokenizer.chat_template': '{{ messages }}',
}

function written(bytes: Uint8Array | string): string {
  const path = join(temporaryFolder(), 'model.gguf')
  writeFileSync(path, bytes)
  return path
}

describe('the header of a model file', () => {
  it('says what the model is called and how chats look', () => {
    const bytes = ggufFile(METADATA)
    expect(readGgufHeader(written(bytes))).toEqual({
      name: 'Small',
      chatTemplate: '{{ messages }}',
      bytes: bytes.length,
    })
    const bare = readGgufHeader(written(ggufFile({ 'general.architecture': 'gpt2' }, [], 2)))
    expect(bare).toMatchObject({ name: 'gpt2', chatTemplate: null })
  })

  it('shows that a file is cut short, wherever it is', () => {
    const bytes = ggufFile(METADATA, [
      { values: 64, offset: 0 },
      { values: 64, offset: 256 },
    ])
    for (let length = 8; length < bytes.length; length += 7)
      expect(() => readGgufHeader(written(bytes.subarray(0, length)))).toThrow(
        expect.objectContaining({
          code: 'gguf-truncated',
          message: expect.stringContaining('cut short') as string,
        }),
      )
    expect(() => readGgufHeader(written(bytes.subarray(0, bytes.length - 1)))).toThrow(
      `expected ${bytes.length.toLocaleString('en')} bytes`,
    )
    expect(() => readGgufHeader(written(bytes))).not.toThrow()
  })

  it.each([
    ['a text', 'not a model at all'],
    ['nothing', ''],
    ['an older version', ggufFile(METADATA, [], 1)],
    [
      'an unknown type of metadata',
      Buffer.concat([
        ggufFile({}, []).subarray(0, 16),
        Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 97, 99, 0, 0, 0]),
      ]),
    ],
    [
      'a count that cannot be',
      Buffer.concat([Buffer.from('GGUF'), Buffer.from([3, 0, 0, 0]), Buffer.alloc(16, 0xff)]),
    ],
  ])('refuses %s', (_name, bytes) => {
    expect(() => readGgufHeader(written(bytes))).toThrow(
      expect.objectContaining({
        code: 'gguf-malformed',
        message: expect.stringMatching(/^expected a GGUF/) as string,
      }),
    )
    expect(() => readGgufHeader(written(bytes))).toThrow(DataError)
  })

  it('refuses one of several parts, and what is not there', () => {
    expect(() => readGgufHeader(written(ggufFile({ 'split.count': 3 })))).toThrow(
      expect.objectContaining({ code: 'gguf-split' }),
    )
    for (const path of [join(temporaryFolder(), 'none.gguf'), temporaryFolder()])
      expect(() => readGgufHeader(path)).toThrow(UsageError)
  })
})
