import { existsSync } from 'node:fs'
import { z } from 'zod'
import type { SparseActivations } from '../core/dictionary.ts'
import { DataError } from '../core/errors.ts'
import { readBytes, readText, writeFileAtomically } from '../core/files.ts'
import { floatToHalf, halfToFloatTable, LARGEST_HALF } from '../core/half.ts'
import { sha256 } from '../core/hash.ts'
import { parseJson } from '../core/parse.ts'
import { manifestPath } from '../core/resumable-folder.ts'
import { SafetensorsFile, writeSafetensors } from '../core/safetensors.ts'
import { bytesOf } from '../core/tensor.ts'

/**
 * Sparse feature activations on disk. A shard covers a run of corpus tokens and holds, for each token, how many
 * features fire on it (`counts`, U16), and for all of them together the features (`features`, U16 where the set
 * fits, else U32) and activations (`values`, F16; F32 in a shard where a value exceeds 65,504). Tokens that are not
 * eligible have no entries. A value that rounds to 0 does not fire: what is stored is what is counted and scored.
 */

/** The shard-by-shard outcome of a collection, written last. */
const manifestSchema = z.object({
  format: z.literal(1),
  inputs: z.string(),
  tokens: z.int(),
  shards: z.array(
    z.object({ file: z.string(), sha256: z.string(), start: z.int(), end: z.int(), entries: z.int() }),
  ),
})

/** The manifest of a collection. `inputs` is a fingerprint of what it was made from. */
export type ActivationManifest = z.infer<typeof manifestSchema>
/** One shard in a manifest: the corpus tokens `start` to `end` − 1 and its number of firings. */
export type ActivationShardEntry = ActivationManifest['shards'][number]

/** A run of tokens with what fires on them: token `start + i` has entries `offsets[i] … offsets[i + 1] − 1`. */
export interface ActivationShard {
  readonly start: number
  readonly end: number
  readonly offsets: Uint32Array
  readonly features: Uint16Array | Uint32Array
  readonly values: Float32Array
}

/** Reads a collection's manifest, or null where collecting has not finished. */
export function readActivationManifest(folder: string): ActivationManifest | null {
  const path = manifestPath(folder)
  if (!existsSync(path)) return null
  return parseJson(readText(path, 'the manifest of a collection'), manifestSchema, path)
}

/** Writes the manifest: with it the collection is complete. */
export function writeActivationManifest(folder: string, manifest: ActivationManifest): void {
  writeFileAtomically(manifestPath(folder), `${JSON.stringify(manifest, null, 1)}\n`)
}

/** Gathers the activations of a run of tokens, in order, and writes them as one shard. */
export class ActivationShardWriter {
  readonly #start: number
  readonly #counts: Uint16Array
  readonly #wide: boolean
  readonly #features: Uint32Array[] = []
  readonly #values: Float32Array[] = []
  #next: number
  #entries = 0
  #largest = 0

  /** @param featureCount size of the feature set */
  constructor(start: number, end: number, featureCount: number) {
    this.#start = start
    this.#next = start
    this.#counts = new Uint16Array(end - start)
    this.#wide = featureCount > 1 << 16
  }

  /** Adds the activations of the next eligible tokens; `tokens[i]` is the corpus token of row i, ascending. */
  add(tokens: ArrayLike<number>, activations: SparseActivations): void {
    for (let row = 0; row < tokens.length; row++) {
      const token = tokens[row]!
      if (token < this.#next) throw new RangeError(`token ${token} was added after token ${this.#next - 1}`)
      this.#counts[token - this.#start] = activations.offsets[row + 1]! - activations.offsets[row]!
      this.#next = token + 1
    }
    for (const value of activations.values) if (value > this.#largest) this.#largest = value
    this.#features.push(activations.features)
    this.#values.push(activations.values)
    this.#entries += activations.values.length
  }

  /** Writes the shard and returns it as it will be read. */
  write(path: string): ActivationShard {
    const narrow = this.#largest <= LARGEST_HALF
    const features = this.#wide ? new Uint32Array(this.#entries) : new Uint16Array(this.#entries)
    const stored = narrow ? new Uint16Array(this.#entries) : new Float32Array(this.#entries)
    const counts = this.#counts.slice()
    let kept = 0
    let piece = 0
    let within = 0
    for (let token = 0; token < counts.length; token++) {
      const before = kept
      for (let i = 0; i < this.#counts[token]!; i++, within++) {
        while (within === this.#values[piece]!.length) {
          piece++
          within = 0
        }
        const value = this.#values[piece]![within]!
        const bits = narrow ? floatToHalf(value) : value
        if (!(bits > 0)) continue
        features[kept] = this.#features[piece]![within]!
        stored[kept++] = bits
      }
      counts[token] = kept - before
    }
    const keptFeatures = features.subarray(0, kept)
    const keptValues = stored.subarray(0, kept)
    writeSafetensors(path, {
      counts: { dtype: 'U16', shape: [counts.length], bytes: bytesOf(counts) },
      features: { dtype: this.#wide ? 'U32' : 'U16', shape: [kept], bytes: bytesOf(keptFeatures) },
      values: { dtype: narrow ? 'F16' : 'F32', shape: [kept], bytes: bytesOf(keptValues) },
    })
    return shardOf(this.#start, counts, keptFeatures, keptValues)
  }
}

/** Reads a shard. With `entry`, its hash is checked. @throws {DataError} `collection-damaged` */
export function readActivationShard(
  path: string,
  entry: Pick<ActivationShardEntry, 'start' | 'end'> & { sha256?: string },
): ActivationShard {
  if (entry.sha256 !== undefined && hashShard(path) !== entry.sha256)
    throw damaged(path, 'its hash is not that of the manifest')
  const file = new SafetensorsFile(path)
  try {
    const counts = file.read('counts')
    const features = file.read('features')
    const values = file.read('values')
    if (counts.shape[0] !== entry.end - entry.start)
      throw damaged(path, 'it covers other tokens than expected')
    return shardOf(
      entry.start,
      new Uint16Array(counts.bytes.buffer),
      features.dtype === 'U16'
        ? new Uint16Array(features.bytes.buffer)
        : new Uint32Array(features.bytes.buffer),
      values.dtype === 'F16' ? new Uint16Array(values.bytes.buffer) : new Float32Array(values.bytes.buffer),
    )
  } finally {
    file.close()
  }
}

/** SHA-256 of a shard file. */
export function hashShard(path: string): string {
  return sha256(readBytes(path, 'a shard of activations'))
}

/** Bytes on disk for a collection whose tokens fire `active` features on average. */
export function estimateShardBytes(tokens: number, active: number, featureCount: number): number {
  return Math.ceil(tokens * (2 + active * (featureCount > 1 << 16 ? 6 : 4)))
}

function shardOf(
  start: number,
  counts: Uint16Array,
  features: Uint16Array | Uint32Array,
  stored: Uint16Array | Float32Array,
): ActivationShard {
  const offsets = new Uint32Array(counts.length + 1)
  for (let i = 0; i < counts.length; i++) offsets[i + 1] = offsets[i]! + counts[i]!
  let values: Float32Array
  if (stored instanceof Float32Array) values = stored
  else {
    const table = halfToFloatTable()
    values = new Float32Array(stored.length)
    for (let i = 0; i < stored.length; i++) values[i] = table[stored[i]!]!
  }
  return { start, end: start + counts.length, offsets, features, values }
}

function damaged(path: string, reason: string): DataError {
  return new DataError(
    'collection-damaged',
    `${path} is damaged: ${reason}; delete its folder and run the same command again`,
  )
}
