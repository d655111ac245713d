import type { Dictionary, SparseActivations } from '../core/dictionary.ts'
import { OnnxGraph } from '../core/onnx.ts'
import type { FloatMatrix } from '../core/tensor.ts'
import type { Architecture, SaeWeights } from './architecture.ts'
import { addForwardPass, addPreActivations, constantWeights } from './encoder-graph.ts'
import { floats, SaeSession } from './session.ts'

/** Rows encoded at once by a `relu` dictionary, whose activations pass through memory densely. */
const DENSE_ROWS = 1024

/** A trained sparse autoencoder, run by onnxruntime with its weights as constants. */
export class SaeDictionary implements Dictionary {
  readonly features: number
  readonly dIn: number
  readonly decoder: FloatMatrix
  readonly #architecture: Architecture
  readonly #weights: SaeWeights
  #encoder: Promise<SaeSession> | undefined
  #reconstructor: Promise<SaeSession> | undefined

  constructor(architecture: Architecture, weights: SaeWeights) {
    this.#architecture = architecture
    this.#weights = weights
    this.features = weights.bEnc.length
    this.dIn = weights.bDec.length
    this.decoder = weights.wDec
  }

  async encode(rows: FloatMatrix): Promise<SparseActivations> {
    this.#encoder ??= SaeSession.open(this.#encoderGraph().encode())
    const session = await this.#encoder
    if (this.#architecture.kind === 'topk') {
      const results = await session.run({ x: { data: rows.data, shape: [rows.rows, this.dIn] } })
      const indices = results['features']!.data as Int32Array
      return fromTop(floats(results, 'values'), indices, rows.rows, this.#architecture.k)
    }
    const parts: Float32Array[] = []
    for (let start = 0; start < rows.rows; start += DENSE_ROWS) {
      const count = Math.min(DENSE_ROWS, rows.rows - start)
      const data = rows.data.subarray(start * this.dIn, (start + count) * this.dIn)
      parts.push(floats(await session.run({ x: { data, shape: [count, this.dIn] } }), 'values'))
    }
    return fromDense(parts, rows.rows, this.features)
  }

  async reconstruct(rows: FloatMatrix): Promise<FloatMatrix> {
    this.#reconstructor ??= SaeSession.open(this.#reconstructionGraph().encode())
    const results = await (
      await this.#reconstructor
    ).run({ x: { data: rows.data, shape: [rows.rows, this.dIn] } })
    return { rows: rows.rows, columns: this.dIn, data: floats(results, 'reconstruction') }
  }

  async close(): Promise<void> {
    await (await this.#encoder)?.close()
    await (await this.#reconstructor)?.close()
  }

  #encoderGraph(): OnnxGraph {
    const graph = new OnnxGraph()
    const x = graph.input('x', 'float32', ['rows', this.dIn])
    const [, pre] = addPreActivations(graph, x, constantWeights(graph, this.#weights))
    if (this.#architecture.kind === 'relu') {
      graph.add('Relu', [pre], {}, 'values')
      graph.output('values', 'float32', ['rows', this.features])
      return graph
    }
    const { k } = this.#architecture
    const attributes = { axis: -1, largest: 1, sorted: 1 }
    graph.addMany('TopK', [pre, graph.integers([k])], attributes, ['values', 'indices'])
    graph.add('Cast', ['indices'], { to: 6 }, 'features')
    graph.output('values', 'float32', ['rows', k])
    graph.output('features', 'int32', ['rows', k])
    return graph
  }

  #reconstructionGraph(): OnnxGraph {
    const graph = new OnnxGraph()
    const x = graph.input('x', 'float32', ['rows', this.dIn])
    const { reconstruction } = addForwardPass(
      graph,
      this.#architecture,
      x,
      constantWeights(graph, this.#weights),
    )
    graph.add('Identity', [reconstruction], {}, 'reconstruction')
    graph.output('reconstruction', 'float32', ['rows', this.dIn])
    return graph
  }
}

/** Keeps the positive values among the k largest of each row. */
function fromTop(values: Float32Array, indices: Int32Array, rows: number, k: number): SparseActivations {
  const offsets = new Uint32Array(rows + 1)
  const features = new Uint32Array(values.length)
  const kept = new Float32Array(values.length)
  let count = 0
  for (let row = 0; row < rows; row++) {
    for (let entry = row * k; entry < (row + 1) * k; entry++) {
      if (!(values[entry]! > 0)) continue
      features[count] = indices[entry]!
      kept[count++] = values[entry]!
    }
    offsets[row + 1] = count
  }
  return { offsets, features: features.subarray(0, count), values: kept.subarray(0, count) }
}

/** Keeps the positive values of dense rows. */
function fromDense(parts: readonly Float32Array[], rows: number, width: number): SparseActivations {
  let positive = 0
  for (const part of parts) for (let i = 0; i < part.length; i++) if (part[i]! > 0) positive++
  const offsets = new Uint32Array(rows + 1)
  const features = new Uint32Array(positive)
  const values = new Float32Array(positive)
  let count = 0
  let row = 0
  for (const part of parts)
    for (let start = 0; start < part.length; start += width) {
      for (let feature = 0; feature < width; feature++) {
        const value = part[start + feature]!
        if (!(value > 0)) continue
        features[count] = feature
        values[count++] = value
      }
      offsets[++row] = count
    }
  return { offsets, features, values }
}
