import { OnnxGraph } from '../core/onnx.ts'
import { ADAM_DEFAULTS } from './adam.ts'
import { PARAMETERS, type ParameterName } from './architecture.ts'
import { clipFactor, type OptimizerState, type StepOutcome, type TrainingEngine } from './engine.ts'
import { KernelMemory } from './kernels.ts'
import { resizeRows, transpose } from './rows.ts'
import { floats, SaeSession } from './session.ts'

/** One parameter with its gradient and Adam's moments, in the kernels' memory. */
interface Slot {
  readonly parameter: Float32Array
  readonly gradient: Float32Array
  readonly first: Float32Array
  readonly second: Float32Array
}

/**
 * TopK without dense gradients: onnxruntime computes the pre-activations and selects, everything else touches only
 * the k features that fired on a row. Exact: features that did not fire have gradient 0, and Adam moves them all the
 * same. Both weight matrices are kept [features, width], width being dIn filled up to a multiple of 4.
 */
export class SparseEngine implements TrainingEngine {
  readonly #memory: KernelMemory
  readonly #session: SaeSession
  readonly #dIn: number
  readonly #width: number
  readonly #features: number
  readonly #k: number
  readonly #slots: Readonly<Record<ParameterName, Slot>>
  readonly #batch: {
    readonly x: Float32Array
    readonly centred: Float32Array
    readonly g: Float32Array
    readonly squaredErrors: Float32Array
    readonly features: Uint32Array
    readonly values: Float32Array
    readonly gradients: Float32Array
    readonly order: Uint32Array
    readonly starts: Uint32Array
    readonly next: Uint32Array
  }

  private constructor(
    session: SaeSession,
    k: number,
    batchSize: number,
    { parameters, moments }: OptimizerState,
  ) {
    this.#session = session
    this.#dIn = parameters.b_dec.length
    this.#features = parameters.b_enc.length
    this.#width = Math.ceil(this.#dIn / 4) * 4
    this.#k = k
    const weights = this.#features * this.#width
    const padded = Math.ceil(this.#features / 4) * 4
    const sizes: Record<ParameterName, number> = {
      W_enc: weights,
      b_enc: padded,
      W_dec: weights,
      b_dec: this.#width,
    }
    const numbers = 4 * (2 * weights + padded + this.#width)
    const perBatch = batchSize * (3 * this.#width + 1 + 4 * k) + 2 * this.#features + 2
    const memory = new KernelMemory(4 * (numbers + perBatch) + 4096)
    this.#memory = memory
    this.#slots = Object.fromEntries(
      PARAMETERS.map((name): [ParameterName, Slot] => {
        const slot = {
          parameter: memory.floats(sizes[name]),
          gradient: memory.floats(sizes[name]),
          first: memory.floats(sizes[name]),
          second: memory.floats(sizes[name]),
        }
        slot.parameter.set(this.#toSlot(name, parameters[name]))
        slot.first.set(this.#toSlot(name, moments[name].first))
        slot.second.set(this.#toSlot(name, moments[name].second))
        return [name, slot]
      }),
    ) as Record<ParameterName, Slot>
    this.#batch = {
      x: memory.floats(batchSize * this.#width),
      centred: memory.floats(batchSize * this.#width),
      g: memory.floats(batchSize * this.#width),
      squaredErrors: memory.floats(batchSize),
      features: memory.integers(batchSize * k),
      values: memory.floats(batchSize * k),
      gradients: memory.floats(batchSize * k),
      order: memory.integers(batchSize * k),
      starts: memory.integers(this.#features + 1),
      next: memory.integers(this.#features),
    }
  }

  /** @param batchSize the most rows of a step */
  static async open(k: number, batchSize: number, state: OptimizerState): Promise<SparseEngine> {
    const width = Math.ceil(state.parameters.b_dec.length / 4) * 4
    const session = await SaeSession.open(selectionGraph(width, state.parameters.b_enc.length, k).encode())
    return new SparseEngine(session, k, batchSize, state)
  }

  async step(x: Float32Array, rows: number, learningRate: number, step: number): Promise<StepOutcome> {
    this.#setRows(x, rows)
    await this.#select(rows)
    this.#differentiate(rows)
    this.#update(learningRate, step)
    const { squaredErrors, starts } = this.#batch
    let squaredError = 0
    for (let row = 0; row < rows; row++) squaredError += squaredErrors[row]! / rows
    const fired = Uint32Array.from(
      { length: this.#features },
      (_, feature) => starts[feature + 1]! - starts[feature]!,
    )
    return { squaredError, penalty: 0, fired }
  }

  state(): OptimizerState {
    const of = (member: 'parameter' | 'first' | 'second', name: ParameterName): Float32Array =>
      this.#fromSlot(name, this.#slots[name][member])
    const entries = <T>(make: (name: ParameterName) => T): Record<ParameterName, T> =>
      Object.fromEntries(PARAMETERS.map((name) => [name, make(name)])) as Record<ParameterName, T>
    return {
      parameters: entries((name) => of('parameter', name)),
      moments: entries((name) => ({ first: of('first', name), second: of('second', name) })),
    }
  }

  async close(): Promise<void> {
    await this.#session.close()
  }

  #setRows(x: Float32Array, rows: number): void {
    const { x: target, centred } = this.#batch
    if (this.#width === this.#dIn) target.set(x.subarray(0, rows * this.#dIn))
    else target.set(resizeRows(x.subarray(0, rows * this.#dIn), this.#dIn, this.#width))
    this.#memory.kernels.centre(rows, this.#width, at(target), at(this.#slots.b_dec.parameter), at(centred))
  }

  /** Pre-activations and TopK, in blocks that stay in the processor's cache. */
  async #select(rows: number): Promise<void> {
    const { centred, features, values } = this.#batch
    const { W_enc: wEnc, b_enc: bEnc } = this.#slots
    for (let first = 0; first < rows; first += ROWS_PER_SELECTION) {
      const count = Math.min(ROWS_PER_SELECTION, rows - first)
      const results = await this.#session.run({
        x: {
          data: centred.subarray(first * this.#width, (first + count) * this.#width),
          shape: [count, this.#width],
        },
        W_enc: { data: wEnc.parameter, shape: [this.#features, this.#width] },
        b_enc: { data: bEnc.parameter.subarray(0, this.#features), shape: [this.#features] },
      })
      values.set(floats(results, 'values'), first * this.#k)
      features.set(results['features']!.data as Int32Array, first * this.#k)
    }
  }

  #differentiate(rows: number): void {
    const { kernels } = this.#memory
    const { centred, g, squaredErrors, features, values, gradients, order, starts, next } = this.#batch
    const { W_enc: wEnc, b_enc: bEnc, W_dec: wDec, b_dec: bDec } = this.#slots
    const width = this.#width
    const k = this.#k
    const decoder = at(wDec.parameter)
    kernels.decode(rows, width, k, at(centred), at(features), at(values), decoder, at(g), at(squaredErrors))
    kernels.entryGradients(rows, width, k, at(g), at(features), at(values), decoder, at(gradients))
    kernels.groupByFeature(
      rows * k,
      this.#features,
      at(features),
      at(values),
      at(starts),
      at(next),
      at(order),
    )
    kernels.weightGradients(
      this.#features,
      width,
      k,
      at(centred),
      at(g),
      at(values),
      at(gradients),
      at(starts),
      at(order),
      decoder,
      at(wEnc.gradient),
      at(wDec.gradient),
      at(bEnc.gradient),
    )
    kernels.decoderBiasGradient(
      rows,
      this.#features,
      width,
      at(g),
      at(bEnc.gradient),
      at(wEnc.parameter),
      at(bDec.gradient),
    )
  }

  #update(learningRate: number, step: number): void {
    const { kernels } = this.#memory
    const { beta1, beta2, epsilon } = ADAM_DEFAULTS
    const slots = PARAMETERS.map((name) => this.#slots[name])
    const squares = slots.reduce(
      (sum, { gradient }) => sum + kernels.squaredNorm(gradient.length, at(gradient)),
      0,
    )
    const clip = clipFactor(Math.sqrt(squares))
    const stepSize = learningRate / (1 - beta1 ** step)
    const inverseRoot = 1 / Math.sqrt(1 - beta2 ** step)
    for (const { parameter, gradient, first, second } of slots)
      kernels.adam(
        parameter.length,
        at(parameter),
        at(gradient),
        at(first),
        at(second),
        stepSize,
        inverseRoot,
        clip,
        beta1,
        beta2,
        epsilon,
      )
    kernels.normalizeRows(this.#features, this.#width, at(this.#slots.W_dec.parameter))
  }

  /** From SAELens' layout to the kernels'. */
  #toSlot(name: ParameterName, values: Float32Array): Float32Array {
    switch (name) {
      case 'W_enc':
        return resizeRows(transpose(values, this.#dIn, this.#features), this.#dIn, this.#width)
      case 'W_dec':
        return resizeRows(values, this.#dIn, this.#width)
      case 'b_enc':
      case 'b_dec':
        return values
      default:
        return name satisfies never
    }
  }

  #fromSlot(name: ParameterName, values: Float32Array): Float32Array {
    switch (name) {
      case 'W_enc':
        return transpose(resizeRows(values, this.#width, this.#dIn), this.#features, this.#dIn)
      case 'W_dec':
        return resizeRows(values, this.#width, this.#dIn)
      case 'b_enc':
        return values.slice(0, this.#features)
      case 'b_dec':
        return values.slice(0, this.#dIn)
      default:
        return name satisfies never
    }
  }
}

/** Rows whose pre-activations are computed at once. */
const ROWS_PER_SELECTION = 1024

/** The address of an array in the kernels' memory. */
function at(array: Float32Array | Uint32Array): number {
  return array.byteOffset
}

/** From centred rows to the k largest pre-activations of each and the features that they belong to. */
function selectionGraph(width: number, features: number, k: number): OnnxGraph {
  const graph = new OnnxGraph()
  const x = graph.input('x', 'float32', ['rows', width])
  const wEnc = graph.input('W_enc', 'float32', [features, width])
  const bEnc = graph.input('b_enc', 'float32', [features])
  const pre = graph.add('Add', [graph.add('Gemm', [x, wEnc], { transB: 1 }), bEnc])
  graph.addMany('TopK', [pre, graph.integers([k])], { axis: -1, largest: 1, sorted: 1 }, [
    'values',
    'indices',
  ])
  graph.add('Cast', ['indices'], { to: 6 }, 'features')
  graph.output('values', 'float32', ['rows', k])
  graph.output('features', 'int32', ['rows', k])
  return graph
}
