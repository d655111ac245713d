import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bigramTable,
  parseBigramTable,
  renderBigramTable,
  simulateByBigramTable,
} from '../../src/autointerp/bigram-table.ts'
import { parseTokenTable } from '../../src/autointerp/token-table.ts'

const window = fc.record({ tokens: fc.array(fc.nat(5), { minLength: 1, maxLength: 9 }), seed: fc.nat(1000) })
const examplesArbitrary = fc.array(window, { minLength: 1, maxLength: 8 }).map((windows) =>
  windows.map(({ tokens, seed }) => ({
    tokens,
    activations: tokens.map((token, index) => ((token * 31 + index * 17 + seed) % 7) - 2),
  })),
)

/** The definition, word for word: the mean of the pair in the examples, else of the token, on the scale and rounded. */
function byDefinition(
  examples: readonly { tokens: number[]; activations: number[] }[],
  scale: number,
  previous: number | null,
  token: number,
): number {
  const max = Math.max(0, ...examples.flatMap(({ activations }) => activations))
  const mean = (values: number[]): number =>
    values.reduce((sum, value) => sum + Math.max(0, value), 0) / values.length
  const found = (fits: (tokens: number[], index: number) => boolean): number[] =>
    examples.flatMap(({ tokens, activations }) => activations.filter((_, index) => fits(tokens, index)))
  const pair = found(
    (tokens, index) =>
      previous !== null && index > 0 && tokens[index - 1] === previous && tokens[index] === token,
  )
  const single = found((tokens, index) => tokens[index] === token)
  const values = pair.length > 0 ? pair : single
  return values.length === 0 || max === 0 ? 0 : Math.floor((scale * mean(values)) / max + 0.5)
}

describe('the bigram table', () => {
  it('knows a token after another better than alone', () => {
    const examples = [
      { tokens: [1, 2, 3], activations: [0, 8, 0] },
      { tokens: [4, 2, 3], activations: [0, 0, 4] },
    ]
    // Token 2: mean 4 of 8, so 4.5 on the scale of 9, rounded half up; 9 after 1, 0 after 4. Token 3: mean 2, 2.25.
    expect(bigramTable(examples, 9)).toEqual({
      tokens: [
        { token: 2, level: 5 },
        { token: 3, level: 2 },
      ],
      pairs: [
        { previous: 1, token: 2, level: 9 },
        { previous: 4, token: 2, level: 0 },
      ],
    })
  })

  it('predicts as it is defined, whatever the examples', () => {
    fc.assert(
      fc.property(
        examplesArbitrary,
        fc.array(fc.nat(7), { minLength: 1, maxLength: 12 }),
        (examples, tokens) => {
          const predicted = simulateByBigramTable(bigramTable(examples, 9), tokens)
          expect(predicted).toEqual(
            tokens.map((token, index) =>
              byDefinition(examples, 9, index > 0 ? tokens[index - 1]! : null, token),
            ),
          )
        },
      ),
    )
  })

  it('does not depend on the order of the examples', () => {
    fc.assert(
      fc.property(examplesArbitrary, (examples) => {
        expect(bigramTable(examples.toReversed(), 9)).toEqual(bigramTable(examples, 9))
      }),
    )
  })

  it('comes back from its text, whatever the tokens look like', () => {
    const nat = fc.nat(200_000)
    const level = fc.nat(10)
    const tables = fc.record({
      tokens: fc.array(fc.record({ token: nat, level }), { maxLength: 6 }),
      pairs: fc.array(fc.record({ previous: nat, token: nat, level }), { maxLength: 6 }),
    })
    fc.assert(
      fc.property(tables, fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (table, texts) => {
        const text = renderBigramTable(table, (token) => texts[token % texts.length]!)
        expect(parseBigramTable(text)).toEqual(table)
        expect(parseTokenTable(text)).toBeNull()
      }),
    )
  })

  it('is silent for a feature that never fires', () => {
    const table = bigramTable([{ tokens: [1, 2], activations: [0, -1] }], 9)
    expect(table).toEqual({ tokens: [], pairs: [] })
    expect(parseBigramTable(renderBigramTable(table, String))).toEqual(table)
    expect(simulateByBigramTable(table, [1, 2])).toEqual([0, 0])
  })

  it('is not read out of other texts', () => {
    const prefix = 'tokens and bigrams (baseline):'
    for (const text of [
      '',
      'fires on dates',
      'top tokens (baseline): "a"#1=2',
      `${prefix} "a"#1=2 x`,
      `${prefix} "a"+"b"#1=2`,
      `${prefix} "a"+"b"#1+2=3 "a"#1=2`,
      `${prefix}"a"#1=2`,
    ])
      expect(parseBigramTable(text)).toBeNull()
  })
})
