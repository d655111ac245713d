/** A value of a header's metadata: a text, a number or a list of texts. */
type Value = string | number | readonly string[]

/** A tensor of 32-bit floats, by its number of values and its offset. */
interface Tensor {
  readonly values: number
  readonly offset: number
}

/** A GGUF file as its specification has it (version 3), with tensors of zeros. */
export function ggufFile(
  metadata: Readonly<Record<string, Value>>,
  tensors: readonly Tensor[] = [{ values: 64, offset: 0 }],
  version = 3,
): Buffer {
  const header = Buffer.concat([
    Buffer.from('GGUF'),
    u32(version),
    u64(tensors.length),
    u64(Object.keys(metadata).length),
    ...Object.entries(metadata).flatMap(([key, value]) => [text(key), valueOf(value)]),
    ...tensors.flatMap(({ values, offset }, index) => [
      text(`tensor ${index}`),
      u32(1),
      u64(values),
      u32(0),
      u64(offset),
    ]),
  ])
  const end = Math.max(0, ...tensors.map(({ values, offset }) => offset + values * 4))
  const padding = (32 - (header.length % 32)) % 32
  return Buffer.concat([header, Buffer.alloc(padding + (end > 1e6 ? 0 : end))])
}

function valueOf(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([u32(8), text(value)])
  if (typeof value === 'number') return Buffer.concat([u32(4), u32(value)])
  return Buffer.concat([u32(9), u32(8), u64(value.length), ...value.map(text)])
}

function text(content: string): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([u64(bytes.length), bytes])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
