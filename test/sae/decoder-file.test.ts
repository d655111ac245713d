import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeSafetensors } from '../../src/core/safetensors.ts'
import { openDecoder } from '../../src/sae/decoder-file.ts'
import { saveNeurons } from '../../src/sae/neuron-dictionary.ts'
import { saveSaeLens } from '../../src/sae/saelens-format.ts'
import { temporaryFolder } from '../support/paths.ts'

const METADATA = { modelName: 'm', hookName: 'h', contextSize: 8, prependBos: true }

describe('a decoder on disk', () => {
  it('gives the rows that were saved, from anywhere and not beyond its end', () => {
    const folder = temporaryFolder()
    const [features, dIn] = [5, 3]
    const data = Float32Array.from({ length: features * dIn }, (_, index) => index / 7)
    const matrix = { rows: features, columns: dIn, data }
    const weights = {
      wEnc: { rows: dIn, columns: features, data: data.map((value) => -value) },
      bEnc: new Float32Array(features),
      wDec: matrix,
      bDec: new Float32Array(dIn),
    }
    saveSaeLens(folder, { kind: 'relu' }, weights, METADATA)
    const decoder = openDecoder(folder)!
    expect([decoder.features, decoder.dIn]).toEqual([features, dIn])
    expect(decoder.rows(0, 99)).toEqual(matrix)
    expect(decoder.rows(3, 1)).toEqual({ rows: 1, columns: dIn, data: data.subarray(9, 12) })
    expect(decoder.rows(4, 2).rows).toBe(1)
    expect(decoder.rows(5, 2)).toEqual({ rows: 0, columns: dIn, data: new Float32Array() })
    decoder.close()
  })

  it('is read from half precision too', () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'cfg.json'), '{"architecture": "standard", "d_in": 2, "d_sae": 2}')
    // 1, −2, 0.5, 0 in bfloat16.
    const bytes = new Uint8Array(Uint16Array.from([0x3f80, 0xc000, 0x3f00, 0]).buffer)
    writeSafetensors(join(folder, 'sae_weights.safetensors'), {
      W_dec: { dtype: 'BF16', shape: [2, 2], bytes },
    })
    const decoder = openDecoder(folder)!
    expect([...decoder.rows(0, 2).data]).toEqual([1, -2, 0.5, 0])
    expect([...decoder.rows(1, 1).data]).toEqual([0.5, 0])
    decoder.close()
  })

  it('is none for neurons, and refused where it does not fit', () => {
    const neurons = temporaryFolder()
    saveNeurons(neurons, 4, METADATA)
    expect(openDecoder(neurons)).toBeNull()
    const wrong = temporaryFolder()
    writeFileSync(join(wrong, 'cfg.json'), '{"architecture": "standard", "d_in": 3, "d_sae": 2}')
    const bytes = new Uint8Array(16)
    writeSafetensors(join(wrong, 'sae_weights.safetensors'), {
      W_dec: { dtype: 'F32', shape: [2, 2], bytes },
    })
    expect(() => openDecoder(wrong)).toThrow(/W_dec of shape \[features, 3\], found \[2, 2\]/)
    expect(() => openDecoder(temporaryFolder())).toThrow(/expected the configuration of a feature set/)
  })
})
