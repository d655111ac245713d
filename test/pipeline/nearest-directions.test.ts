import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecoderFile } from '../../src/core/dictionary.ts'
import { decoderCosine } from '../../src/pipeline/decoder-cosine.ts'
import { NearestDirections } from '../../src/pipeline/nearest-directions.ts'

/** A decoder in memory that says how often it was read. */
function decoderOf(dIn: number, data: Float32Array): DecoderFile & { reads: number } {
  return {
    features: data.length / dIn,
    dIn,
    reads: 0,
    rows(first, count) {
      this.reads++
      const taken = data.subarray(first * dIn, (first + count) * dIn)
      return { rows: taken.length / dIn, columns: dIn, data: taken }
    },
    close: () => {},
  }
}

describe('the nearest directions', () => {
  it('are those of a sort by the cosines of all, whatever the decoder', () => {
    const value = fc.float({ min: -4, max: 4, noNaN: true })
    const decoder = fc.integer({ min: 1, max: 9 }).chain((dIn) =>
      fc
        .array(fc.array(value, { minLength: dIn, maxLength: dIn }), { minLength: 2, maxLength: 24 })
        .map((rows) => ({
          dIn,
          data: Float32Array.from(rows.flat()),
        })),
    )
    fc.assert(
      fc.property(decoder, fc.nat(), fc.integer({ min: 1, max: 10 }), ({ dIn, data }, drawn, count) => {
        const features = data.length / dIn
        const feature = drawn % features
        const cosine = decoderCosine({ decoder: { rows: features, columns: dIn, data } })
        const found = new NearestDirections(decoderOf(dIn, data)).of(feature, count)
        const all = Array.from({ length: features }, (_, id) => ({
          feature: id,
          cosine: cosine(feature, id),
        }))
          .filter((other) => other.feature !== feature && Number.isFinite(other.cosine))
          .toSorted((a, b) => b.cosine - a.cosine)
        if (!Number.isFinite(cosine(feature, feature))) {
          expect(found).toBeNull()
          return
        }
        expect(found!.map((one) => one.cosine.toFixed(9))).toEqual(
          all.slice(0, count).map((one) => one.cosine.toFixed(9)),
        )
        for (const one of found!) expect(one.cosine).toBeCloseTo(cosine(feature, one.feature), 9)
      }),
    )
  })

  it('leave out the feature itself and rows of zeros; ties stand in the order of ids', () => {
    const directions = new NearestDirections(
      decoderOf(2, Float32Array.from([1, 0, 0, 1, 2, 0, 0, 0, 3, 0, -1, 0])),
    )
    expect(directions.of(0, 9)).toEqual([
      { feature: 2, cosine: 1 },
      { feature: 4, cosine: 1 },
      { feature: 1, cosine: 0 },
      { feature: 5, cosine: -1 },
    ])
    expect(directions.of(3, 9)).toBeNull()
    expect(directions.of(0, 1)).toEqual([{ feature: 2, cosine: 1 }])
  })

  it('read a large decoder piece by piece, and find across pieces', () => {
    const dIn = 1 << 21
    const data = new Float32Array(3 * dIn)
    data[5] = 1
    data[2 * dIn + 5] = 2
    const decoder = decoderOf(dIn, data)
    expect(new NearestDirections(decoder).of(0, 3)).toEqual([{ feature: 2, cosine: 1 }])
    expect(decoder.reads).toBe(1 + 3)
  })
})
