import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SafetensorsFile } from '../../src/core/safetensors.ts'
import { SaeDictionary } from '../../src/sae/sae-dictionary.ts'
import { loadSaeLens, saveSaeLens } from '../../src/sae/saelens-format.ts'
import { saeWorkshop } from '../../src/sae/workshop.ts'
import { relativeError } from '../support/close.ts'
import { FIXTURES, temporaryFolder } from '../support/paths.ts'

const folderOf = (name: string): string => join(FIXTURES, 'sae/saelens', name)
const METADATA = { modelName: 'm', hookName: 'blocks.0.mlp.hook_post', contextSize: 128, prependBos: true }

function changedConfig(change: object): string {
  const folder = temporaryFolder()
  cpSync(folderOf('topk'), folder, { recursive: true })
  const path = join(folder, 'cfg.json')
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...change }))
  return folder
}

describe.each(['standard', 'topk'])("SAELens' %s", (name) => {
  it('encodes and reconstructs as the library does', async () => {
    const dictionary = await saeWorkshop.load(folderOf(name))
    const inputs = new SafetensorsFile(join(folderOf(name), 'inputs.safetensors'))
    const expected = new SafetensorsFile(join(folderOf(name), 'expected.safetensors'))
    const rows = { rows: 64, columns: 32, data: inputs.readFloat32('x', [64, 32]).data }
    const acts = expected.readFloat32('feature_acts')
    const features = acts.shape[1]!
    const { offsets, features: indices, values } = await dictionary.encode(rows)
    const dense = new Float32Array(64 * features)
    for (let row = 0; row < 64; row++)
      for (let entry = offsets[row]!; entry < offsets[row + 1]!; entry++)
        dense[row * features + indices[entry]!] = values[entry]!
    expect(relativeError(dense, acts.data)).toBeLessThan(1e-4)
    const disagreeing = dense.filter(
      (value, i) => value > 0 !== acts.data[i]! > 0 && Math.max(value, acts.data[i]!) > 1e-5,
    )
    expect(disagreeing).toHaveLength(0)
    const reconstruction = await dictionary.reconstruct(rows)
    expect(relativeError(reconstruction.data, expected.readFloat32('reconstruction').data)).toBeLessThan(1e-4)
    inputs.close()
    expected.close()
    await dictionary.close()
  })

  it('comes back from a round trip', () => {
    const { architecture, weights } = loadSaeLens(folderOf(name))
    const folder = temporaryFolder()
    saveSaeLens(folder, architecture, weights, METADATA)
    expect(loadSaeLens(folder)).toEqual({ architecture, weights })
    expect(
      readFileSync(join(folder, 'sae_weights.safetensors')).equals(
        readFileSync(join(folderOf(name), 'sae_weights.safetensors')),
      ),
    ).toBe(true)
  })
})

describe('a feature set', () => {
  it('with activations rescaled by decoder norms is folded into plain weights', async () => {
    const plain = loadSaeLens(folderOf('topk')).weights
    const folded = loadSaeLens(changedConfig({ rescale_acts_by_decoder_norm: true })).weights
    const norm = Math.hypot(...plain.wDec.data.subarray(0, 32))
    expect(folded.bEnc[0]).toBeCloseTo(plain.bEnc[0]! * norm, 6)
    expect(folded.wEnc.data[0]).toBeCloseTo(plain.wEnc.data[0]! * norm, 6)
    expect(Math.hypot(...folded.wDec.data.subarray(0, 32))).toBeCloseTo(1, 5)
  })

  it.each([
    ['another architecture', { architecture: 'gated' }, 'found architecture gated'],
    ['normalised activations', { normalize_activations: 'layer_norm' }, 'normalize_activations layer_norm'],
    ['no bias on its input', { apply_b_dec_to_input: false }, 'apply_b_dec_to_input false'],
    ['topk without k', { k: undefined }, 'no k'],
    ['another width', { d_in: 33 }, 'expected tensor W_enc of shape [33, 160], found [32, 160]'],
    ['no width', { d_sae: 'many' }, 'd_sae'],
  ])('with %s is refused', (_name, change, message) => {
    expect(() => loadSaeLens(changedConfig(change))).toThrow(message)
  })

  it('of many rows encodes each as if it were alone', async () => {
    const { architecture, weights } = loadSaeLens(folderOf('standard'))
    const dictionary = new SaeDictionary(architecture, weights)
    const data = Float32Array.from({ length: 3000 * 32 }, (_, i) => Math.sin(i) * 3)
    const all = await dictionary.encode({ rows: 3000, columns: 32, data })
    const one = await dictionary.encode({ rows: 1, columns: 32, data: data.slice(2999 * 32) })
    expect(all.offsets[3000]! - all.offsets[2999]!).toBe(one.values.length)
    expect(all.values.slice(all.offsets[2999])).toEqual(one.values)
    expect(all.features.slice(all.offsets[2999])).toEqual(one.features)
    await dictionary.close()
  })
})
