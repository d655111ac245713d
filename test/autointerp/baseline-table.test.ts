import { describe, expect, it } from 'vitest'
import { readBaselineTable } from '../../src/autointerp/baseline-table.ts'
import { bigramTable, renderBigramTable } from '../../src/autointerp/bigram-table.ts'
import { renderTokenTable, tokenTable } from '../../src/autointerp/token-table.ts'

const EXAMPLES = [
  { tokens: [1, 2, 3], activations: [0, 8, 0] },
  { tokens: [4, 2, 3], activations: [0, 0, 4] },
]

describe("a baseline's explanation", () => {
  it('predicts by its text alone', () => {
    const tokens = readBaselineTable(renderTokenTable(tokenTable(EXAMPLES, 9), String))
    expect(tokens!([4, 2, 3, 1])).toEqual([0, 5, 2, 0])
    const bigrams = readBaselineTable(renderBigramTable(bigramTable(EXAMPLES, 9), String))
    expect(bigrams!([4, 2, 3, 1, 2])).toEqual([0, 0, 2, 0, 9])
  })

  it('is no other text', () => {
    expect(readBaselineTable('The word "whale".')).toBeNull()
  })
})
