import { adamStep } from './adam.ts'
import { type Architecture, PARAMETERS, parameterShape } from './architecture.ts'
import {
  clipFactor,
  type OptimizerState,
  type Parameters,
  type StepOutcome,
  type TrainingEngine,
} from './engine.ts'
import { normalizeRows, removeParallelPart } from './rows.ts'
import { floats, type GraphInput, SaeSession } from './session.ts'
import { trainingGraph } from './training-graph.ts'

/**
 * All gradients as one dense graph on onnxruntime, Adam in JavaScript. Right for `relu`, which fires on half of its
 * features early in training; for `topk` it is the reference that the sparse engine is held against.
 */
export class DenseEngine implements TrainingEngine {
  readonly #architecture: Architecture
  readonly #l1: number
  readonly #dIn: number
  readonly #features: number
  readonly #session: SaeSession
  readonly #state: OptimizerState

  private constructor(architecture: Architecture, l1: number, session: SaeSession, state: OptimizerState) {
    this.#architecture = architecture
    this.#l1 = l1
    this.#dIn = state.parameters.b_dec.length
    this.#features = state.parameters.b_enc.length
    this.#session = session
    this.#state = state
  }

  /** @param l1 weight of the L1 penalty; `relu` alone */
  static async open(architecture: Architecture, l1: number, state: OptimizerState): Promise<DenseEngine> {
    const { b_dec: bDec, b_enc: bEnc } = state.parameters
    const session = await SaeSession.open(trainingGraph(architecture, bDec.length, bEnc.length).encode())
    return new DenseEngine(architecture, l1, session, state)
  }

  async step(x: Float32Array, rows: number, learningRate: number, step: number): Promise<StepOutcome> {
    const { parameters, moments } = this.#state
    const results = await this.#session.run(this.#inputs(x, rows))
    const gradients = Object.fromEntries(
      PARAMETERS.map((name) => [name, floats(results, `grad.${name}`)]),
    ) as Parameters
    const topk = this.#architecture.kind === 'topk'
    if (topk) removeParallelPart(gradients.W_dec, parameters.W_dec, this.#dIn)
    const clip = clipFactor(totalNorm(Object.values(gradients)))
    for (const name of PARAMETERS)
      adamStep(parameters[name], gradients[name], moments[name], learningRate, step, clip)
    if (topk) normalizeRows(parameters.W_dec, this.#dIn)
    const squaredErrors = floats(results, 'squared_error')
    return {
      squaredError: squaredErrors.reduce((sum, error) => sum + error, 0) / rows,
      penalty: topk ? 0 : this.#l1 * floats(results, 'l1_penalty')[0]!,
      fired: floats(results, 'fired'),
    }
  }

  state(): OptimizerState {
    return structuredClone(this.#state)
  }

  async close(): Promise<void> {
    await this.#session.close()
  }

  #inputs(x: Float32Array, rows: number): Record<string, GraphInput> {
    const inputs: Record<string, GraphInput> = {
      x: { data: x.subarray(0, rows * this.#dIn), shape: [rows, this.#dIn] },
    }
    for (const name of PARAMETERS)
      inputs[name] = {
        data: this.#state.parameters[name],
        shape: parameterShape(name, this.#dIn, this.#features),
      }
    if (this.#architecture.kind === 'relu') inputs['l1'] = { data: Float32Array.of(this.#l1), shape: [] }
    return inputs
  }
}

function totalNorm(gradients: readonly Float32Array[]): number {
  let squares = 0
  for (const gradient of gradients)
    for (let i = 0; i < gradient.length; i++) squares += gradient[i]! * gradient[i]!
  return Math.sqrt(squares)
}
