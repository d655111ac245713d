import { describe, expect, it } from 'vitest'
import { type PuzzleScores, rankPuzzles, winOf } from '../../../src/autointerp/puzzles/ranking.ts'

const scored = (rule: string, ...values: (number | null)[]): PuzzleScores => {
  const [truth, near, sibling, topic, unrelated] = values as [number, number, number, number, number]
  return { name: rule, rule, scores: { true: truth, near, sibling, topic, unrelated } }
}

describe('a ranking of puzzles', () => {
  it('shares a win among those that tie', () => {
    expect(winOf(scored('a', 0.9, 0.5, 0, 0, 0).scores)).toBe(1)
    expect(winOf(scored('a', 0.9, 0.9, 0, 0.9, 0).scores)).toBeCloseTo(1 / 3, 12)
    expect(winOf(scored('a', 0, 0, 0, 0, 0).scores)).toBe(0.2)
    expect(winOf(scored('a', 0.4, 0.5, 0, 0, 0).scores)).toBe(0)
    expect(winOf(scored('a', 0.4, null, 0, 0, 0).scores)).toBeNull()
  })

  it('counts pairs, ties half, and leaves out what has no score', () => {
    const found = rankPuzzles(
      [
        scored('a', 0.9, 0.95, 0.9, 0.1, -0.2),
        scored('b', 0.5, 0.1, 0.2, 0.3, 0.4),
        scored('b', 0.5, null, 0.2, 0.3, 0.4),
      ],
      0,
    )!
    expect(found.wins.value).toBeCloseTo(0.5, 12)
    expect(found.auc.value).toBeCloseTo((2.5 / 4 + 1) / 2, 12)
    expect(found.aucBy).toEqual({ near: 0.5, sibling: 0.75, topic: 1, unrelated: 1 })
    expect(found).toMatchObject({ ranked: 2, unranked: 1 })
    expect(rankPuzzles([scored('b', null, 0, 0, 0, 0)], 0)).toBeNull()
  })

  it('has intervals over rules, not over puzzles', () => {
    // Four rules that always win and four that never do: five puzzles of each add nothing.
    const rules = Array.from({ length: 8 }, (_, rule) =>
      rule < 4 ? scored(`r${rule}`, 1, 0, 0, 0, 0) : scored(`r${rule}`, 0, 1, 1, 1, 1),
    )
    const once = rankPuzzles(rules, 3)!
    const often = rankPuzzles([...rules, ...rules, ...rules, ...rules, ...rules], 3)!
    expect(often.wins).toEqual(once.wins)
    // The binomial of 8 at ½: 2.5 % and 97.5 % are 1/8 and 7/8.
    expect(once.wins).toMatchObject({ value: 0.5, low: 0.125, high: 0.875 })
  })
})
