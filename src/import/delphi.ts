import { z } from 'zod'
import { DataError } from '../core/errors.ts'
import { toFloat32 } from '../core/safetensors.ts'
import type { StoredTensor } from '../core/tensor.ts'

/** A `config.json` beside the shards; the two names of the context length are of different versions. */
export const delphiConfigSchema = z.looseObject({
  model_name: z.string().default('unknown'),
  cache_ctx_len: z.int().positive().optional(),
  ctx_len: z.int().positive().optional(),
})

/** The first and last latent of a shard, from its file's name. Null for another file. */
export function delphiShardRange(name: string): readonly [first: number, last: number] | null {
  const match = /^(\d+)_(\d+)\.safetensors$/.exec(name)
  return match ? [Number(match[1]), Number(match[2])] : null
}

/** Where a feature fires: places in the cache, `context · length + position`, ascending. */
export interface DelphiFirings {
  readonly places: Uint32Array
  readonly activations: Float32Array
}

/** The tensors of a shard of delphi's latent cache. */
export interface DelphiTensors {
  /** `[n, 3]`: context, position, feature minus the shard's first. */
  readonly locations: StoredTensor
  readonly activations: StoredTensor
  /** `[contexts, length]`: token ids, the same in every shard. */
  readonly tokens: StoredTensor
}

/** A shard's tokens and its features' firings. */
export interface DelphiShard {
  readonly contexts: number
  readonly length: number
  readonly tokens: Uint32Array
  readonly firings: ReadonlyMap<number, DelphiFirings>
}

/**
 * Reads a shard of delphi's latent cache.
 * @param range the features that its name promises
 * @throws {DataError} `cache-malformed`
 */
export function readDelphiShard(
  { locations, activations, tokens }: DelphiTensors,
  [first, last]: readonly [number, number],
  source: string,
): DelphiShard {
  const [contexts = 0, length = 0] = tokens.shape
  const places = toIntegers(locations, source)
  const values = toFloat32(activations, source)
  const fail = (expected: string, found: string): DataError =>
    new DataError('cache-malformed', `${source}: expected ${expected}, found ${found}; write the cache again`)
  if (locations.shape.length !== 2 || locations.shape[1] !== 3)
    throw fail('locations of shape [n, 3]', `[${locations.shape.join(', ')}]`)
  if (tokens.shape.length !== 2)
    throw fail('tokens of shape [contexts, length]', `[${tokens.shape.join(', ')}]`)
  if (places.length !== 3 * values.length)
    throw fail('as many activations as locations', `${values.length} and ${places.length / 3}`)
  const found = new Map<number, { place: number; activation: number }[]>()
  for (let row = 0; row < values.length; row++) {
    const [context, position, feature] = [
      places[3 * row]!,
      places[3 * row + 1]!,
      first + places[3 * row + 2]!,
    ]
    if (context >= contexts || position >= length || feature > last)
      throw fail(
        `contexts below ${contexts}, positions below ${length} and features up to ${last}`,
        `${context}, ${position} and ${feature}`,
      )
    const list = found.get(feature) ?? []
    list.push({ place: context * length + position, activation: values[row]! })
    found.set(feature, list)
  }
  const sorted = [...found].map(([feature, list]): [number, DelphiFirings] => {
    list.sort((a, b) => a.place - b.place)
    return [
      feature,
      {
        places: Uint32Array.from(list, ({ place }) => place),
        activations: Float32Array.from(list, ({ activation }) => activation),
      },
    ]
  })
  return { contexts, length, tokens: Uint32Array.from(toIntegers(tokens, source)), firings: new Map(sorted) }
}

/** Integers of any width. */
function toIntegers({ dtype, bytes }: StoredTensor, source: string): ArrayLike<number> {
  const aligned = bytes.slice().buffer
  switch (dtype as string) {
    case 'I64':
      return Float64Array.from(new BigInt64Array(aligned), Number)
    case 'I32':
      return new Int32Array(aligned)
    case 'U32':
      return new Uint32Array(aligned)
    case 'U16':
      return new Uint16Array(aligned)
    case 'U8':
      return new Uint8Array(aligned)
    default:
      throw new DataError(
        'cache-malformed',
        `${source}: expected integers as I64, I32, U32, U16 or U8, found ${dtype}; write the cache again`,
      )
  }
}
