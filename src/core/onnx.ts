/**
 * Writes ONNX models (onnx.proto3, opset 20): the protobuf wire format needs only variable-length integers,
 * fixed 32-bit floats and length-delimited fields, so no protobuf library is involved.
 */

/** ONNX element types (TensorProto.DataType). */
export const ONNX_TYPE = {
  float32: 1,
  uint8: 2,
  uint16: 4,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
} as const

/** The name of an element type. */
export type OnnxType = keyof typeof ONNX_TYPE

/** A node's attribute: integers and floats are told apart by {@link float}. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number }

/** Marks an attribute as a float, for instance an epsilon. */
export function float(value: number): OnnxAttribute {
  return { float: value }
}

/** Where an initializer's bytes lie in another file. */
export interface ExternalData {
  readonly location: string
  readonly offset: number
  readonly length: number
}

const OPSET = 20
const IR_VERSION = 9

/**
 * A graph under construction. Values are named by strings; every method that makes a value returns its name.
 *
 * @example
 * const graph = new OnnxGraph()
 * const x = graph.input('x', 'float32', ['rows', 512])
 * const w = graph.constant('w', 'float32', [512, 4096], bytes)
 * graph.output(graph.add('MatMul', [x, w], {}, 'y'), 'float32', ['rows', 4096])
 * const model = graph.encode()
 */
export class OnnxGraph {
  readonly #nodes: Uint8Array[] = []
  readonly #initializers: Uint8Array[] = []
  readonly #inputs: Uint8Array[] = []
  readonly #outputs: Uint8Array[] = []
  #unnamed = 0

  /** Declares an input; a string in the shape names a dimension that may vary. */
  input(name: string, type: OnnxType, shape: readonly (number | string)[]): string {
    this.#inputs.push(valueInfo(name, type, shape))
    return name
  }

  /** Declares an existing value to be an output. */
  output(name: string, type: OnnxType, shape: readonly (number | string)[]): void {
    this.#outputs.push(valueInfo(name, type, shape))
  }

  /** Adds an initializer with its bytes in the model. */
  constant(name: string, type: OnnxType, shape: readonly number[], bytes: Uint8Array): string {
    this.#initializers.push(message(...tensorHeader(name, type, shape), bytesField(9, bytes)))
    return name
  }

  /** Adds an initializer whose bytes stay in another file. */
  external(name: string, type: OnnxType, shape: readonly number[], data: ExternalData): string {
    const entries = Object.entries(data).map(([key, value]) =>
      bytesField(13, message(stringField(1, key), stringField(2, String(value)))),
    )
    this.#initializers.push(message(...tensorHeader(name, type, shape), ...entries, intField(14, 1)))
    return name
  }

  /** A small int64 vector, as shape arguments want it. */
  integers(values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt)
    return this.constant(this.#newName('integers'), 'int64', [values.length], new Uint8Array(data.buffer))
  }

  /** A float32 scalar. */
  scalar(value: number): string {
    return this.constant(
      this.#newName('scalar'),
      'float32',
      [],
      new Uint8Array(Float32Array.of(value).buffer),
    )
  }

  /** Adds a node with one output and returns the output's name. */
  add(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    name: string = this.#newName(operator),
  ): string {
    this.addMany(operator, inputs, attributes, [name])
    return name
  }

  /** Adds a node with several outputs. */
  addMany(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
    outputs: readonly string[],
  ): void {
    this.#nodes.push(
      message(
        ...inputs.map((input) => stringField(1, input)),
        ...outputs.map((output) => stringField(2, output)),
        stringField(4, operator),
        ...Object.entries(attributes).map(([key, value]) => bytesField(5, attribute(key, value))),
      ),
    )
  }

  /** The finished ModelProto. */
  encode(): Uint8Array {
    const graph = message(
      ...this.#nodes.map((node) => bytesField(1, node)),
      stringField(2, 'gloss'),
      ...this.#initializers.map((initializer) => bytesField(5, initializer)),
      ...this.#inputs.map((input) => bytesField(11, input)),
      ...this.#outputs.map((output) => bytesField(12, output)),
    )
    return message(
      intField(1, IR_VERSION),
      bytesField(7, graph),
      bytesField(8, message(stringField(1, ''), intField(2, OPSET))),
    )
  }

  #newName(operator: string): string {
    return `${operator}.${this.#unnamed++}`
  }
}

function tensorHeader(name: string, type: OnnxType, shape: readonly number[]): Uint8Array[] {
  return [...shape.map((size) => intField(1, size)), intField(2, ONNX_TYPE[type]), stringField(8, name)]
}

function valueInfo(name: string, type: OnnxType, shape: readonly (number | string)[]): Uint8Array {
  const dimensions = shape.map((size) =>
    bytesField(1, message(typeof size === 'number' ? intField(1, size) : stringField(2, size))),
  )
  const tensorType = message(intField(1, ONNX_TYPE[type]), bytesField(2, message(...dimensions)))
  return message(stringField(1, name), bytesField(2, message(bytesField(1, tensorType))))
}

/** AttributeProto: name 1, f 2, i 3, s 4, ints 8, type 20 (FLOAT 1, INT 2, STRING 3, INTS 7). */
function attribute(name: string, value: OnnxAttribute): Uint8Array {
  if (typeof value === 'number') return message(stringField(1, name), intField(3, value), intField(20, 2))
  if (typeof value === 'string') return message(stringField(1, name), stringField(4, value), intField(20, 3))
  if ('float' in value) return message(stringField(1, name), floatField(2, value.float), intField(20, 1))
  return message(stringField(1, name), ...value.map((item) => intField(8, item)), intField(20, 7))
}

function message(...fields: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(fields)
}

function bytesField(field: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes])
}

function stringField(field: number, text: string): Uint8Array {
  return bytesField(field, Buffer.from(text))
}

function intField(field: number, value: number): Uint8Array {
  return Buffer.concat([varint(field << 3), varint(value)])
}

function floatField(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return Buffer.concat([varint((field << 3) | 5), bytes])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest ? low | 0x80 : low)
  } while (rest)
  return Uint8Array.from(bytes)
}
