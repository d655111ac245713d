import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { z } from 'zod'
import { DataError } from './errors.ts'
import { AtomicFile, readError } from './files.ts'
import { bfloatsToFloats, halvesToFloats } from './half.ts'
import { describeIssues } from './parse.ts'
import {
  BYTES_PER_ELEMENT,
  type Dtype,
  elementCount,
  type FloatMatrix,
  type FloatTensor,
  type StoredTensor,
} from './tensor.ts'

/**
 * The safetensors format: 8 bytes of header length (little-endian), a JSON header, then the tensors' bytes.
 * Source: https://github.com/huggingface/safetensors, "Format".
 */

/** One tensor's place; `start` and `end` count from the beginning of the file. */
export interface TensorEntry {
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly start: number
  readonly end: number
}

const dtypes = Object.keys(BYTES_PER_ELEMENT) as [Dtype, ...Dtype[]]
const headerSchema = z.record(
  z.string(),
  z.object({
    dtype: z.string(),
    shape: z.array(z.int().nonnegative()),
    data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
  }),
)
const metadataSchema = z.record(z.string(), z.string())

/** The format's own limit on the header, which keeps a corrupt length from asking for gigabytes. */
const LONGEST_HEADER = 100_000_000

/** An open safetensors file: its header is checked at once, tensors are read when asked for. */
export class SafetensorsFile {
  readonly path: string
  readonly tensors: ReadonlyMap<string, TensorEntry>
  readonly metadata: Readonly<Record<string, string>>
  readonly #descriptor: number

  /** @throws {DataError} `safetensors-…` when the file is truncated or its header is malformed */
  constructor(path: string) {
    this.path = path
    try {
      this.#descriptor = openSync(path, 'r')
    } catch (error) {
      throw readError(error, path, 'a safetensors file')
    }
    try {
      const { tensors, metadata } = this.#readHeader()
      this.tensors = tensors
      this.metadata = metadata
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** One tensor's bytes. @throws {DataError} `tensor-missing` */
  read(name: string): StoredTensor {
    const entry = this.#entry(name)
    return { dtype: entry.dtype, shape: entry.shape, bytes: this.#bytes(entry.start, entry.end) }
  }

  /** One tensor as float32, converted from any floating-point type; with `shape`, checked against it. */
  readFloat32(name: string, shape?: readonly number[]): FloatTensor {
    const tensor = this.read(name)
    if (shape && shape.join() !== tensor.shape.join())
      throw new DataError(
        'tensor-shape',
        `${this.path}: expected tensor ${name} of shape [${shape.join(', ')}], found [${tensor.shape.join(', ')}]; the file does not fit its configuration`,
      )
    return { shape: tensor.shape, data: toFloat32(tensor, `${this.path}: tensor ${name}`) }
  }

  /** Rows of a matrix from `first` on as float32, at most `count`: of a file larger than memory, piece by piece. */
  readRows(name: string, first: number, count: number): FloatMatrix {
    const { dtype, shape, start } = this.#entry(name)
    const [all = 0, columns = 1] = shape
    const rows = Math.max(0, Math.min(count, all - first))
    const rowBytes = columns * BYTES_PER_ELEMENT[dtype]
    const bytes = this.#bytes(start + first * rowBytes, start + (first + rows) * rowBytes)
    const tensor = { dtype, shape: [rows, columns], bytes }
    return { rows, columns, data: toFloat32(tensor, `${this.path}: tensor ${name}`) }
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #entry(name: string): TensorEntry {
    const entry = this.tensors.get(name)
    if (!entry)
      throw new DataError(
        'tensor-missing',
        `${this.path}: expected a tensor ${name}, found ${this.tensors.size} others; the file is incomplete or of another kind`,
      )
    return entry
  }

  #bytes(start: number, end: number): Uint8Array {
    const bytes = new Uint8Array(end - start)
    for (let read = 0; read < bytes.length;) {
      // A single read is limited to 2 GiB by the system.
      const count = readSync(
        this.#descriptor,
        bytes,
        read,
        Math.min(bytes.length - read, 1 << 30),
        start + read,
      )
      if (count === 0) throw this.#truncated(end, start + read)
      read += count
    }
    return bytes
  }

  #readHeader(): { tensors: Map<string, TensorEntry>; metadata: Record<string, string> } {
    const size = fstatSync(this.#descriptor).size
    if (size < 8) throw this.#truncated(8, size)
    const length = Number(new DataView(this.#bytes(0, 8).buffer).getBigUint64(0, true))
    if (length > LONGEST_HEADER) throw this.#malformed(`its header claims ${length} bytes`)
    if (8 + length > size) throw this.#truncated(8 + length, size)
    const raw = this.#parse(Buffer.from(this.#bytes(8, 8 + length)).toString('utf8'))
    const { __metadata__: rawMetadata, ...rawTensors } = raw
    const metadata = metadataSchema.safeParse(rawMetadata ?? {})
    if (!metadata.success) throw this.#malformed('its metadata is not text')
    const parsed = headerSchema.safeParse(rawTensors)
    if (!parsed.success) throw this.#malformed(describeIssues(parsed.error))

    const tensors = new Map<string, TensorEntry>()
    let covered = 0
    for (const [name, entry] of Object.entries(parsed.data)) {
      const dtype = dtypes.find((known) => known === entry.dtype)
      if (!dtype) throw this.#malformed(`tensor ${name} has the unknown type ${entry.dtype}`)
      const [from, to] = entry.data_offsets
      const expected = elementCount(entry.shape) * BYTES_PER_ELEMENT[dtype]
      if (to - from !== expected)
        throw this.#malformed(`tensor ${name} should take ${expected} bytes and takes ${to - from}`)
      tensors.set(name, { dtype, shape: entry.shape, start: 8 + length + from, end: 8 + length + to })
      covered = Math.max(covered, 8 + length + to)
    }
    if (covered > size) throw this.#truncated(covered, size)
    return { tensors, metadata: metadata.data }
  }

  #parse(text: string): Record<string, unknown> {
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
    } catch {
      // Reported below with every other malformed header.
    }
    throw this.#malformed('its header is no JSON object')
  }

  #truncated(expected: number, found: number): DataError {
    return new DataError(
      'safetensors-truncated',
      `${this.path} is truncated: expected at least ${expected} bytes, found ${found}; copy or download it again`,
    )
  }

  #malformed(reason: string): DataError {
    return new DataError(
      'safetensors-malformed',
      `${this.path} is no valid safetensors file: ${reason}; copy or download it again`,
    )
  }
}

/** Float32 values of a floating-point tensor. @throws {DataError} `tensor-type` for other types */
export function toFloat32(tensor: StoredTensor, name: string): Float32Array {
  const { bytes } = tensor
  switch (tensor.dtype) {
    case 'F32':
      return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    case 'F64':
      return Float32Array.from(new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8))
    case 'F16':
      return halvesToFloats(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2))
    case 'BF16':
      return bfloatsToFloats(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2))
    default:
      throw new DataError('tensor-type', `${name}: expected floating-point numbers, found ${tensor.dtype}`)
  }
}

/** What a file is going to hold: names, types and shapes. */
export type TensorPlan = Readonly<
  Record<string, { readonly dtype: Dtype; readonly shape: readonly number[] }>
>

/**
 * Writes a safetensors file whose tensors may arrive in pieces and in any order.
 * Tensors lie as the reference library lays them: by descending element size, then by name.
 */
export class SafetensorsWriter {
  readonly #file: AtomicFile
  readonly #starts = new Map<string, number>()

  constructor(path: string, plan: TensorPlan, metadata: Readonly<Record<string, string>> = {}) {
    const names = Object.keys(plan).toSorted(
      (a, b) => BYTES_PER_ELEMENT[plan[b]!.dtype] - BYTES_PER_ELEMENT[plan[a]!.dtype] || (a < b ? -1 : 1),
    )
    const header: Record<string, unknown> = Object.keys(metadata).length ? { __metadata__: metadata } : {}
    let offset = 0
    for (const name of names) {
      const { dtype, shape } = plan[name]!
      const end = offset + elementCount(shape) * BYTES_PER_ELEMENT[dtype]
      header[name] = { dtype, shape, data_offsets: [offset, end] }
      this.#starts.set(name, offset)
      offset = end
    }
    const json = Buffer.from(JSON.stringify(header))
    const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ')
    json.copy(padded)
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(padded.length))
    for (const [name, start] of this.#starts) this.#starts.set(name, start + 8 + padded.length)
    this.#file = new AtomicFile(path)
    this.#file.write(Buffer.concat([length, padded]), 0)
  }

  /** Writes a part of a tensor, `byteOffset` bytes into it. */
  write(name: string, bytes: Uint8Array, byteOffset = 0): void {
    this.#file.write(bytes, this.#starts.get(name)! + byteOffset)
  }

  commit(): void {
    this.#file.commit()
  }

  abandon(): void {
    this.#file.abandon()
  }
}

/** Writes whole tensors as one safetensors file, atomically. */
export function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const writer = new SafetensorsWriter(path, tensors, metadata)
  for (const [name, tensor] of Object.entries(tensors)) writer.write(name, tensor.bytes)
  writer.commit()
}
