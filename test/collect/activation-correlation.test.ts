import { describe, expect, it } from 'vitest'
import type { ActivationShard } from '../../src/collect/activation-shards.ts'
import { correlatedPairs, correlationStride } from '../../src/collect/activation-correlation.ts'
import { pearson } from '../../src/autointerp/correlation.ts'
import { Random } from '../../src/core/random.ts'

const FEATURES = 12
const TOKENS = 300

/** Activations [token][feature]: the first three follow each other with more and more noise, the last is silent. */
function denseActivations(): number[][] {
  const random = new Random(0, 'activations')
  return Array.from({ length: TOKENS }, () => {
    const own = Array.from({ length: FEATURES }, () => Math.max(0, random.normal()))
    own[1] = Math.max(0, own[0]! + 0.3 * random.normal())
    own[2] = Math.max(0, own[1] + 0.5 * random.normal())
    own[FEATURES - 1] = 0
    return own.map((value) => Math.fround(value))
  })
}

function shardsOf(dense: readonly (readonly number[])[], sizes: readonly number[]): ActivationShard[] {
  let start = 0
  return sizes.map((size) => {
    const rows = dense.slice(start, start + size)
    const entries = rows.map((row) => [...row.entries()].filter(([, value]) => value > 0).toReversed())
    const shard = {
      start,
      end: start + size,
      offsets: Uint32Array.from([0, ...entries.keys()].map((_, i) => entries.slice(0, i).flat().length)),
      features: Uint16Array.from(entries.flat(), ([feature]) => feature),
      values: Float32Array.from(entries.flat(), ([, value]) => value),
    }
    start += size
    return shard
  })
}

/** Pair by pair, by the correlation that scores use. */
function expectedPairs(dense: readonly (readonly number[])[], stride: number, limit: number): number[] {
  const rows = dense.filter((_, token) => token % stride === 0)
  const pairs: number[] = []
  for (let a = 0; a < FEATURES; a++)
    for (let b = a + 1; b < FEATURES; b++) {
      const r = pearson(
        rows.map((row) => row[a]!),
        rows.map((row) => row[b]!),
      )
      if (r !== null && r > limit) pairs.push(a, b)
    }
  return pairs
}

describe('correlatedPairs', () => {
  const dense = denseActivations()

  it.each([
    [1, 0.7],
    [1, 0.4],
    [1, 0],
    [7, 0.7],
  ])('with stride %i finds the pairs above %f', (stride, limit) => {
    const found = [...correlatedPairs(FEATURES, shardsOf(dense, [100, 45, 155]), stride, limit)]
    expect(found).toEqual(expectedPairs(dense, stride, limit))
    expect(found.length).toBeGreaterThan(0)
  })

  it('does not depend on how tokens are cut into shards', () => {
    expect(correlatedPairs(FEATURES, shardsOf(dense, [300]), 3, 0.5)).toEqual(
      correlatedPairs(FEATURES, shardsOf(dense, [1, 99, 200]), 3, 0.5),
    )
  })
})

describe('correlationStride', () => {
  it('keeps the work bounded, by tokens and by how many features fire', () => {
    expect(correlationStride(1000, 30)).toBe(1)
    expect(correlationStride(10 * 2 ** 17, 30)).toBe(10)
    const [tokens, active] = [1e7, 2000]
    expect((tokens / correlationStride(tokens, active)) * active ** 2).toBeLessThanOrEqual(2 ** 30)
  })
})
