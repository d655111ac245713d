import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BrowseSearch } from '../../../src/tui/review/browse-search.ts'

describe('the search of a list', () => {
  it('finds what each text would be found to hold by itself', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', 'A', 'é', 'İ', ' ', '\n', '漢', '😀'),
      maxLength: 8,
    })
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '漢', '😀'), minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(text, { maxLength: 30 }), fc.array(word, { maxLength: 4 }), (texts, words) => {
        const search = new BrowseSearch(texts.length, (row) => texts[row]!)
        for (const one of words)
          expect([...search.rowsWith(one)]).toEqual(
            texts.map((candidate) => Number(candidate.toLowerCase().includes(one))),
          )
      }),
    )
  })

  it('finds across pieces of rows, the last and the first of a piece too', () => {
    const rows = 3 * 4096 + 5
    const search = new BrowseSearch(rows, (row) =>
      row % 4096 === 0 || row % 4096 === 4095 ? 'Needle' : 'hay',
    )
    const found = [...search.rowsWith('needle').entries()].filter(([, there]) => there).map(([row]) => row)
    expect(found).toEqual([0, 4095, 4096, 8191, 8192, 12_287, 12_288])
    expect(search.rowsWith('needles').every((there) => there === 0)).toBe(true)
  })

  it('keeps finds until texts change, and then reads them again', () => {
    const texts = ['old']
    const search = new BrowseSearch(1, (row) => texts[row]!)
    expect(search.rowsWith('new')[0]).toBe(0)
    texts[0] = 'new'
    expect(search.rowsWith('new')[0]).toBe(0)
    for (const _ of search.prepare());
    expect(search.rowsWith('new')[0]).toBe(1)
  })
})
