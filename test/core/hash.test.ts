import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  canonicalJson,
  contentHash,
  contentId,
  type Json,
  sha256,
  sha256OfFiles,
} from '../../src/core/hash.ts'
import { temporaryFolder } from '../support/paths.ts'

describe('canonicalJson', () => {
  it('does not depend on the order of keys', () => {
    expect(canonicalJson({ b: 1, a: { d: [2, null], c: 'é' } })).toBe('{"a":{"c":"é","d":[2,null]},"b":1}')
  })

  it('is JSON for the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value as Json))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('gives equal objects equal texts, whatever the order of insertion', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (object) => {
        const reversed = Object.fromEntries(Object.entries(object).toReversed())
        expect(canonicalJson(reversed)).toBe(canonicalJson(object))
      }),
    )
  })

  it('leaves out what is undefined', () => {
    expect(canonicalJson({ a: 1, b: undefined as unknown as Json })).toBe('{"a":1}')
  })
})

describe('sha256', () => {
  it('agrees with the test vector of FIPS 180-2', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it('of files equals that of their joined contents, beyond one piece', () => {
    const folder = temporaryFolder()
    const large = Buffer.alloc((1 << 22) + 17, 'gloss')
    writeFileSync(join(folder, 'a'), large)
    writeFileSync(join(folder, 'b'), 'end')
    expect(sha256OfFiles([join(folder, 'a'), join(folder, 'b')])).toBe(
      sha256(Buffer.concat([large, Buffer.from('end')])),
    )
  })

  it('shortens to 64 bits in ids', () => {
    expect(contentId({ a: 1 })).toBe(contentHash({ a: 1 }).slice(0, 16))
  })
})
