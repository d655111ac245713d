import type { Dictionary, SparseActivations } from '../core/dictionary.ts'
import { OnnxGraph } from '../core/onnx.ts'
import type { FloatMatrix } from '../core/tensor.ts'
import type { Architecture, SaeWeights } from './architecture.ts'
import { addForwardPass, addPreActivations, constantWeights } from './encoder-graph.ts'
import { floats, SaeSession } from './session.ts'
import { SparseCollector } from './sparse-collector.ts'

/** Rows encoded at once: their pre-activations stay in the processor's cache between product and selection. */
const ROWS_PER_RUN = 1024

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
    const collector = new SparseCollector(rows.rows)
    for (let start = 0; start < rows.rows; start += ROWS_PER_RUN) {
      const count = Math.min(ROWS_PER_RUN, rows.rows - start)
      const data = rows.data.subarray(start * this.dIn, (start + count) * this.dIn)
      const results = await session.run({ x: { data, shape: [count, this.dIn] } })
      if (this.#architecture.kind === 'topk')
        collector.addTop(
          floats(results, 'values'),
          results['features']!.data as Int32Array,
          this.#architecture.k,
        )
      else collector.addDense(floats(results, 'values'), this.features)
    }
    return collector.finish()
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
