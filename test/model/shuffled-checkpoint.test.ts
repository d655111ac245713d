import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sha256 } from '../../src/core/hash.ts'
import { SafetensorsFile, writeSafetensors } from '../../src/core/safetensors.ts'
import { type StoredTensor, storedFloat32 } from '../../src/core/tensor.ts'
import { writeFileAtomically } from '../../src/core/files.ts'
import { Gpt2Model } from '../../src/model/gpt2-model.ts'
import { writeShuffledCheckpoint } from '../../src/model/shuffled-checkpoint.ts'
import { temporaryFolder, TINY_1L as TINY } from '../support/paths.ts'

function tensorsOf(folder: string): Map<string, StoredTensor> {
  const file = new SafetensorsFile(join(folder, 'model.safetensors'))
  try {
    return new Map([...file.tensors.keys()].map((name) => [name, file.read(name)]))
  } finally {
    file.close()
  }
}

function elements({ bytes, dtype }: StoredTensor): Uint16Array | Uint32Array {
  return dtype === 'F16' ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer)
}

function sortedBytes(tensor: StoredTensor): Buffer {
  return Buffer.from(elements(tensor).toSorted().buffer)
}

function shuffledTiny(seed: number): string {
  const folder = join(temporaryFolder(), 'shuffled')
  writeShuffledCheckpoint(TINY, folder, seed)
  return folder
}

describe('writeShuffledCheckpoint', () => {
  it('keeps the multiset of every tensor, bit for bit, and its order in none', () => {
    const [original, shuffled] = [tensorsOf(TINY), tensorsOf(shuffledTiny(0))]
    expect([...shuffled.keys()].toSorted()).toEqual([...original.keys()].toSorted())
    for (const [name, before] of original) {
      const after = shuffled.get(name)!
      expect(after.dtype).toBe(before.dtype)
      expect(after.shape).toEqual(before.shape)
      expect(sortedBytes(after).equals(sortedBytes(before)), name).toBe(true)
      // Gains and biases may be alike all over; a matrix is not.
      if (before.shape.length === 1) continue
      const [old, moved] = [elements(before), elements(after)]
      let changed = 0
      for (let i = 0; i < old.length; i++) if (old[i] !== moved[i]) changed++
      expect(changed / old.length, name).toBeGreaterThan(0.9)
    }
  })

  it('writes the same bytes for the same seed, and others for another', () => {
    const hashOf = (folder: string): string => sha256(readFileSync(join(folder, 'model.safetensors')))
    expect(hashOf(shuffledTiny(3))).toBe(hashOf(shuffledTiny(3)))
    expect(hashOf(shuffledTiny(3))).not.toBe(hashOf(shuffledTiny(4)))
  })

  it('leaves a finished folder as it is', () => {
    const folder = shuffledTiny(0)
    const written = statSync(join(folder, 'model.safetensors')).mtimeMs
    writeShuffledCheckpoint(TINY, folder, 0)
    expect(statSync(join(folder, 'model.safetensors')).mtimeMs).toBe(written)
  })

  it('gives a model of the same shape that has learned nothing', async () => {
    const [model, shuffled] = [new Gpt2Model(TINY, 'tiny'), new Gpt2Model(shuffledTiny(0), 'shuffled')]
    onTestFinished(async () => {
      await model.close()
      await shuffled.close()
    })
    const ids = Int32Array.from({ length: 64 }, (_, i) => 1 + ((i * 37) % 4000))
    const lossOf = async (one: Gpt2Model): Promise<number> => {
      const losses = (await one.run({ rows: 1, length: 64, ids }, ['loss_per_token'])).get(
        'loss_per_token',
      )!.data
      return losses.reduce((sum, loss) => sum + loss, 0) / losses.length
    }
    expect([...shuffled.hooks]).toEqual([...model.hooks])
    expect(shuffled.weightsHash).not.toBe(model.weightsHash)
    // Text would tell them apart far more; ids at random are enough to see that they are two models.
    expect(Number.isFinite(await lossOf(shuffled))).toBe(true)
    expect(await lossOf(shuffled)).not.toBeCloseTo(await lossOf(model), 2)
  })

  it('leaves out masks and a tied head, and copies what holds no floating-point numbers', () => {
    const source = join(temporaryFolder(), 'source')
    mkdirSync(source)
    const config = { model_type: 'gpt2', n_layer: 1, n_embd: 4, n_head: 1, n_positions: 4, vocab_size: 6 }
    writeFileAtomically(join(source, 'config.json'), JSON.stringify(config))
    writeFileAtomically(join(source, 'tokenizer.json'), '{}')
    const values = Float32Array.from({ length: 24 }, (_, i) => i)
    const whole = Int32Array.from({ length: 24 }, (_, i) => i)
    writeSafetensors(join(source, 'model.safetensors'), {
      'transformer.wte.weight': storedFloat32([6, 4], values),
      'lm_head.weight': storedFloat32([6, 4], values),
      'transformer.h.0.attn.bias': storedFloat32([4, 6], values),
      'transformer.h.0.attn.c_attn.bias': storedFloat32([24], values),
      counts: { dtype: 'I32', shape: [24], bytes: new Uint8Array(whole.buffer) },
    })
    const target = join(source, '..', 'target')
    writeShuffledCheckpoint(source, target, 0)
    const written = tensorsOf(target)
    expect([...written.keys()].toSorted()).toEqual([
      'counts',
      'transformer.h.0.attn.c_attn.bias',
      'transformer.wte.weight',
    ])
    expect([...new Int32Array(written.get('counts')!.bytes.buffer)]).toEqual([...whole])
  })
})
