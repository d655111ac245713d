import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hash32 } from '../../src/core/random.ts'
import { DocumentSplit } from '../../src/collect/split.ts'

const WANTED = [34, 30]
const EXPLAIN_SIDE = 0
const SCORE_SIDE = 1

describe('the split of documents', () => {
  it('gives the largest document to explain, and keeps both sides in proportion', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(200), { minLength: 2, maxLength: 60 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 60, maxLength: 60 }),
        fc.nat(),
        (documents, counts, seed) => {
          const firing = documents.map((document, i) => ({ document, firingWindows: counts[i]! }))
          const split = new DocumentSplit(201, firing, WANTED, seed, 7)
          const of = (side: number): number =>
            firing
              .filter(({ document }) => split.sideOf(document) === side)
              .reduce((sum, { firingWindows }) => sum + firingWindows, 0)
          expect(of(EXPLAIN_SIDE)).toBeGreaterThan(0)
          expect(of(SCORE_SIDE)).toBeGreaterThan(0)
          const largest = Math.max(...firing.map(({ firingWindows }) => firingWindows))
          // Greedy by size: the shares differ by at most the largest document's share.
          expect(Math.abs(of(EXPLAIN_SIDE) / 34 - of(SCORE_SIDE) / 30)).toBeLessThanOrEqual(largest / 30)
        },
      ),
    )
  })

  it('does not depend on the order in which documents are given', () => {
    const firing = Array.from({ length: 20 }, (_, document) => ({
      document,
      firingWindows: 1 + (document % 3),
    }))
    const sides = (order: typeof firing): number[] => {
      const split = new DocumentSplit(20, order, WANTED, 1, 1)
      return firing.map(({ document }) => split.sideOf(document))
    }
    expect(sides(firing.toReversed())).toEqual(sides(firing))
  })

  it('sends documents without firing windows to both sides about equally', () => {
    const split = new DocumentSplit(2000, [], WANTED, 1, 1)
    const explain = Array.from({ length: 2000 }, (_, document) => split.sideOf(document)).filter(
      (side) => side === EXPLAIN_SIDE,
    ).length
    expect(Math.abs(explain - 1000)).toBeLessThan(100)
  })

  it('of two equal documents puts one on each side', () => {
    const split = new DocumentSplit(
      2,
      [
        { document: 0, firingWindows: 5 },
        { document: 1, firingWindows: 5 },
      ],
      WANTED,
      9,
      9,
    )
    expect(split.sideOf(0)).not.toBe(split.sideOf(1))
  })

  it('has as many sides as there are uses', () => {
    const wanted = [34, 30, 15]
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 3, maxLength: 60 }),
        fc.nat(),
        (counts, seed) => {
          const firing = counts.map((firingWindows, document) => ({ document, firingWindows }))
          const split = new DocumentSplit(counts.length, firing, wanted, seed, 7)
          const shares = wanted.map(
            (want, side) =>
              firing
                .filter(({ document }) => split.sideOf(document) === side)
                .reduce((sum, { firingWindows }) => sum + firingWindows, 0) / want,
          )
          // Greedy by size: no side is ahead of another by more than one document.
          expect(Math.min(...shares)).toBeGreaterThan(0)
          expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(Math.max(...counts) / 15)
        },
      ),
    )
    const silent = new DocumentSplit(3000, [], wanted, 1, 1)
    const counts = [0, 0, 0]
    for (let document = 0; document < 3000; document++) counts[silent.sideOf(document)]!++
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(100)
  })

  it('of two sides takes the lowest bit of the hash for documents that never fire', () => {
    const split = new DocumentSplit(500, [], WANTED, 3, 8)
    for (let document = 0; document < 500; document++)
      expect(split.sideOf(document)).toBe(hash32(3, 8, document) & 1)
  })
})
