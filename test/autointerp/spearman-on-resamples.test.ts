import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ResampledSpearman } from '../../src/autointerp/resampled-spearman.ts'
import { Resamples } from '../../src/autointerp/resamples.ts'
import { spearmanOnResamples } from '../../src/autointerp/spearman-on-resamples.ts'
import { Random } from '../../src/core/random.ts'

/** Values as they occur: mostly silence, ties, activations of their own, negative ones, both zeros. */
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 0, 0, -0) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 9 }) },
  { weight: 1, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 2, arbitrary: fc.double({ min: -2, max: 100, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(63, 64, 65, 2 ** 31, 2 ** 32 + 1) },
)
const table = (lengths: readonly number[]): fc.Arbitrary<number[][]> =>
  fc.tuple(...lengths.map((length) => fc.array(value, { minLength: length, maxLength: length })))

/** A truth and up to four sets of predictions, in strata of examples that may differ in length. */
const sample = fc
  .tuple(
    fc.array(fc.nat(7), { minLength: 1, maxLength: 4 }).filter((sizes) => sizes.some((size) => size > 0)),
    fc.boolean(),
    fc.integer({ min: 1, max: 9 }),
  )
  .chain(([sizes, equallyLong, length]) =>
    fc.record({
      sizes: fc.constant(sizes),
      lengths: fc.array(equallyLong ? fc.constant(length) : fc.nat(length), {
        minLength: sizes.reduce((sum, size) => sum + size, 0),
        maxLength: sizes.reduce((sum, size) => sum + size, 0),
      }),
    }),
  )
  .chain(({ sizes, lengths }) =>
    fc.record({
      sizes: fc.constant(sizes),
      truth: table(lengths),
      sets: fc.array(table(lengths), { minLength: 1, maxLength: 4 }),
    }),
  )

/** Numbers whose text is their bits, but for the sign of zero. */
function bits(numbers: Float64Array): number[] {
  return Array.from(numbers, (one) => one + 0)
}

/** Predictions and activations of 0 to 9 and of their own, many of them silent. */
function drawn(random: Random, examples: number, tokens: number, silent: number, tied: boolean): number[][] {
  return Array.from({ length: examples }, () =>
    Array.from({ length: tokens }, () => {
      if (random.uniform() < silent) return 0
      return tied ? random.below(10) : random.normal() * 5
    }),
  )
}

describe("the kernel of Spearman's correlations", () => {
  it('gives the bits of the plain implementation on every resample', () => {
    let [defined, constant] = [0, 0]
    fc.assert(
      fc.property(sample, fc.nat(), fc.nat(20), fc.nat(30), ({ sizes, truth, sets }, seed, from, more) => {
        const resamples = new Resamples(sizes, new Random(seed, 'test'))
        const [fast, plain] = [spearmanOnResamples(truth, sets), new ResampledSpearman(truth, sets)]
        // Twice, the second time with resamples that were drawn after the kernel saw the first.
        for (const to of [from + more, from + more + 3]) {
          resamples.extend(to)
          const expected = plain.onResamples(resamples, from, to)
          const found = fast.onResamples(resamples, from, to)
          expect(found.map(bits)).toEqual(expected.map(bits))
          for (const one of bits(expected[0]!))
            if (Number.isNaN(one)) constant++
            else defined++
        }
        const [once, expectedOnce] = [fast.plain(), plain.plain()]
        expect(once && { ...once, correlations: bits(once.correlations) }).toEqual(
          expectedOnce && { ...expectedOnce, correlations: bits(expectedOnce.correlations) },
        )
      }),
      { numRuns: 500 },
    )
    // Both kinds were compared.
    expect(defined).toBeGreaterThan(1000)
    expect(constant).toBeGreaterThan(100)
  })

  it.each([
    ['60 windows of 9 tokens', 60, 9],
    ['180 windows of 9 tokens', 180, 9],
    ['as many tokens as 32 bits hold', 186, 10],
    ['one token more, beyond the integers', 1861, 1],
    ['blocks of 64 tokens, far beyond them', 60, 64],
  ])('gives them for %s, sparse or dense, tied or not', (_name, examples, tokens) => {
    for (let seed = 0; seed < 8; seed++) {
      const random = new Random(seed, 'kernel')
      const silent = [0, 0.5, 0.9, 0.97][seed % 4]!
      const truth = drawn(random, examples, tokens, silent, seed > 5)
      const sets = [truth, truth.map((example) => example.map((one) => -one))]
      for (const share of [0, 0.9])
        for (const tied of [false, true]) sets.push(drawn(random, examples, tokens, share, tied))
      const third = Math.floor(examples / 3)
      const resamples = new Resamples([third, examples - third], random)
      resamples.extend(100)
      const expected = new ResampledSpearman(truth, sets).onResamples(resamples, 0, 100)
      const found = spearmanOnResamples(truth, sets).onResamples(resamples, 0, 100)
      expect(found.map(bits)).toEqual(expected.map(bits))
      expect(bits(found[0]!)).toEqual(Array.from({ length: 100 }, () => 1))
      expect(bits(found[1]!)).toEqual(Array.from({ length: 100 }, () => -1))
    }
  })
})
