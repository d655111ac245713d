import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/core/errors.ts'
import { parseSelection, selectFeatures } from '../../src/core/selection.ts'

const candidates = [1, 2, 5, 7, 12, 100, 150, 199, 200]
const select = (text: string, explained: readonly number[] = []): number[] =>
  selectFeatures(parseSelection(text), candidates, (feature) => explained.includes(feature), 0)

describe('selections', () => {
  it('name features and ranges', () => {
    expect(select('7,12,100-199')).toEqual([7, 12, 100, 150, 199])
    expect(select('3')).toEqual([])
    expect(select('all')).toEqual(candidates)
    expect(select('unexplained', [1, 2, 200])).toEqual([5, 7, 12, 100, 150, 199])
  })

  it('draw from the seed alone, in ascending order', () => {
    const drawn = select('random:4')
    expect(drawn).toHaveLength(4)
    expect(drawn).toEqual(drawn.toSorted((a, b) => a - b))
    expect(select('random:4')).toEqual(drawn)
    expect(select('random:100')).toEqual(candidates)
  })

  it.each(['', 'x', '7,', '9-3', 'random:0', 'random:', '-1', '1.5', 'ALL'])('refuse %j', (text) => {
    expect(() => parseSelection(text)).toThrow(UsageError)
  })
})
