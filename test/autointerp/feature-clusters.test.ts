import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connectedComponents } from '../../src/autointerp/feature-clusters.ts'

const COUNT = 24
const pairsOf = fc.array(fc.tuple(fc.nat(COUNT - 1), fc.nat(COUNT - 1)), { maxLength: 40 })

/** Whoever can be reached, breadth first. */
function reachable(start: number, pairs: readonly (readonly [number, number])[]): number[] {
  const found = new Set([start])
  for (const one of found)
    for (const [a, b] of pairs) {
      if (a === one) found.add(b)
      if (b === one) found.add(a)
    }
  return [...found].toSorted((a, b) => a - b)
}

describe('connectedComponents', () => {
  it('joins what pairs connect, also over others', () => {
    expect([...connectedComponents(6, [4, 1, 1, 3])]).toEqual([0, 1, 2, 1, 1, 3])
    expect([...connectedComponents(3, [])]).toEqual([0, 1, 2])
  })

  it('has one label for what can be reached, and for nothing else', () => {
    fc.assert(
      fc.property(pairsOf, (pairs) => {
        const labels = connectedComponents(COUNT, pairs.flat())
        for (let feature = 0; feature < COUNT; feature++) {
          const same = [...labels.keys()].filter((other) => labels[other] === labels[feature])
          expect(same).toEqual(reachable(feature, pairs))
        }
      }),
    )
  })

  it('does not depend on the order of the pairs', () => {
    fc.assert(
      fc.property(pairsOf, (pairs) => {
        const turned = pairs.map(([a, b]) => [b, a]).toReversed()
        expect(connectedComponents(COUNT, turned.flat())).toEqual(connectedComponents(COUNT, pairs.flat()))
      }),
    )
  })
})
