import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { TrainingOptions, TrainingStep } from '../../src/core/dictionary.ts'
import { Random } from '../../src/core/random.ts'
import type { FloatMatrix } from '../../src/core/tensor.ts'
import { scheduledRate, SaeTrainer } from '../../src/sae/trainer.ts'
import { saeWorkshop } from '../../src/sae/workshop.ts'
import { temporaryFolder } from '../support/paths.ts'

const D_IN = 20
const TRUE_FEATURES = 30
const METADATA = { modelName: 'm', hookName: 'h', contextSize: 8, prependBos: false }

/** Rows that are sums of two or three of 30 fixed directions: data that a dictionary can explain. */
function planted(rows: number, seed: number): FloatMatrix {
  const directions = new Random(0, 'directions')
  const truth = Array.from({ length: TRUE_FEATURES }, () =>
    Array.from({ length: D_IN }, () => directions.normal()),
  )
  const random = new Random(seed, 'rows')
  const data = new Float32Array(rows * D_IN)
  for (let row = 0; row < rows; row++)
    for (let part = 0; part < 2 + random.below(2); part++) {
      const direction = random.pick(truth)
      const size = 1 + random.uniform()
      for (let i = 0; i < D_IN; i++) data[row * D_IN + i]! += size * direction[i]!
    }
  return { rows, columns: D_IN, data }
}

const options = (architecture: 'topk' | 'relu', steps: number): TrainingOptions => ({
  architecture,
  features: 64,
  k: 3,
  l1: 2,
  learningRate: 3e-3,
  batchSize: 256,
  steps,
  seed: 1,
})

async function trained(
  settings: TrainingOptions,
): Promise<{ last: TrainingStep; first: TrainingStep; trainer: SaeTrainer }> {
  const trainer = await SaeTrainer.start(settings, planted(1024, 99))
  let first: TrainingStep | undefined
  let last: TrainingStep | undefined
  for (let step = 0; step < settings.steps; step++) {
    last = await trainer.update(planted(256, step))
    first ??= last
  }
  return { first: first!, last: last!, trainer }
}

describe('training', () => {
  it.each(['topk', 'relu'] as const)('%s learns planted directions', async (architecture) => {
    const { first, last, trainer } = await trained(options(architecture, 400))
    expect(first.fvu).toBeGreaterThan(0.5)
    expect(last.fvu).toBeLessThan(architecture === 'topk' ? 0.1 : 0.35)
    expect(last.l0).toBeLessThan(architecture === 'topk' ? 3.01 : 12)
    await trainer.close()
  })

  it('of topk never fires more than k features, and saves a dictionary for unscaled inputs', async () => {
    const { last, trainer } = await trained(options('topk', 200))
    const folder = temporaryFolder()
    trainer.saveDictionary(folder, METADATA)
    const dictionary = await saeWorkshop.load(folder)
    const rows = planted(256, 199)
    const { offsets } = await dictionary.encode(rows)
    for (let row = 0; row < 256; row++) expect(offsets[row + 1]! - offsets[row]!).toBeLessThanOrEqual(3)
    const reconstruction = await dictionary.reconstruct(rows)
    const mean = Array.from(
      { length: D_IN },
      (_, i) => rows.data.filter((_v, at) => at % D_IN === i).reduce((a, b) => a + b, 0) / 256,
    )
    let error = 0
    let variance = 0
    for (let at = 0; at < rows.data.length; at++) {
      error += (rows.data[at]! - reconstruction.data[at]!) ** 2
      variance += (rows.data[at]! - mean[at % D_IN]!) ** 2
    }
    // The last step saw this batch just before its update.
    expect(error / variance).toBeCloseTo(last.fvu, 2)
    await dictionary.close()
    await trainer.close()
  })

  it.each(['topk', 'relu'] as const)(
    'of %s goes on from a saved state to the same bytes',
    async (architecture) => {
      const settings = options(architecture, 12)
      const folder = temporaryFolder()
      const straight = await trained(settings)
      straight.trainer.saveDictionary(join(folder, 'straight'), METADATA)
      await straight.trainer.close()

      const begun = await SaeTrainer.start(settings, planted(1024, 99))
      for (let step = 0; step < 7; step++) await begun.update(planted(256, step))
      begun.saveState(join(folder, 'state'))
      await begun.close()
      const resumed = await SaeTrainer.resume(settings, join(folder, 'state'))
      expect(resumed!.step).toBe(7)
      for (let step = 7; step < 12; step++) await resumed!.update(planted(256, step))
      resumed!.saveDictionary(join(folder, 'resumed'), METADATA)
      await resumed!.close()
      const bytes = (name: string): Buffer => readFileSync(join(folder, name, 'sae_weights.safetensors'))
      expect(bytes('resumed').equals(bytes('straight'))).toBe(true)
    },
  )

  it('does not go on from the state of other settings', async () => {
    const folder = temporaryFolder()
    const trainer = await SaeTrainer.start(options('topk', 5), planted(512, 99))
    trainer.saveState(join(folder, 'state'))
    await trainer.close()
    expect(await SaeTrainer.resume({ ...options('topk', 5), seed: 2 }, join(folder, 'state'))).toBeNull()
    expect(await SaeTrainer.resume(options('topk', 5), join(folder, 'none'))).toBeNull()
    expect(existsSync(join(folder, 'state'))).toBe(true)
  })
})

describe('the learning rate', () => {
  it('rises over the first twentieth and falls to a last small step over the last fifth', () => {
    const rate = (step: number): number => scheduledRate({ learningRate: 1, steps: 100 }, step)
    expect([rate(1), rate(5), rate(50), rate(81), rate(91), rate(100)]).toEqual([0.2, 1, 1, 1, 0.5, 0.05])
  })
})
