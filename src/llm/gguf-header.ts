import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { DataError, UsageError } from '../core/errors.ts'
import { readError, systemErrorCode } from '../core/files.ts'

/** What a model file says of itself before its weights. */
export interface GgufHeader {
  /** The model's name, or its architecture where it has none. */
  readonly name: string
  /** The template of a chat as the model was trained on it; null for a model that was trained on none. */
  readonly chatTemplate: string | null
  /** Bytes of the whole file. */
  readonly bytes: number
}

/** Bytes of a block of each type of tensor and the values in it, by ggml's numbers for them (ggml.h). */
const BLOCKS: Readonly<Record<number, readonly [bytes: number, values: number]>> = {
  0: [4, 1], // F32
  1: [2, 1], // F16
  2: [18, 32], // Q4_0
  3: [20, 32], // Q4_1
  6: [22, 32], // Q5_0
  7: [24, 32], // Q5_1
  8: [34, 32], // Q8_0
  10: [84, 256], // Q2_K
  11: [110, 256], // Q3_K
  12: [144, 256], // Q4_K
  13: [176, 256], // Q5_K
  14: [210, 256], // Q6_K
  30: [2, 1], // BF16
}
/** Bytes of a value of each type of metadata; text and lists (8, 9) have a length of their own. */
const WIDTHS: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
}
const TEXT = 8
const LIST = 9
const DEFAULT_ALIGNMENT = 32
/** Bytes that are read at a time. */
const PIECE = 1 << 22
const MOST_ENTRIES = 1 << 20

/**
 * Reads the header of a GGUF file (versions 2 and 3) and compares its tensors with the file's length: an engine that
 * maps a shortened file into memory may say little, or read what is not there.
 *
 * @throws {UsageError} `gguf-missing`
 * @throws {DataError} `gguf-malformed`, `gguf-truncated`, `gguf-split`
 */
export function readGgufHeader(path: string): GgufHeader {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw readError(error, path, 'a GGUF model file')
    throw new UsageError('gguf-missing', `expected a GGUF model file at ${path}, found none; check the path`)
  }
  try {
    const status = fstatSync(descriptor)
    if (!status.isFile())
      throw new UsageError('gguf-missing', `expected a GGUF model file at ${path}, found something else`)
    return readHeader(new Bytes(descriptor, path, status.size), path)
  } finally {
    closeSync(descriptor)
  }
}

function readHeader(bytes: Bytes, path: string): GgufHeader {
  const version = bytes.size >= 8 && bytes.take(4).toString('latin1') === 'GGUF' ? bytes.u32() : null
  if (version === null || version < 2 || version > 3)
    throw new DataError(
      'gguf-malformed',
      `expected a GGUF model file of version 2 or 3 at ${path}, found ${version === null ? 'another kind of file' : `version ${version}`}`,
    )
  const tensors = bytes.count()
  const entries = bytes.count()
  const metadata = new Map<string, string | number | null>()
  for (let entry = 0; entry < entries; entry++) metadata.set(bytes.text(), bytes.value(bytes.u32()))
  const text = (key: string): string | null => {
    const value = metadata.get(key)
    return typeof value === 'string' && value.trim() !== '' ? value : null
  }
  const parts = metadata.get('split.count')
  if (typeof parts === 'number' && parts > 1)
    throw new DataError(
      'gguf-split',
      `expected a model in one file, found one of ${parts} parts at ${path}; join them with llama-gguf-split --merge`,
    )
  let end = 0
  for (let tensor = 0; tensor < tensors; tensor++) end = Math.max(end, bytes.endOfTensor())
  const given = metadata.get('general.alignment')
  const alignment = typeof given === 'number' && given > 0 ? given : DEFAULT_ALIGNMENT
  const expected = Math.ceil(bytes.position / alignment) * alignment + end
  if (bytes.size < expected) throw truncated(path, expected, bytes.size)
  return {
    name: text('general.name') ?? text('general.architecture') ?? 'unnamed',
    chatTemplate: text('tokenizer.chat_template'),
    bytes: bytes.size,
  }
}

function truncated(path: string, expected: number | null, found: number): DataError {
  const whole = expected === null ? 'a whole GGUF model file' : `${expected.toLocaleString('en')} bytes`
  return new DataError(
    'gguf-truncated',
    `expected ${whole} at ${path}, found ${found.toLocaleString('en')} bytes; the file is cut short: get it again`,
  )
}

/** Reads a file from its beginning, in pieces. */
class Bytes {
  readonly size: number
  readonly #descriptor: number
  readonly #path: string
  #piece = Buffer.alloc(0)
  #start = 0
  position = 0

  constructor(descriptor: number, path: string, size: number) {
    this.#descriptor = descriptor
    this.#path = path
    this.size = size
  }

  take(count: number): Buffer {
    if (count > this.size - this.position) throw truncated(this.#path, null, this.size)
    const from = this.position - this.#start
    if (from + count > this.#piece.length) {
      this.#piece = Buffer.alloc(Math.min(Math.max(count, PIECE), this.size - this.position))
      this.#start = this.position
      const read = readSync(this.#descriptor, this.#piece, 0, this.#piece.length, this.position)
      if (read < count) throw truncated(this.#path, null, this.size)
    }
    const offset = this.position - this.#start
    this.position += count
    return this.#piece.subarray(offset, offset + count)
  }

  u32(): number {
    return this.take(4).readUInt32LE()
  }

  u64(): number {
    return Number(this.take(8).readBigUInt64LE())
  }

  /** A number of things that are listed here. */
  count(): number {
    const count = this.u64()
    if (count <= MOST_ENTRIES) return count
    throw new DataError(
      'gguf-malformed',
      `expected a GGUF model file at ${this.#path}, found a count of ${count} in its header; get it again`,
    )
  }

  text(): string {
    return this.take(this.u64()).toString('utf8')
  }

  /** A value of metadata; null for what is not needed. */
  value(type: number): string | number | null {
    if (type === TEXT) return this.text()
    if (type === LIST) {
      const of = this.u32()
      const count = this.u64()
      const width = WIDTHS[of]
      if (width !== undefined) this.#skip(count * width)
      else for (let index = 0; index < count; index++) this.value(of)
      return null
    }
    const width = WIDTHS[type]
    if (width === undefined)
      throw new DataError(
        'gguf-malformed',
        `expected a GGUF model file at ${this.#path}, found an unknown type of metadata (${type}); get it again`,
      )
    const bytes = this.take(width)
    // Counts and sizes are what is read of numbers.
    return type === 4 || type === 5
      ? bytes.readUInt32LE()
      : type === 2 || type === 3
        ? bytes.readUInt16LE()
        : null
  }

  /** Where a tensor ends behind the header; 0 where the size of its type is not known. */
  endOfTensor(): number {
    this.text()
    const dimensions = this.u32()
    let values = 1
    for (let dimension = 0; dimension < dimensions; dimension++) values *= this.u64()
    const block = BLOCKS[this.u32()]
    const offset = this.u64()
    return block === undefined ? 0 : offset + (values / block[1]) * block[0]
  }

  #skip(count: number): void {
    if (count > this.size - this.position) throw truncated(this.#path, null, this.size)
    this.position += count
  }
}
