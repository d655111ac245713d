import { join } from 'node:path'
import type { DecoderFile } from '../core/dictionary.ts'
import { DataError } from '../core/errors.ts'
import { SafetensorsFile } from '../core/safetensors.ts'
import { NEURONS } from './neuron-dictionary.ts'
import { readArchitecture, WEIGHTS_FILE } from './saelens-format.ts'

/**
 * Opens the decoder of a feature set without loading the rest of it; null for neurons, which have none. Rows are as
 * stored: where the set says that activations are scaled by their norms, directions are the same and lengths are not.
 * @throws {UsageError} `file-missing`; {DataError} `json-…`, `tensor-…`, `safetensors-…`
 */
export function openDecoder(folder: string): DecoderFile | null {
  const { architecture, dIn } = readArchitecture(folder)
  if (architecture === NEURONS) return null
  const path = join(folder, WEIGHTS_FILE)
  const file = new SafetensorsFile(path)
  const shape = file.tensors.get('W_dec')?.shape ?? []
  if (shape.length !== 2 || shape[1] !== dIn) {
    file.close()
    throw new DataError(
      'tensor-shape',
      `${path}: expected a tensor W_dec of shape [features, ${dIn}], found [${shape.join(', ')}]; the file does not fit its configuration`,
    )
  }
  return {
    features: shape[0]!,
    dIn,
    rows: (first, count) => file.readRows('W_dec', first, count),
    close: () => file.close(),
  }
}
