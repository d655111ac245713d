import { describe, expect, it } from 'vitest'
import { Random } from '../../src/core/random.ts'
import {
  type Architecture,
  PARAMETERS,
  type ParameterName,
  parameterShape,
} from '../../src/sae/architecture.ts'
import type { Parameters } from '../../src/sae/engine.ts'
import { floats, SaeSession } from '../../src/sae/session.ts'
import { trainingGraph } from '../../src/sae/training-graph.ts'

const D_IN = 6
const FEATURES = 14
const ROWS = 9
const L1 = 0.7

function randomParameters(random: Random): Parameters {
  return Object.fromEntries(
    PARAMETERS.map((name) => {
      const size = parameterShape(name, D_IN, FEATURES).reduce((a, b) => a * b, 1)
      return [name, Float32Array.from({ length: size }, () => 0.6 * random.normal())]
    }),
  ) as Parameters
}

/** The loss in float64, straight from its definition; a second implementation. */
function loss(architecture: Architecture, x: Float32Array, p: Parameters): number {
  let total = 0
  for (let row = 0; row < ROWS; row++) {
    const z = Array.from({ length: FEATURES }, (_, j) => {
      let sum = p.b_enc[j]!
      for (let i = 0; i < D_IN; i++) sum += (x[row * D_IN + i]! - p.b_dec[i]!) * p.W_enc[i * FEATURES + j]!
      return sum
    })
    const kth =
      architecture.kind === 'topk'
        ? z.toSorted((a, b) => b - a)[architecture.k - 1]!
        : Number.NEGATIVE_INFINITY
    const f = z.map((value) => (value >= kth ? Math.max(0, value) : 0))
    for (let i = 0; i < D_IN; i++) {
      let reconstruction = p.b_dec[i]!
      for (let j = 0; j < FEATURES; j++) reconstruction += f[j]! * p.W_dec[j * D_IN + i]!
      total += (reconstruction - x[row * D_IN + i]!) ** 2 / ROWS
    }
    if (architecture.kind === 'relu')
      for (let j = 0; j < FEATURES; j++)
        total += (L1 * f[j]! * Math.hypot(...p.W_dec.subarray(j * D_IN, (j + 1) * D_IN))) / ROWS
  }
  return total
}

/** A copy in float64 steps: float32 would drown the differences. */
function nudged(p: Parameters, name: ParameterName, index: number, by: number): Parameters {
  const copy = Object.fromEntries(PARAMETERS.map((each) => [each, Float64Array.from(p[each])]))
  copy[name]![index]! += by
  return copy as unknown as Parameters
}

describe.each([{ kind: 'relu' } as const, { kind: 'topk', k: 4 } as const])(
  'the gradients of $kind',
  (architecture) => {
    it('match finite differences of the loss, every one of them', async () => {
      const random = new Random(7, architecture.kind)
      const parameters = randomParameters(random)
      const x = Float32Array.from({ length: ROWS * D_IN }, () => random.normal())
      const session = await SaeSession.open(trainingGraph(architecture, D_IN, FEATURES).encode())
      const inputs = Object.fromEntries(
        PARAMETERS.map((name) => [
          name,
          { data: parameters[name], shape: parameterShape(name, D_IN, FEATURES) },
        ]),
      )
      const l1 = architecture.kind === 'relu' ? { l1: { data: Float32Array.of(L1), shape: [] } } : {}
      const results = await session.run({ x: { data: x, shape: [ROWS, D_IN] }, ...inputs, ...l1 })
      const step = 1e-6
      for (const name of PARAMETERS) {
        const gradient = floats(results, `grad.${name}`)
        expect(gradient.length).toBe(parameters[name].length)
        for (let index = 0; index < gradient.length; index++) {
          const slope =
            (loss(architecture, x, nudged(parameters, name, index, step)) -
              loss(architecture, x, nudged(parameters, name, index, -step))) /
            (2 * step)
          expect(Math.abs(gradient[index]! - slope), `${name}[${index}]`).toBeLessThan(
            2e-5 * Math.max(1, Math.abs(slope)),
          )
        }
      }
      const squaredError = floats(results, 'squared_error').reduce((sum, error) => sum + error, 0) / ROWS
      const penalty = architecture.kind === 'relu' ? L1 * floats(results, 'l1_penalty')[0]! : 0
      expect(squaredError + penalty).toBeCloseTo(loss(architecture, x, parameters), 4)
      await session.close()
    })
  },
)
