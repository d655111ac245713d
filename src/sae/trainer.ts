import { existsSync } from 'node:fs'
import {
  DEAD_WINDOW_TOKENS,
  type DictionaryTrainer,
  type FeatureSetMetadata,
  type TrainingOptions,
  type TrainingStep,
} from '../core/dictionary.ts'
import { canonicalJson } from '../core/hash.ts'
import { Random } from '../core/random.ts'
import { SafetensorsFile, writeSafetensors } from '../core/safetensors.ts'
import { type FloatMatrix, storedFloat32, type StoredTensor } from '../core/tensor.ts'
import { adamStep, type AdamMoments, zeroMoments } from './adam.ts'
import { type Architecture, type ParameterName, PARAMETERS, parameterShape } from './architecture.ts'
import { floats, type GraphInput, SaeSession } from './session.ts'
import { saveSaeLens } from './saelens-format.ts'
import { trainingGraph } from './training-graph.ts'

/** The total norm that gradients are clipped to. */
const CLIP_NORM = 1

/** The learning rate rises linearly over the first steps and falls linearly to 0 over the last fifth. */
const WARMUP_SHARE = 0.05
const DECAY_SHARE = 0.2

type Parameters = Record<ParameterName, Float32Array>

/**
 * Trains a sparse autoencoder with Adam. Inputs are scaled to a mean norm of √dIn. Gradients are clipped to a total
 * norm of 1. `topk` keeps decoder rows at unit norm: the part of the gradient along a row is removed before the
 * step, and rows are renormalised after it (Bricken et al. 2023; Gao et al. 2024). `relu` leaves them free and
 * weighs the L1 penalty by their norms (Conerly et al. 2024).
 */
export class SaeTrainer implements DictionaryTrainer {
  readonly #options: TrainingOptions
  readonly #architecture: Architecture
  readonly #dIn: number
  readonly #session: SaeSession
  readonly #scale: number
  readonly #parameters: Parameters
  readonly #moments: Record<ParameterName, AdamMoments>
  readonly #silentTokens: Float32Array
  readonly #scaled: Float32Array
  #step: number

  private constructor(options: TrainingOptions, dIn: number, session: SaeSession, state: TrainerState) {
    this.#options = options
    this.#architecture = architectureOf(options)
    this.#dIn = dIn
    this.#session = session
    this.#scale = state.scale
    this.#parameters = state.parameters
    this.#moments = state.moments
    this.#silentTokens = state.silentTokens
    this.#step = state.step
    this.#scaled = new Float32Array(options.batchSize * dIn)
  }

  /** Starts from random decoder rows, the encoder their transpose, the decoder bias the mean of the sample. */
  static async start(options: TrainingOptions, sample: FloatMatrix): Promise<SaeTrainer> {
    const dIn = sample.columns
    const session = await SaeSession.open(
      trainingGraph(architectureOf(options), dIn, options.features).encode(),
    )
    return new SaeTrainer(options, dIn, session, initialState(options, sample))
  }

  /** Goes on from a state that {@link saveState} wrote for the same options; null where there is none. */
  static async resume(options: TrainingOptions, path: string): Promise<SaeTrainer | null> {
    if (!existsSync(path)) return null
    const file = new SafetensorsFile(path)
    try {
      if (file.metadata['options'] !== canonicalJson({ ...options })) return null
      const state = readState(file)
      const dIn = state.parameters.b_dec.length
      const session = await SaeSession.open(
        trainingGraph(architectureOf(options), dIn, options.features).encode(),
      )
      return new SaeTrainer(options, dIn, session, state)
    } finally {
      file.close()
    }
  }

  get step(): number {
    return this.#step
  }

  async update(rows: FloatMatrix): Promise<TrainingStep> {
    for (let i = 0; i < rows.data.length; i++) this.#scaled[i] = rows.data[i]! * this.#scale
    const results = await this.#session.run(this.#inputs(rows.rows))
    const gradients = Object.fromEntries(
      PARAMETERS.map((name) => [name, floats(results, `grad.${name}`)]),
    ) as Parameters
    if (this.#architecture.kind === 'topk')
      removeParallelPart(gradients.W_dec, this.#parameters.W_dec, this.#dIn)

    this.#step++
    const clip = Math.min(1, CLIP_NORM / (totalNorm(Object.values(gradients)) + 1e-6))
    const learningRate = scheduledRate(this.#options, this.#step)
    for (const name of PARAMETERS)
      adamStep(this.#parameters[name], gradients[name], this.#moments[name], learningRate, this.#step, clip)
    if (this.#architecture.kind === 'topk') normalizeRows(this.#parameters.W_dec, this.#dIn)

    const squaredError = mean(floats(results, 'squared_error'))
    const penalty =
      this.#architecture.kind === 'relu' ? this.#options.l1 * floats(results, 'l1_penalty')[0]! : 0
    return {
      loss: squaredError + penalty,
      fvu: squaredError / variance(this.#scaled, rows.rows, this.#dIn),
      ...this.#countFirings(floats(results, 'fired'), rows.rows),
    }
  }

  saveState(path: string): void {
    const tensors: Record<string, StoredTensor> = {
      silent_tokens: storedFloat32([this.#silentTokens.length], this.#silentTokens),
    }
    for (const name of PARAMETERS) {
      const shape = parameterShape(name, this.#dIn, this.#options.features)
      tensors[name] = storedFloat32(shape, this.#parameters[name])
      tensors[`${name}.first_moment`] = storedFloat32(shape, this.#moments[name].first)
      tensors[`${name}.second_moment`] = storedFloat32(shape, this.#moments[name].second)
    }
    writeSafetensors(path, tensors, {
      options: canonicalJson({ ...this.#options }),
      step: String(this.#step),
      scale: String(this.#scale),
    })
  }

  /**
   * With inputs scaled by s, ReLU and TopK commute with the scale: dividing the biases by s gives a dictionary for
   * unscaled inputs, with unscaled feature activations and the same decoder.
   */
  saveDictionary(folder: string, metadata: FeatureSetMetadata): void {
    const { features } = this.#options
    const { W_enc, b_enc, W_dec, b_dec } = this.#parameters
    saveSaeLens(
      folder,
      this.#architecture,
      {
        wEnc: { rows: this.#dIn, columns: features, data: W_enc },
        bEnc: b_enc.map((value) => value / this.#scale),
        wDec: { rows: features, columns: this.#dIn, data: W_dec },
        bDec: b_dec.map((value) => value / this.#scale),
      },
      metadata,
    )
  }

  async close(): Promise<void> {
    await this.#session.close()
  }

  #inputs(rows: number): Record<string, GraphInput> {
    const inputs: Record<string, GraphInput> = {
      x: { data: this.#scaled.subarray(0, rows * this.#dIn), shape: [rows, this.#dIn] },
    }
    for (const name of PARAMETERS)
      inputs[name] = {
        data: this.#parameters[name],
        shape: parameterShape(name, this.#dIn, this.#options.features),
      }
    if (this.#architecture.kind === 'relu')
      inputs['l1'] = { data: Float32Array.of(this.#options.l1), shape: [] }
    return inputs
  }

  #countFirings(fired: Float32Array, rows: number): { l0: number; deadShare: number } {
    let total = 0
    let dead = 0
    for (let feature = 0; feature < fired.length; feature++) {
      total += fired[feature]!
      this.#silentTokens[feature] = fired[feature]! > 0 ? 0 : this.#silentTokens[feature]! + rows
      if (this.#silentTokens[feature]! >= DEAD_WINDOW_TOKENS) dead++
    }
    return { l0: total / rows, deadShare: dead / fired.length }
  }
}

interface TrainerState {
  readonly step: number
  readonly scale: number
  readonly parameters: Parameters
  readonly moments: Record<ParameterName, AdamMoments>
  readonly silentTokens: Float32Array
}

function architectureOf({ architecture, k }: TrainingOptions): Architecture {
  return architecture === 'topk' ? { kind: 'topk', k } : { kind: 'relu' }
}

function initialState(options: TrainingOptions, sample: FloatMatrix): TrainerState {
  const { features, seed } = options
  const { rows, columns: dIn, data } = sample
  const centre = new Float64Array(dIn)
  let norms = 0
  for (let row = 0; row < rows; row++) {
    let squares = 0
    for (let i = 0; i < dIn; i++) {
      const value = data[row * dIn + i]!
      centre[i]! += value / rows
      squares += value * value
    }
    norms += Math.sqrt(squares)
  }
  const scale = norms > 0 ? Math.sqrt(dIn) / (norms / rows) : 1
  const random = new Random(seed, 'initial decoder')
  const W_dec = Float32Array.from({ length: features * dIn }, () => random.normal())
  normalizeRows(W_dec, dIn)
  const W_enc = new Float32Array(features * dIn)
  for (let feature = 0; feature < features; feature++)
    for (let i = 0; i < dIn; i++) W_enc[i * features + feature] = W_dec[feature * dIn + i]!
  const parameters: Parameters = {
    W_enc,
    b_enc: new Float32Array(features),
    W_dec,
    b_dec: Float32Array.from(centre, (value) => value * scale),
  }
  const moments = Object.fromEntries(
    PARAMETERS.map((name) => [name, zeroMoments(parameters[name].length)]),
  ) as Record<ParameterName, AdamMoments>
  return { step: 0, scale, parameters, moments, silentTokens: new Float32Array(features) }
}

function readState(file: SafetensorsFile): TrainerState {
  const read = (name: string): Float32Array => file.readFloat32(name).data
  return {
    step: Number(file.metadata['step']),
    scale: Number(file.metadata['scale']),
    silentTokens: read('silent_tokens'),
    parameters: Object.fromEntries(PARAMETERS.map((name) => [name, read(name)])) as Parameters,
    moments: Object.fromEntries(
      PARAMETERS.map((name) => [
        name,
        { first: read(`${name}.first_moment`), second: read(`${name}.second_moment`) },
      ]),
    ) as Record<ParameterName, AdamMoments>,
  }
}

/** The learning rate of step `step`, from 1. */
export function scheduledRate(
  { learningRate, steps }: Pick<TrainingOptions, 'learningRate' | 'steps'>,
  step: number,
): number {
  const warmup = Math.max(1, WARMUP_SHARE * steps)
  const decay = Math.max(1, DECAY_SHARE * steps)
  return learningRate * Math.min(1, step / warmup, (steps - step + 1) / decay)
}

/** Removes from each gradient row its component along the unit-norm row of the parameter. */
function removeParallelPart(gradient: Float32Array, rows: Float32Array, width: number): void {
  for (let start = 0; start < rows.length; start += width) {
    let along = 0
    for (let i = start; i < start + width; i++) along += gradient[i]! * rows[i]!
    for (let i = start; i < start + width; i++) gradient[i]! -= along * rows[i]!
  }
}

function normalizeRows(rows: Float32Array, width: number): void {
  for (let start = 0; start < rows.length; start += width) {
    let squares = 0
    for (let i = start; i < start + width; i++) squares += rows[i]! * rows[i]!
    const inverse = squares > 0 ? 1 / Math.sqrt(squares) : 0
    for (let i = start; i < start + width; i++) rows[i]! *= inverse
  }
}

function totalNorm(gradients: readonly Float32Array[]): number {
  let squares = 0
  for (const gradient of gradients)
    for (let i = 0; i < gradient.length; i++) squares += gradient[i]! * gradient[i]!
  return Math.sqrt(squares)
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Mean over rows of ‖x − x̄‖². */
function variance(data: Float32Array, rows: number, width: number): number {
  const sums = new Float64Array(width)
  let squares = 0
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < width; i++) {
      const value = data[row * width + i]!
      sums[i]! += value
      squares += value * value
    }
  const ofMean = sums.reduce((total, sum) => total + (sum / rows) ** 2, 0)
  return squares / rows - ofMean
}
