import { OnnxGraph } from '../core/onnx.ts'
import type { FloatMatrix } from '../core/tensor.ts'
import { normalizeRows } from './rows.ts'
import { floats, SaeSession } from './session.ts'

/** Cosines held at once. */
const COSINES_PER_BLOCK = 1 << 24

/** Pairs a < b of rows whose cosine is above a limit: [a₀, b₀, a₁, b₁, …]. Rows of zeros are in no pair. */
export async function alignedPairs(
  { rows, columns, data }: FloatMatrix,
  cosine: number,
): Promise<Uint32Array> {
  const directions = data.slice()
  normalizeRows(directions, columns)
  const graph = new OnnxGraph()
  const some = graph.input('some', 'float32', ['block', columns])
  const all = graph.input('all', 'float32', ['rows', columns])
  graph.add('Gemm', [some, all], { transB: 1 }, 'cosines')
  graph.output('cosines', 'float32', ['block', 'rows'])
  const session = await SaeSession.open(graph.encode())
  const pairs: number[] = []
  const perBlock = Math.max(1, Math.floor(COSINES_PER_BLOCK / rows))
  for (let first = 0; first < rows; first += perBlock) {
    const count = Math.min(perBlock, rows - first)
    const results = await session.run({
      some: { data: directions.slice(first * columns, (first + count) * columns), shape: [count, columns] },
      all: { data: directions, shape: [rows, columns] },
    })
    const cosines = floats(results, 'cosines')
    for (let a = first; a < first + count; a++)
      for (let b = a + 1; b < rows; b++) if (cosines[(a - first) * rows + b]! > cosine) pairs.push(a, b)
  }
  await session.close()
  return Uint32Array.from(pairs)
}
