import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BrowseList,
  type BrowsePort,
  type BrowseRowView,
  type Sort,
  SORTS,
} from '../../../src/tui/review/browse-list.ts'

const row = (feature: number, score: number | null, density = 0.01 * feature): BrowseRowView => ({
  feature,
  density,
  max: feature,
  state: feature === 3 ? 'dead' : 'alive',
  tokenShare: null,
  score,
  gain: score,
})

function portOf(rows: readonly BrowseRowView[]): BrowsePort {
  return {
    rows,
    explanations: new Map([
      [0, 'DNA letters'],
      [1, 'the word Apple'],
    ]),
    topTokens: new Map([[2, [' apple', 'pie']]]),
    ratings: new Map([[1, { raters: 2, disagreement: 0.5 }]]),
  }
}

const ROWS = [row(0, 0.2), row(1, null), row(2, 0.9), row(3, -0.1)]

function shown(list: BrowseList): (number | undefined)[] {
  return Array.from({ length: list.length }, (_, place) => list.at(place)?.feature)
}

function filtered(filter: string): (number | undefined)[] {
  const list = new BrowseList(portOf(ROWS))
  list.filter = filter
  list.refilter()
  return shown(list)
}

describe('the list of features', () => {
  it('begins with the best score; what has none comes last, either way round', () => {
    const list = new BrowseList(portOf(ROWS))
    expect(shown(list)).toEqual([2, 0, 3, 1])
    list.descending = false
    list.arrange()
    expect(shown(list)).toEqual([3, 0, 2, 1])
  })

  it.each([
    ['score>.1', [2, 0]],
    ['score<=.2 score>=-.1', [0, 3]],
    ['gap=0.9', [2]],
    ['density>1%', [2, 3]],
    ['feature=3', [3]],
    ['rated', [1]],
    ['unrated alive', [2, 0]],
    ['disagreement>.4', [1]],
    ['scored', [2, 0, 3]],
    ['unscored', [1]],
    ['dead', [3]],
    ['apple', [2, 1]],
    ['APPLE pie', [2]],
    ['dna', [0]],
    ['nothing', []],
  ])('filters by %s', (filter, features) => {
    expect(filtered(filter)).toEqual(features)
  })

  it('finds the same letter by letter as at once', () => {
    const words = fc.constantFrom(
      'apple',
      'ap',
      'p',
      'dna',
      'rate',
      'rated',
      'un',
      'score>.1',
      'score>.15',
      'dead',
      ' ',
    )
    fc.assert(
      fc.property(fc.array(words, { maxLength: 4 }), (parts) => {
        const filter = parts.join(' ')
        const list = new BrowseList(portOf(ROWS))
        for (let end = 0; end <= filter.length; end++) {
          list.filter = filter.slice(0, end)
          list.refilter()
          expect(shown(list), list.filter).toEqual(filtered(list.filter))
        }
      }),
    )
  })

  it('finds in texts that have come in since', () => {
    const explanations = new Map<number, string>()
    const list = new BrowseList({ ...portOf(ROWS), explanations })
    list.filter = 'dna'
    list.refilter()
    expect(shown(list)).toEqual([])
    explanations.set(0, 'DNA letters')
    for (const _ of list.takeTexts());
    expect(shown(list)).toEqual([0])
  })

  it('says which word of a filter is none', () => {
    const list = new BrowseList(portOf(ROWS))
    list.filter = 'score>high'
    expect(list.problem).toMatch(/found score>high$/)
    list.filter = 'score>.5 a<b c'
    expect(list.problem).toMatch(/found a<b$/)
    list.filter = 'score>.5 words'
    expect(list.problem).toBeNull()
  })

  it('is sorted as a sort with a comparator would, by any column', () => {
    const value = fc.option(fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map(Math.fround), { nil: null })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, fc.nat(1000))),
        fc.constantFrom<Sort>(...SORTS),
        fc.boolean(),
        (drawn, sort, descending) => {
          const rows = drawn.map(([score, density], feature) => row(feature, score, density))
          const list = new BrowseList(portOf(rows))
          list.sort = sort
          list.descending = descending
          list.arrange()
          const keyOf = ({ feature, score, density, max }: BrowseRowView): number | null =>
            ({ score, gap: score, density, max, disagreement: feature === 1 ? 0.5 : null, feature })[sort]
          const sign = descending ? -1 : 1
          const wanted = rows.toSorted((a, b) => {
            const [x, y] = [keyOf(a), keyOf(b)]
            if (x === null || y === null)
              return Number(x === null) - Number(y === null) || a.feature - b.feature
            return sign * (x - y) || a.feature - b.feature
          })
          expect(shown(list)).toEqual(wanted.map(({ feature }) => feature))
        },
      ),
    )
  })
})
