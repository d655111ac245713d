import type { OnnxGraph } from '../core/onnx.ts'
import { bytesOf } from '../core/tensor.ts'
import type { Architecture, SaeWeights } from './architecture.ts'

/** Weights of a graph: its inputs while training, its constants afterwards. */
export interface GraphWeights {
  readonly wEnc: string
  readonly bEnc: string
  readonly wDec: string
  readonly bDec: string
}

/** Adds the weights as constants, so that equal rows give equal bits whatever the batch. */
export function constantWeights(graph: OnnxGraph, { wEnc, bEnc, wDec, bDec }: SaeWeights): GraphWeights {
  return {
    wEnc: graph.constant('W_enc', 'float32', [wEnc.rows, wEnc.columns], bytesOf(wEnc.data)),
    bEnc: graph.constant('b_enc', 'float32', [bEnc.length], bytesOf(bEnc)),
    wDec: graph.constant('W_dec', 'float32', [wDec.rows, wDec.columns], bytesOf(wDec.data)),
    bDec: graph.constant('b_dec', 'float32', [bDec.length], bytesOf(bDec)),
  }
}

/** Values of the forward pass that gradients need. */
export interface ForwardPass {
  /** x − b_dec, [rows, dIn]. */
  readonly centred: string
  /** Where a feature is on, bool [rows, features]. */
  readonly on: string
  /** Feature activations, dense, [rows, features]. */
  readonly activations: string
  /** x̂, [rows, dIn]. */
  readonly reconstruction: string
}

/** Adds (x − b_dec) W_enc + b_enc; returns the centred input and the pre-activations. */
export function addPreActivations(
  graph: OnnxGraph,
  x: string,
  weights: GraphWeights,
): [centred: string, pre: string] {
  const centred = graph.add('Sub', [x, weights.bDec])
  return [centred, graph.add('Add', [graph.add('MatMul', [centred, weights.wEnc]), weights.bEnc])]
}

/** Adds the whole forward pass with dense activations. */
export function addForwardPass(
  graph: OnnxGraph,
  architecture: Architecture,
  x: string,
  weights: GraphWeights,
): ForwardPass {
  const [centred, pre] = addPreActivations(graph, x, weights)
  const positive = graph.add('Greater', [pre, graph.scalar(0)])
  const on =
    architecture.kind === 'relu'
      ? positive
      : graph.add('And', [
          positive,
          graph.add('GreaterOrEqual', [pre, addKthLargest(graph, pre, architecture.k)]),
        ])
  const activations = graph.add('Where', [on, pre, graph.scalar(0)])
  const reconstruction = graph.add('Add', [graph.add('MatMul', [activations, weights.wDec]), weights.bDec])
  return { centred, on, activations, reconstruction }
}

/** The k-th largest value of each row, [rows, 1]. */
function addKthLargest(graph: OnnxGraph, values: string, k: number): string {
  graph.addMany('TopK', [values, graph.integers([k])], { axis: -1, largest: 1, sorted: 1 }, [
    'top',
    'top.features',
  ])
  return graph.add('Slice', ['top', graph.integers([k - 1]), graph.integers([k]), graph.integers([1])])
}
