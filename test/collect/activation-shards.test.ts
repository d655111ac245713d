import { writeFileSync } from 'node:fs'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ActivationShardWriter,
  estimateShardBytes,
  hashShard,
  readActivationShard,
} from '../../src/collect/activation-shards.ts'
import type { SparseActivations } from '../../src/core/dictionary.ts'
import { floatToHalf, halfToFloatTable } from '../../src/core/half.ts'
import { SafetensorsFile } from '../../src/core/safetensors.ts'
import { temporaryFolder } from '../support/paths.ts'

function sparse(
  rows: readonly (readonly (readonly [feature: number, value: number])[])[],
): SparseActivations {
  const offsets = [0]
  for (const row of rows) offsets.push(offsets.at(-1)! + row.length)
  return {
    offsets: Uint32Array.from(offsets),
    features: Uint32Array.from(rows.flat(), ([feature]) => feature),
    values: Float32Array.from(rows.flat(), ([, value]) => value),
  }
}

const rowArbitrary = fc.array(
  fc.tuple(fc.nat(99), fc.float({ min: Math.fround(1e-9), max: 100, noNaN: true })),
  { maxLength: 5 },
)

describe('activation shards', () => {
  it('hold what was added, rounded to half precision, and read back as they were returned', () => {
    fc.assert(
      fc.property(
        fc.array(rowArbitrary, { minLength: 1, maxLength: 12 }),
        fc.array(rowArbitrary, { maxLength: 6 }),
        (first, second) => {
          const path = join(temporaryFolder(), 'shard')
          const writer = new ActivationShardWriter(10, 10 + 2 * (first.length + second.length), 100)
          // Every second token is not eligible.
          writer.add(
            first.map((_, row) => 10 + 2 * row),
            sparse(first),
          )
          writer.add(
            second.map((_, row) => 10 + 2 * (first.length + row)),
            sparse(second),
          )
          const written = writer.write(path)
          const table = halfToFloatTable()
          for (const [row, entries] of [...first, ...second].entries()) {
            const kept = entries
              .map(([feature, value]) => [feature, table[floatToHalf(value)]!] as const)
              .filter(([, value]) => value > 0)
            const [start, end] = [written.offsets[2 * row]!, written.offsets[2 * row + 1]!]
            expect(Array.from(written.features.subarray(start, end))).toEqual(
              kept.map(([feature]) => feature),
            )
            expect(Array.from(written.values.subarray(start, end))).toEqual(kept.map(([, value]) => value))
            expect(written.offsets[2 * row + 2]).toBe(end)
          }
          expect(readActivationShard(path, { start: 10, end: written.end, sha256: hashShard(path) })).toEqual(
            written,
          )
        },
      ),
      { numRuns: 50 },
    )
  })

  it('fall back to 32 bits where half precision overflows, and where the set is large', () => {
    const path = join(temporaryFolder(), 'shard')
    const writer = new ActivationShardWriter(0, 1, 70_000)
    writer.add(
      [0],
      sparse([
        [
          [69_999, 100_000],
          [1, 1e-9],
        ],
      ]),
    )
    const shard = writer.write(path)
    expect([...shard.values]).toEqual([100_000, Math.fround(1e-9)])
    expect([...shard.features]).toEqual([69_999, 1])
    const file = new SafetensorsFile(path)
    expect([file.tensors.get('values')!.dtype, file.tensors.get('features')!.dtype]).toEqual(['F32', 'U32'])
    file.close()
  })

  it('that were changed are refused', () => {
    const path = join(temporaryFolder(), 'shard')
    const writer = new ActivationShardWriter(0, 2, 10)
    writer.add([1], sparse([[[3, 2]]]))
    writer.write(path)
    const hash = hashShard(path)
    expect(() => readActivationShard(path, { start: 0, end: 3 })).toThrow(
      'it covers other tokens than expected',
    )
    const bytes = readFileSync(path)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(path, bytes)
    expect(() => readActivationShard(path, { start: 0, end: 2, sha256: hash })).toThrow(
      /is damaged: its hash is not that of the manifest; delete its folder/,
    )
  })

  it('take what was estimated', () => {
    // 3.04 M tokens with 32 of 4,096 features: the demo's 450 MB at most.
    expect(estimateShardBytes(3_040_000, 32, 4096)).toBeLessThan(450e6)
  })
})
