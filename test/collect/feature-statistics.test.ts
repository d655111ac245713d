import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ActivationShard } from '../../src/collect/activation-shards.ts'
import {
  activationHistogram,
  FiringTotals,
  tokenCounts,
  tokenShare,
} from '../../src/collect/feature-statistics.ts'
import { activationAt, type FeatureFirings, firingsByFeature } from '../../src/collect/firings.ts'
import { logitExtremes } from '../../src/collect/logit-extremes.ts'

const FEATURES = 6
const shardsArbitrary = fc.array(
  fc.array(
    fc.uniqueArray(fc.tuple(fc.nat(FEATURES - 1), fc.integer({ min: 1, max: 9 })), {
      selector: ([feature]) => feature,
      maxLength: 4,
    }),
    { minLength: 1, maxLength: 8 },
  ),
  { minLength: 1, maxLength: 4 },
)

function shardsOf(
  shards: readonly (readonly (readonly (readonly [number, number])[])[])[],
): ActivationShard[] {
  let start = 0
  return shards.map((rows) => {
    const offsets = [0]
    for (const row of rows) offsets.push(offsets.at(-1)! + row.length)
    const shard = {
      start,
      end: start + rows.length,
      offsets: Uint32Array.from(offsets),
      features: Uint16Array.from(rows.flat(), ([feature]) => feature),
      values: Float32Array.from(rows.flat(), ([, value]) => value),
    }
    start += rows.length
    return shard
  })
}

function totalsOf(shards: readonly ActivationShard[]): FiringTotals {
  const totals = new FiringTotals(FEATURES)
  for (const shard of shards) totals.add(shard)
  return totals
}

describe('firings by feature', () => {
  it('are the transposed shards, whatever the memory limit and the order in which totals were added', () => {
    fc.assert(
      fc.property(shardsArbitrary, fc.integer({ min: 1, max: 400 }), (raw, limit) => {
        const shards = shardsOf(raw)
        const totals = totalsOf(shards)
        expect(totalsOf(shards.toReversed())).toEqual(totals)
        const labels = Uint32Array.from({ length: shards.at(-1)!.end }, (_, token) => token * 7)
        const found = [...firingsByFeature(totals.firings, () => shards, limit, labels)]
        expect(found.map(({ feature }) => feature)).toEqual([0, 1, 2, 3, 4, 5])
        const rows = raw.flat()
        for (const { feature, tokens, activations, labels: carried } of found) {
          const expected = rows.flatMap((row, token) =>
            row.filter(([each]) => each === feature).map(([, value]) => [token, value, token * 7]),
          )
          expect(Array.from(tokens, (token, i) => [token, activations[i], carried[i]])).toEqual(expected)
          expect(totals.maxima[feature]).toBe(Math.max(0, ...expected.map(([, value]) => value!)))
          for (let token = 0; token < rows.length; token++)
            expect(activationAt({ feature, tokens, activations, labels: carried }, token)).toBe(
              expected.find(([at]) => at === token)?.[1] ?? 0,
            )
        }
      }),
    )
  })
})

describe('token share', () => {
  const share = (ids: number[], activations: number[]): number | null => {
    const firing = activations.flatMap((value, token) => (value > 0 ? [token] : []))
    const firings: FeatureFirings = {
      feature: 0,
      tokens: Uint32Array.from(firing),
      activations: Float32Array.from(firing, (token) => activations[token]!),
      labels: new Uint32Array(),
    }
    const tokens = Uint16Array.from(ids)
    const counts = tokenCounts(tokens, new Uint8Array(ids.length).fill(1), 10)
    const scratch = new Float64Array(10)
    const result = tokenShare(firings, tokens, counts, ids.length, scratch)
    expect([...scratch]).toEqual(Array.from({ length: 10 }, () => 0))
    return result
  }

  it('is 1 for a function of the token, and 0 where tokens say nothing', () => {
    expect(share([1, 2, 1, 2, 3], [4, 0, 4, 0, 0])).toBeCloseTo(1, 12)
    expect(share([1, 1, 2, 2], [3, 0, 3, 0])).toBeCloseTo(0, 12)
  })

  it('equals the between-group share of variance (one-way analysis of variance)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(4), fc.integer({ min: 0, max: 5 })), { minLength: 2, maxLength: 40 }),
        (pairs) => {
          const ids = pairs.map(([id]) => id)
          const values = pairs.map(([, value]) => value)
          const mean = values.reduce((a, b) => a + b, 0) / values.length
          const total = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
          const between = [...new Set(ids)].reduce((sum, id) => {
            const group = values.filter((_, i) => ids[i] === id)
            return sum + group.length * (group.reduce((a, b) => a + b, 0) / group.length - mean) ** 2
          }, 0)
          if (total < 1e-9) expect(share(ids, values)).toBeNull()
          else expect(share(ids, values)).toBeCloseTo(between / total, 9)
        },
      ),
    )
  })

  it('is null for a feature that never fires', () => {
    expect(share([1, 2], [0, 0])).toBeNull()
  })
})

describe('other statistics', () => {
  it('count activations in bins of equal width, the largest in the last', () => {
    expect(activationHistogram(Float32Array.of(0.1, 1, 2.4, 2.5, 9.9, 10), 10, 4)).toEqual([3, 1, 0, 2])
  })

  it('find the strongest effects on both sides, ties by token', () => {
    expect(logitExtremes(Float32Array.of(0, 3, -2, 3, 5, -2), 3, 2)).toEqual({
      top: [
        [4, 5],
        [1, 3],
        [3, 3],
      ],
      bottom: [
        [2, -2],
        [5, -2],
      ],
    })
  })
})
