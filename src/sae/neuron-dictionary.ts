import { join } from 'node:path'
import type { Dictionary, FeatureSetMetadata, SparseActivations } from '../core/dictionary.ts'
import { writeFileAtomically } from '../core/files.ts'
import type { FloatMatrix } from '../core/tensor.ts'
import { CONFIG_FILE, hookMetadata } from './saelens-format.ts'
import { SparseCollector } from './sparse-collector.ts'

/** `architecture` in the configuration of a set of neurons. Other tools do not know it; they need no such file. */
export const NEURONS = 'neurons'

/** A hook's own units: feature i is max(0, x_i), with the i-th unit vector as its direction. */
export class NeuronDictionary implements Dictionary {
  readonly features: number
  readonly dIn: number
  #decoder: FloatMatrix | undefined

  constructor(width: number) {
    this.features = width
    this.dIn = width
  }

  get decoder(): FloatMatrix {
    this.#decoder ??= identity(this.dIn)
    return this.#decoder
  }

  async encode(rows: FloatMatrix): Promise<SparseActivations> {
    const collector = new SparseCollector(rows.rows)
    collector.addDense(rows.data, this.dIn)
    return collector.finish()
  }

  async reconstruct(rows: FloatMatrix): Promise<FloatMatrix> {
    return { ...rows, data: rows.data.map((value) => Math.max(0, value)) }
  }

  async close(): Promise<void> {}
}

/** Writes the configuration of a set of neurons: there are no weights. */
export function saveNeurons(folder: string, width: number, metadata: FeatureSetMetadata): void {
  const config = { architecture: NEURONS, d_in: width, d_sae: width, metadata: hookMetadata(metadata) }
  writeFileAtomically(join(folder, CONFIG_FILE), `${JSON.stringify(config, null, 1)}\n`)
}

function identity(size: number): FloatMatrix {
  const data = new Float32Array(size * size)
  for (let i = 0; i < size; i++) data[i * (size + 1)] = 1
  return { rows: size, columns: size, data }
}
