import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../src/core/random.ts'
import type { FloatMatrix } from '../../src/core/tensor.ts'
import { thresholdFor } from '../../src/sae/random-directions.ts'
import { saeWorkshop } from '../../src/sae/workshop.ts'
import { temporaryFolder } from '../support/paths.ts'

const METADATA = { modelName: 'm', hookName: 'blocks.0.mlp.hook_post', contextSize: 128, prependBos: true }

function normalRows(rows: number, columns: number, seed: number): FloatMatrix {
  const random = new Random(seed, 'rows')
  // Off the origin, so that what is not centred would show.
  const data = Float32Array.from({ length: rows * columns }, (_, i) => random.normal() + (i % columns))
  return { rows, columns, data }
}

describe('a set of neurons', () => {
  it('has the positive side of every unit as a feature, and unit vectors as directions', async () => {
    const folder = temporaryFolder()
    saeWorkshop.saveNeurons(folder, 3, METADATA)
    const neurons = await saeWorkshop.load(folder)
    const rows = { rows: 2, columns: 3, data: Float32Array.of(0, 2, -1, 3, 0.5, 0) }
    const { offsets, features, values } = await neurons.encode(rows)
    expect([...offsets]).toEqual([0, 1, 3])
    expect([...features]).toEqual([1, 0, 1])
    expect([...values]).toEqual([2, 3, 0.5])
    expect([...(await neurons.reconstruct(rows)).data]).toEqual([0, 2, 0, 3, 0.5, 0])
    expect([...neurons.decoder.data]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1])
    expect([neurons.features, neurons.dIn]).toEqual([3, 3])
    await neurons.close()
  })

  it('encodes rows that fire everywhere', async () => {
    const folder = temporaryFolder()
    saeWorkshop.saveNeurons(folder, 40, METADATA)
    const neurons = await saeWorkshop.load(folder)
    const data = Float32Array.from({ length: 400 }, (_, i) => i + 1)
    const { offsets, features, values } = await neurons.encode({ rows: 10, columns: 40, data })
    expect([...offsets]).toEqual(Array.from({ length: 11 }, (_, row) => 40 * row))
    expect([...features]).toEqual(Array.from(data, (_, i) => i % 40))
    expect([...values]).toEqual([...data])
  })
})

describe('random directions', () => {
  const DENSITIES = [0.5, 0.1, 0.01, 0.002]
  const options = { features: 300, densities: DENSITIES, seed: 1 }

  it('are unit vectors that fire as often as wanted on the sample', async () => {
    const folder = temporaryFolder()
    const sample = normalRows(2000, 16, 0)
    await saeWorkshop.saveRandomDirections(folder, options, sample, METADATA)
    const set = await saeWorkshop.load(folder)
    const { features } = await set.encode(sample)
    const firings = new Uint32Array(300)
    for (const feature of features) firings[feature]!++
    for (const [feature, count] of firings.entries())
      // A value next to its threshold may fall to the other side by rounding.
      expect(Math.abs(count - 2000 * DENSITIES[feature % 4]!)).toBeLessThanOrEqual(1)
    for (let feature = 0; feature < 300; feature++) {
      const row = set.decoder.data.subarray(16 * feature, 16 * (feature + 1))
      expect(row.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 5)
    }
    await set.close()
  })

  it('fire about as often on rows that they have not seen', async () => {
    const folder = temporaryFolder()
    await saeWorkshop.saveRandomDirections(folder, options, normalRows(4000, 16, 0), METADATA)
    const set = await saeWorkshop.load(folder)
    const { features } = await set.encode(normalRows(4000, 16, 9))
    const sums = [0, 0, 0, 0]
    for (const feature of features) sums[feature % 4]!++
    for (const [i, density] of DENSITIES.entries())
      expect(sums[i]! / (75 * 4000) / density).toBeGreaterThan(0.85)
    for (const [i, density] of DENSITIES.entries())
      expect(sums[i]! / (75 * 4000) / density).toBeLessThan(1.15)
    await set.close()
  })

  it('are the same bytes for the same seed, and others for another', async () => {
    const bytesOf = async (seed: number): Promise<string> => {
      const folder = temporaryFolder()
      await saeWorkshop.saveRandomDirections(folder, { ...options, seed }, normalRows(500, 8, 0), METADATA)
      return readFileSync(join(folder, 'sae_weights.safetensors')).toString('base64')
    }
    expect(await bytesOf(1)).toBe(await bytesOf(1))
    expect(await bytesOf(1)).not.toBe(await bytesOf(2))
  })

  it('have thresholds that part the values as wanted', () => {
    const distinct = fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 60 })
    fc.assert(
      fc.property(distinct, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const threshold = thresholdFor(Float32Array.from(values), share)
        const above = values.filter((value) => value > threshold).length
        const wanted = Math.round(share * values.length)
        expect(above).toBe(Math.min(values.length - 1, Math.max(1, wanted)))
      }),
    )
  })
})

describe('alignedPairs', () => {
  it('finds the rows that point the same way, whatever their lengths', async () => {
    const rows = normalRows(60, 12, 3)
    const centred = { ...rows, data: rows.data.map((value, i) => value - (i % 12)) }
    // Row 40 is row 7 three times as long, row 41 the same the other way round, row 42 nothing.
    for (let i = 0; i < 12; i++) {
      centred.data[40 * 12 + i] = 3 * centred.data[7 * 12 + i]!
      centred.data[41 * 12 + i] = -centred.data[7 * 12 + i]!
      centred.data[42 * 12 + i] = 0
    }
    const cosine = (a: number, b: number): number => {
      let [dot, left, right] = [0, 0, 0]
      for (let i = 0; i < 12; i++) {
        dot += centred.data[a * 12 + i]! * centred.data[b * 12 + i]!
        left += centred.data[a * 12 + i]! ** 2
        right += centred.data[b * 12 + i]! ** 2
      }
      return dot / Math.sqrt(left * right)
    }
    const expected: number[] = []
    for (let a = 0; a < 60; a++) for (let b = a + 1; b < 60; b++) if (cosine(a, b) > 0.6) expected.push(a, b)
    expect([...(await saeWorkshop.alignedPairs(centred, 0.6))]).toEqual(expected)
    expect(expected.length).toBeGreaterThan(2)
    expect([...(await saeWorkshop.alignedPairs(centred, 0.999))]).toEqual([7, 40])
  })
})
