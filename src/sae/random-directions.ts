import type { FeatureSetMetadata, RandomDirectionOptions } from '../core/dictionary.ts'
import { OnnxGraph } from '../core/onnx.ts'
import { Random } from '../core/random.ts'
import type { FloatMatrix } from '../core/tensor.ts'
import { normalizeRows, transpose } from './rows.ts'
import { saveSaeLens } from './saelens-format.ts'
import { floats, SaeSession } from './session.ts'

/** Directions that the sample is projected on at once. */
const DIRECTIONS_PER_BLOCK = 128

/**
 * Writes random unit directions as an autoencoder that was never trained: feature j is ReLU(w_j · (x − x̄) − θ_j)
 * with w_j uniform on the sphere, x̄ the sample's mean and θ_j the threshold above which the wanted share of the
 * sample's rows lies (at least one row). The decoder is the encoder's transpose.
 */
export async function saveRandomDirections(
  folder: string,
  { features, densities, seed }: RandomDirectionOptions,
  sample: FloatMatrix,
  metadata: FeatureSetMetadata,
): Promise<void> {
  const { rows, columns } = sample
  const directions = drawDirections(features, columns, seed)
  const mean = columnMeans(sample)
  const thresholds = new Float32Array(features)
  const centred = centre(sample, mean)
  const session = await SaeSession.open(projectionGraph(columns).encode())
  const column = new Float32Array(rows)
  for (let first = 0; first < features; first += DIRECTIONS_PER_BLOCK) {
    const count = Math.min(DIRECTIONS_PER_BLOCK, features - first)
    const results = await session.run({
      directions: {
        data: directions.slice(first * columns, (first + count) * columns),
        shape: [count, columns],
      },
      x: { data: centred, shape: [rows, columns] },
    })
    const projections = floats(results, 'projections')
    for (let i = 0; i < count; i++) {
      for (let row = 0; row < rows; row++) column[row] = projections[row * count + i]!
      const wanted = densities[(first + i) % densities.length]!
      thresholds[first + i] = thresholdFor(column, wanted)
    }
  }
  await session.close()
  saveSaeLens(
    folder,
    { kind: 'relu' },
    {
      wEnc: { rows: columns, columns: features, data: transpose(directions, features, columns) },
      bEnc: thresholds.map((threshold) => -threshold),
      wDec: { rows: features, columns, data: directions },
      bDec: mean,
    },
    metadata,
  )
}

/**
 * A threshold with the wanted share of the values above it, at least one of them: halfway between the two values
 * that it parts. Reorders the values.
 */
export function thresholdFor(values: Float32Array, share: number): number {
  const above = Math.min(values.length - 1, Math.max(1, Math.round(share * values.length)))
  // The sort of typed arrays is native: ascending, the values above come last.
  values.sort()
  return (values[values.length - above]! + values[values.length - above - 1]!) / 2
}

function drawDirections(features: number, width: number, seed: number): Float32Array {
  const directions = new Float32Array(features * width)
  for (let feature = 0; feature < features; feature++) {
    const random = new Random(seed, 'random direction', feature)
    for (let i = 0; i < width; i++) directions[feature * width + i] = random.normal()
  }
  normalizeRows(directions, width)
  return directions
}

function columnMeans({ rows, columns, data }: FloatMatrix): Float32Array {
  const sums = new Float64Array(columns)
  for (let i = 0; i < data.length; i++) sums[i % columns]! += data[i]!
  return Float32Array.from(sums, (sum) => sum / rows)
}

function centre({ columns, data }: FloatMatrix, mean: Float32Array): Float32Array {
  return data.map((value, i) => value - mean[i % columns]!)
}

function projectionGraph(width: number): OnnxGraph {
  const graph = new OnnxGraph()
  const x = graph.input('x', 'float32', ['rows', width])
  const directions = graph.input('directions', 'float32', ['features', width])
  const across = graph.add('Transpose', [directions], { perm: [1, 0] })
  graph.add('MatMul', [x, across], {}, 'projections')
  graph.output('projections', 'float32', ['rows', 'features'])
  return graph
}
