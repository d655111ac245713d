import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readBytes, writeFileAtomically } from '../core/files.ts'
import { Random } from '../core/random.ts'
import { SafetensorsWriter } from '../core/safetensors.ts'
import { BYTES_PER_ELEMENT, type Dtype, type StoredTensor } from '../core/tensor.ts'
import { Checkpoint } from './checkpoint.ts'
import { parseGpt2Config } from './gpt2-config.ts'

const WEIGHTS_FILE = 'model.safetensors'
/** Causal masks, which the hub's original GPT-2 files hold beside the weights. */
const MASK = /\.attn\.(?:masked_)?bias$/
const TIED = 'lm_head.weight'
const FLOATS: ReadonlySet<Dtype> = new Set(['F64', 'F32', 'F16', 'BF16'])

/**
 * Writes a checkpoint with every weight tensor's elements in an order drawn from the seed, each tensor by itself: the
 * multiset of a tensor's values stays, what the model learned does not (the control of Bricken et al. 2023).
 * The weights come last: with them the folder is complete. One that is complete is left as it is.
 *
 * @param source folder of the checkpoint; @param target folder to write
 * @throws {DataError | UsageError} as reading the checkpoint; {StoreError} when the folder cannot be written
 */
export function writeShuffledCheckpoint(source: string, target: string, seed: number): void {
  const path = join(target, WEIGHTS_FILE)
  if (existsSync(path)) return
  const checkpoint = new Checkpoint(source)
  try {
    const { tiedHead } = parseGpt2Config(checkpoint.config, source)
    const names = checkpoint.names.filter((name) => !MASK.test(name) && !(tiedHead && name === TIED))
    for (const file of ['config.json', 'tokenizer.json'])
      writeFileAtomically(join(target, file), readBytes(join(source, file), 'a file of the model'))
    const writer = new SafetensorsWriter(
      path,
      Object.fromEntries(names.map((name) => [name, checkpoint.entry(name)])),
      { shuffled_seed: String(seed), source_sha256: checkpoint.weightsHash },
    )
    for (const name of names) writer.write(name, shuffled(checkpoint.read(name), seed, name))
    writer.commit()
  } finally {
    checkpoint.close()
  }
}

function shuffled({ dtype, bytes }: StoredTensor, seed: number, name: string): Uint8Array {
  if (!FLOATS.has(dtype)) return bytes
  const random = new Random(seed, 'shuffled weights', name)
  const count = bytes.byteLength / BYTES_PER_ELEMENT[dtype]
  switch (BYTES_PER_ELEMENT[dtype]) {
    case 8:
      random.shuffle(new BigUint64Array(bytes.buffer, bytes.byteOffset, count))
      break
    case 4:
      random.shuffle(new Uint32Array(bytes.buffer, bytes.byteOffset, count))
      break
    default:
      random.shuffle(new Uint16Array(bytes.buffer, bytes.byteOffset, count))
  }
  return bytes
}
