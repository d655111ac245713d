import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  parseTokenTable,
  renderTokenTable,
  simulateByTokenTable,
  tokenTable,
} from '../../src/autointerp/token-table.ts'

describe('the token table', () => {
  it('holds the tokens with the largest mean activation, all occurrences counted', () => {
    const examples = [
      { tokens: [1, 2, 3], activations: [9, 4, 0] },
      { tokens: [1, 2, 4], activations: [0, 4, -2] },
    ]
    // Means 4.5, 4, 0, 0; the largest activation is 9; levels are 9 · mean / 9, rounded half up.
    expect(tokenTable(examples, 9)).toEqual([
      { token: 1, level: 5 },
      { token: 2, level: 4 },
    ])
  })

  it('has ten tokens at most, ties by token id', () => {
    const tokens = Array.from({ length: 30 }, (_, index) => 29 - index)
    const table = tokenTable([{ tokens, activations: tokens.map(() => 2) }], 9)
    expect(table.map(({ token }) => token)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(table.every(({ level }) => level === 9)).toBe(true)
  })

  it('is empty for a feature that never fires', () => {
    expect(tokenTable([{ tokens: [1], activations: [0] }], 9)).toEqual([])
    expect(parseTokenTable(renderTokenTable([], () => ''))).toEqual([])
  })

  it('comes back from its text, whatever the tokens look like', () => {
    const entries = fc.array(fc.record({ token: fc.nat(200_000), level: fc.nat(10) }), { maxLength: 10 })
    fc.assert(
      fc.property(entries, fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (table, texts) => {
        const text = renderTokenTable(table, (token) => texts[token % texts.length]!)
        expect(parseTokenTable(text)).toEqual(table)
      }),
    )
  })

  it('is not read out of other texts', () => {
    for (const text of [
      '',
      'fires on dates',
      'top tokens (baseline): "a"#1=2 x',
      'top tokens (baseline): "a#1=2',
      'top tokens (baseline):"a"#1=2',
    ])
      expect(parseTokenTable(text)).toBeNull()
  })

  it('predicts its levels and 0 for all other tokens', () => {
    expect(simulateByTokenTable([{ token: 7, level: 3 }], [1, 7, 7, 2])).toEqual([0, 3, 3, 0])
  })
})
