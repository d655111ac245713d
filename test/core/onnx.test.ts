import * as onnxruntime from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { float, OnnxGraph } from '../../src/core/onnx.ts'
import { bytesOf } from '../../src/core/tensor.ts'

async function run(graph: OnnxGraph, feeds: Record<string, onnxruntime.Tensor>) {
  const session = await onnxruntime.InferenceSession.create(graph.encode(), { logSeverityLevel: 3 })
  return session.run(feeds)
}

describe('OnnxGraph', () => {
  it('writes models that onnxruntime runs: constants, attributes of every kind, several outputs', async () => {
    const graph = new OnnxGraph()
    const x = graph.input('x', 'float32', ['rows', 3])
    const w = graph.constant('w', 'float32', [2, 3], bytesOf(Float32Array.of(1, 2, 3, -1, 0, 1)))
    const product = graph.add('Gemm', [x, w], { transB: 1, alpha: float(0.5) })
    graph.addMany('Split', [product, graph.integers([1, 1])], { axis: -1 }, ['left', 'right'])
    const gelu = graph.add('Gelu', ['left'], { approximate: 'tanh' })
    graph.add('Transpose', [gelu], { perm: [1, 0] }, 'turned')
    graph.output('turned', 'float32', [1, 'rows'])
    graph.output('right', 'float32', ['rows', 1])
    const results = await run(graph, {
      x: new onnxruntime.Tensor('float32', Float32Array.of(1, 1, 1, 2, 0, 0), [2, 3]),
    })
    expect(results['right']!.data).toEqual(Float32Array.of(0, -1))
    expect(results['turned']!.dims).toEqual([1, 2])
    const tanhGelu = (v: number): number =>
      0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)))
    expect((results['turned']!.data as Float32Array)[0]).toBeCloseTo(tanhGelu(3), 5)
    expect((results['turned']!.data as Float32Array)[1]).toBeCloseTo(tanhGelu(1), 5)
  })

  it('writes negative and large integers', async () => {
    const graph = new OnnxGraph()
    graph.add('Identity', [graph.integers([-1, 2 ** 31, 2 ** 53 - 1])], {}, 'y')
    graph.output('y', 'int64', [3])
    const { y } = await run(graph, {})
    expect([...(y!.data as BigInt64Array)]).toEqual([-1n, 2n ** 31n, 2n ** 53n - 1n])
  })
})
