// Time of one training step: the sparse TopK engine against the dense ONNX graph, interleaved.
// node test/bench/training-step.mjs [pairs]
import { cpus } from 'node:os'
import { Random } from '../../dist/core/random.js'
import { zeroMoments } from '../../dist/sae/adam.js'
import { PARAMETERS } from '../../dist/sae/architecture.js'
import { DenseEngine } from '../../dist/sae/dense-engine.js'
import { normalizeRows, transpose } from '../../dist/sae/rows.js'
import { SparseEngine } from '../../dist/sae/sparse-engine.js'

const SHAPES = [
  { dIn: 512, features: 4096, k: 32, rows: 1024 },
  { dIn: 512, features: 4096, k: 32, rows: 2048 },
  { dIn: 768, features: 24_576, k: 32, rows: 1024 },
]
const pairs = Number(process.argv[2] ?? 7)

process.stdout.write(`${cpus()[0].model.trim()}, ${cpus().length} cores, node ${process.version}\n\n`)
process.stdout.write(
  '| d | F | k | rows | dense ms | sparse ms | dense / sparse (min – max) |\n|---|---|---|---|---|---|---|\n',
)
for (const { dIn, features, k, rows } of SHAPES) {
  const random = new Random(1, dIn, features)
  const decoder = Float32Array.from({ length: features * dIn }, () => random.normal())
  normalizeRows(decoder, dIn)
  const parameters = {
    W_enc: transpose(decoder, features, dIn),
    b_enc: new Float32Array(features),
    W_dec: decoder,
    b_dec: new Float32Array(dIn),
  }
  const moments = Object.fromEntries(PARAMETERS.map((name) => [name, zeroMoments(parameters[name].length)]))
  const dense = await DenseEngine.open({ kind: 'topk', k }, 0, structuredClone({ parameters, moments }))
  const sparse = await SparseEngine.open(k, rows, structuredClone({ parameters, moments }))
  const x = Float32Array.from({ length: rows * dIn }, () => random.normal())
  const times = []
  for (let step = 1; step <= pairs + 1; step++) {
    const first = await milliseconds(() => dense.step(x, rows, 1e-3, step))
    const second = await milliseconds(() => sparse.step(x, rows, 1e-3, step))
    // The first step of each warms up.
    if (step > 1) times.push([first, second])
  }
  const ratios = times.map(([a, b]) => a / b).toSorted((a, b) => a - b)
  const middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
  const cells = [
    dIn,
    features,
    k,
    rows,
    middle(times.map(([a]) => a)).toFixed(0),
    middle(times.map(([, b]) => b)).toFixed(0),
    `${middle(ratios).toFixed(1)} (${ratios[0].toFixed(1)} – ${ratios.at(-1).toFixed(1)})`,
  ]
  process.stdout.write(`| ${cells.join(' | ')} |\n`)
  await dense.close()
  await sparse.close()
}

async function milliseconds(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}
