/** Element types of the safetensors format that gloss reads and writes. */
export type Dtype =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'BOOL'

/** Bytes of one element of each type. */
export const BYTES_PER_ELEMENT: Readonly<Record<Dtype, number>> = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
}

/** A tensor as stored: little-endian bytes in row-major order. `bytes` starts at a multiple of 8 in its buffer. */
export interface StoredTensor {
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

/** A float32 tensor in row-major order. */
export interface FloatTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** A float32 matrix `[rows, columns]` in row-major order. */
export interface FloatMatrix {
  readonly rows: number
  readonly columns: number
  readonly data: Float32Array
}

/** Token ids of `rows` sequences of equal `length`, row-major. Shorter sequences are padded on the right. */
export interface TokenBatch {
  readonly rows: number
  readonly length: number
  readonly ids: Int32Array
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** A typed array's bytes, without a copy. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

/** The stored form of a float32 tensor, without a copy. */
export function storedFloat32(shape: readonly number[], data: Float32Array): StoredTensor {
  return { dtype: 'F32', shape, bytes: bytesOf(data) }
}
