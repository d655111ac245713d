import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Random } from '../../src/core/random.ts'
import { SafetensorsFile } from '../../src/core/safetensors.ts'
import { zeroMoments } from '../../src/sae/adam.ts'
import { PARAMETERS, type ParameterName } from '../../src/sae/architecture.ts'
import { DenseEngine } from '../../src/sae/dense-engine.ts'
import type { OptimizerState } from '../../src/sae/engine.ts'
import { normalizeRows, transpose } from '../../src/sae/rows.ts'
import { SparseEngine } from '../../src/sae/sparse-engine.ts'
import { relativeError } from '../support/close.ts'
import { FIXTURES } from '../support/paths.ts'

function randomState(dIn: number, features: number, random: Random): OptimizerState {
  const decoder = Float32Array.from({ length: features * dIn }, () => random.normal())
  normalizeRows(decoder, dIn)
  const parameters = {
    W_enc: transpose(decoder, features, dIn),
    b_enc: Float32Array.from({ length: features }, () => 0.1 * random.normal()),
    W_dec: decoder,
    b_dec: Float32Array.from({ length: dIn }, () => 0.3 * random.normal()),
  }
  const moments = Object.fromEntries(PARAMETERS.map((name) => [name, zeroMoments(parameters[name].length)]))
  return { parameters, moments: moments as OptimizerState['moments'] }
}

describe('the sparse engine', () => {
  it.each([
    [5, 12, 3, 16],
    [32, 100, 7, 64],
    [30, 33, 33, 40],
    [64, 512, 16, 1500],
  ])('takes the same steps as the dense one (d %i, F %i, k %i, N %i)', async (dIn, features, k, rows) => {
    const random = new Random(11, dIn, features)
    const state = randomState(dIn, features, random)
    const dense = await DenseEngine.open({ kind: 'topk', k }, 0, structuredClone(state))
    const sparse = await SparseEngine.open(k, rows, structuredClone(state))
    for (let step = 1; step <= 5; step++) {
      const x = Float32Array.from({ length: rows * dIn }, () => random.normal())
      const a = await dense.step(x, rows, 1e-3, step)
      const b = await sparse.step(x, rows, 1e-3, step)
      expect(b.squaredError).toBeCloseTo(a.squaredError, 3)
      expect([...(b.fired as Uint32Array)]).toEqual([...(a.fired as Float32Array)])
    }
    // Adam divides by the gradients' size: where one is nearly 0, rounding decides its first step.
    for (const name of PARAMETERS)
      expect(
        relativeError(sparse.state().parameters[name], dense.state().parameters[name]),
        name,
      ).toBeLessThan(2e-3)
    await dense.close()
    await sparse.close()
  })

  it('keeps decoder rows at unit norm', async () => {
    const random = new Random(12)
    const sparse = await SparseEngine.open(4, 32, randomState(9, 20, random))
    for (let step = 1; step <= 3; step++)
      await sparse.step(
        Float32Array.from({ length: 32 * 9 }, () => random.normal()),
        32,
        1e-2,
        step,
      )
    const decoder = sparse.state().parameters.W_dec
    for (let row = 0; row < 20; row++)
      expect(Math.hypot(...decoder.subarray(row * 9, row * 9 + 9))).toBeCloseTo(1, 6)
    await sparse.close()
  })

  it('gives the same bits again', async () => {
    const steps = async (): Promise<OptimizerState> => {
      const random = new Random(13)
      const engine = await SparseEngine.open(8, 256, randomState(48, 200, random))
      for (let step = 1; step <= 4; step++)
        await engine.step(
          Float32Array.from({ length: 256 * 48 }, () => random.normal()),
          256,
          1e-3,
          step,
        )
      const state = engine.state()
      await engine.close()
      return state
    }
    expect(await steps()).toEqual(await steps())
  })
})

describe('the dense engine', () => {
  it("takes the five steps that SAELens' standard trainer recorded", async () => {
    const file = new SafetensorsFile(join(FIXTURES, 'sae/saelens_standard.safetensors'))
    const read = (name: string): Float32Array => file.readFloat32(name).data
    const parameters = Object.fromEntries(PARAMETERS.map((name) => [name, read(`init.${name}`)])) as Record<
      ParameterName,
      Float32Array
    >
    const moments = Object.fromEntries(PARAMETERS.map((name) => [name, zeroMoments(parameters[name].length)]))
    const engine = await DenseEngine.open({ kind: 'relu' }, 0.5, {
      parameters,
      moments: moments as OptimizerState['moments'],
    })
    // Recorded losses: saelens_standard.json.
    const recorded = [
      9.63700008392334, 8.881068229675293, 8.006427764892578, 9.494524955749512, 8.579355239868164,
    ]
    for (const [index, loss] of recorded.entries()) {
      const outcome = await engine.step(read(`x${index}`), 256, 1e-3, index + 1)
      expect(outcome.squaredError + outcome.penalty).toBeCloseTo(loss, 4)
      if (index === 0 || index === 4)
        for (const name of PARAMETERS)
          expect(
            relativeError(engine.state().parameters[name], read(`after${index + 1}.${name}`)),
            `${name} after ${index + 1}`,
          ).toBeLessThan(2e-6)
    }
    file.close()
    await engine.close()
  })
})
