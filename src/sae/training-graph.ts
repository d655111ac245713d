import { OnnxGraph } from '../core/onnx.ts'
import { type Architecture, PARAMETERS, parameterShape } from './architecture.ts'
import { addForwardPass, type GraphWeights } from './encoder-graph.ts'

/**
 * The loss of a sparse autoencoder and its gradients, derived by hand, as one graph. With batch size N:
 *
 *     L = 1/N Σ_n ‖x̂_n − x_n‖²  +  λ/N Σ_n Σ_j f_nj ‖W_dec,j‖        (the second term for `relu` alone)
 *
 * so the squared error is summed over dimensions and averaged over the batch. With e = x̂ − x and g = 2e/N:
 *
 *     ∂W_dec = fᵀ g  (+ λ mean_n(f_j) W_dec,j/‖W_dec,j‖)      ∂z = 1[f > 0] (g W_decᵀ  (+ λ/N ‖W_dec,j‖))
 *     ∂W_enc = (x − b_dec)ᵀ ∂z     ∂b_enc = Σ_n ∂z     ∂b_dec = Σ_n g − W_enc Σ_n ∂z
 *
 * Inputs: `x`, the four parameters, and for `relu` the scalar `l1`. Outputs: `grad.` + each parameter,
 * `squared_error` [rows], `l1_penalty` (scalar, before λ; `relu` alone) and `fired` [features], how many rows each
 * feature fires on.
 */
export function trainingGraph(architecture: Architecture, dIn: number, features: number): OnnxGraph {
  const graph = new OnnxGraph()
  const x = graph.input('x', 'float32', ['rows', dIn])
  for (const name of PARAMETERS) graph.input(name, 'float32', parameterShape(name, dIn, features))
  const weights: GraphWeights = { wEnc: 'W_enc', bEnc: 'b_enc', wDec: 'W_dec', bDec: 'b_dec' }
  const rows = graph.add('Cast', [graph.add('Gather', [graph.add('Shape', [x]), graph.integers([0])])], {
    to: 1,
  })
  const zero = graph.scalar(0)
  const overRows = graph.integers([0])
  const overColumns = graph.integers([1])

  const { centred, on, activations, reconstruction } = addForwardPass(graph, architecture, x, weights)
  const error = graph.add('Sub', [reconstruction, x])
  graph.add('ReduceSum', [graph.add('Mul', [error, error]), overColumns], { keepdims: 0 }, 'squared_error')
  graph.add('ReduceSum', [graph.add('Cast', [on], { to: 1 }), overRows], { keepdims: 0 }, 'fired')

  const errorGradient = graph.add('Div', [graph.add('Add', [error, error]), rows])
  const decoderProduct = graph.add('Gemm', [activations, errorGradient], { transA: 1 })
  const activationProduct = graph.add('Gemm', [errorGradient, weights.wDec], { transB: 1 })
  let decoderGradient = decoderProduct
  let activationGradient = activationProduct
  if (architecture.kind === 'relu') {
    const l1 = graph.input('l1', 'float32', [])
    const norms = graph.add('ReduceL2', [weights.wDec, overColumns], { keepdims: 0 })
    const meanActivations = graph.add('ReduceMean', [activations, overRows], { keepdims: 0 })
    graph.add('ReduceSum', [graph.add('Mul', [meanActivations, norms])], { keepdims: 0 }, 'l1_penalty')
    graph.output('l1_penalty', 'float32', [])
    const perDirection = graph.add('Div', [graph.add('Mul', [meanActivations, l1]), norms])
    const asColumn = graph.add('Unsqueeze', [perDirection, overColumns])
    decoderGradient = graph.add('Add', [decoderProduct, graph.add('Mul', [weights.wDec, asColumn])])
    const perActivation = graph.add('Div', [graph.add('Mul', [norms, l1]), rows])
    activationGradient = graph.add('Add', [activationProduct, perActivation])
  }
  const preGradient = graph.add('Where', [on, activationGradient, zero])
  graph.add('Identity', [decoderGradient], {}, 'grad.W_dec')
  graph.add('Gemm', [centred, preGradient], { transA: 1 }, 'grad.W_enc')
  graph.add('ReduceSum', [preGradient, overRows], { keepdims: 0 }, 'grad.b_enc')
  const throughDecoder = graph.add('ReduceSum', [errorGradient, overRows], { keepdims: 0 })
  const throughEncoder = graph.add('MatMul', [weights.wEnc, 'grad.b_enc'])
  graph.add('Sub', [throughDecoder, throughEncoder], {}, 'grad.b_dec')

  for (const name of PARAMETERS) graph.output(`grad.${name}`, 'float32', parameterShape(name, dIn, features))
  graph.output('squared_error', 'float32', ['rows'])
  graph.output('fired', 'float32', [features])
  return graph
}
