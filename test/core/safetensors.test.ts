import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DataError, UsageError } from '../../src/core/errors.ts'
import {
  SafetensorsFile,
  SafetensorsWriter,
  toFloat32,
  writeSafetensors,
} from '../../src/core/safetensors.ts'
import { bytesOf, storedFloat32 } from '../../src/core/tensor.ts'
import { FIXTURES, temporaryFolder } from '../support/paths.ts'

function raw(header: unknown, data = 0): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, Buffer.alloc(data)])
}

describe('safetensors files', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((name) => name !== '__metadata__' && name !== '__proto__'),
          fc.array(fc.float({ noNaN: true })),
          { maxKeys: 5 },
        ),
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'),
          fc.string(),
        ),
        (tensors, metadata) => {
          const path = join(temporaryFolder(), 'x.safetensors')
          const stored = Object.fromEntries(
            Object.entries(tensors).map(([name, values]) => [
              name,
              storedFloat32([values.length], Float32Array.from(values)),
            ]),
          )
          writeSafetensors(path, stored, metadata)
          const file = new SafetensorsFile(path)
          for (const [name, values] of Object.entries(tensors))
            expect([...file.readFloat32(name).data]).toEqual([...Float32Array.from(values)])
          expect({ ...file.metadata }).toEqual(metadata)
          file.close()
        },
      ),
      { numRuns: 30 },
    )
  })

  it('are laid as the reference library lays them, byte for byte', () => {
    const original = join(FIXTURES, 'sae/saelens/topk/sae_weights.safetensors')
    const file = new SafetensorsFile(original)
    const copy = join(temporaryFolder(), 'copy.safetensors')
    writeSafetensors(
      copy,
      Object.fromEntries([...file.tensors.keys()].map((name) => [name, file.read(name)])),
      file.metadata,
    )
    expect(readFileSync(copy).equals(readFileSync(original))).toBe(true)
    file.close()
  })

  it('can be written in pieces and in any order', () => {
    const path = join(temporaryFolder(), 'pieces.safetensors')
    const writer = new SafetensorsWriter(path, {
      small: { dtype: 'U8', shape: [3] },
      large: { dtype: 'F32', shape: [2, 2] },
    })
    writer.write('large', bytesOf(Float32Array.of(3, 4)), 8)
    writer.write('small', Uint8Array.of(7, 8, 9))
    writer.write('large', bytesOf(Float32Array.of(1, 2)))
    expect(existsSync(path)).toBe(false)
    writer.commit()
    const file = new SafetensorsFile(path)
    expect([...file.readFloat32('large').data]).toEqual([1, 2, 3, 4])
    expect([...file.read('small').bytes]).toEqual([7, 8, 9])
    file.close()
  })

  it('leave nothing behind when they are abandoned', () => {
    const path = join(temporaryFolder(), 'never.safetensors')
    const writer = new SafetensorsWriter(path, { a: { dtype: 'U8', shape: [1] } })
    writer.abandon()
    expect(existsSync(path)).toBe(false)
    expect(existsSync(`${path}.partial`)).toBe(false)
  })

  it('are refused when they are cut anywhere', () => {
    const original = readFileSync(join(FIXTURES, 'sae/saelens/standard/sae_weights.safetensors'))
    const path = join(temporaryFolder(), 'cut.safetensors')
    for (const size of [0, 5, 8, 20, 200, original.length - 1]) {
      writeFileSync(path, original)
      truncateSync(path, size)
      expect(() => new SafetensorsFile(path)).toThrow(
        /is truncated: expected at least \d+ bytes, found \d+; copy or download it again/,
      )
    }
  })

  it.each([
    ['no JSON', raw('{"a":'), 'no JSON object'],
    ['a list', raw('[]'), 'no JSON object'],
    ['an unknown type', raw({ a: { dtype: 'F8', shape: [1], data_offsets: [0, 1] } }, 1), 'unknown type F8'],
    [
      'a size that does not fit',
      raw({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } }, 4),
      'should take 8 bytes and takes 4',
    ],
    ['no offsets', raw({ a: { dtype: 'F32', shape: [2] } }), 'data_offsets'],
    ['metadata that is no text', raw({ __metadata__: { a: 1 } }), 'metadata is not text'],
    ['an absurd header', Buffer.from('ffffffffffffff7f00', 'hex'), 'header claims'],
  ])('are refused with %s', (_name, content, message) => {
    const path = join(temporaryFolder(), 'bad.safetensors')
    writeFileSync(path, content)
    expect(() => new SafetensorsFile(path)).toThrow(message)
    expect(() => new SafetensorsFile(path)).toThrow(DataError)
  })

  it('say which tensor is missing or has another shape', () => {
    const file = new SafetensorsFile(join(FIXTURES, 'sae/saelens/standard/sae_weights.safetensors'))
    expect(() => file.read('W_gate')).toThrow('expected a tensor W_gate')
    expect(() => file.readFloat32('b_dec', [3])).toThrow('expected tensor b_dec of shape [3], found [32]')
    file.close()
  })

  it('that are not there are a misuse', () => {
    expect(() => new SafetensorsFile(join(temporaryFolder(), 'nothing'))).toThrow(UsageError)
  })

  it('convert all floating-point types and refuse integers', () => {
    expect([...toFloat32({ dtype: 'F64', shape: [1], bytes: bytesOf(Float64Array.of(1.5)) }, 't')]).toEqual([
      1.5,
    ])
    expect([...toFloat32({ dtype: 'F16', shape: [1], bytes: bytesOf(Uint16Array.of(0x3e00)) }, 't')]).toEqual(
      [1.5],
    )
    expect([
      ...toFloat32({ dtype: 'BF16', shape: [1], bytes: bytesOf(Uint16Array.of(0x3fc0)) }, 't'),
    ]).toEqual([1.5])
    expect(() => toFloat32({ dtype: 'I32', shape: [1], bytes: new Uint8Array(4) }, 't')).toThrow(
      'expected floating-point numbers, found I32',
    )
  })
})
