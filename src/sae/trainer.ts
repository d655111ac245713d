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
import { type AdamMoments, zeroMoments } from './adam.ts'
import { type Architecture, type ParameterName, PARAMETERS, parameterShape } from './architecture.ts'
import { DenseEngine } from './dense-engine.ts'
import type { OptimizerState, Parameters, TrainingEngine } from './engine.ts'
import { normalizeRows, transpose } from './rows.ts'
import { saveSaeLens } from './saelens-format.ts'
import { SparseEngine } from './sparse-engine.ts'

/** The learning rate rises linearly over the first steps and falls linearly to 0 over the last fifth. */
const WARMUP_SHARE = 0.05
const DECAY_SHARE = 0.2

/**
 * Trains a sparse autoencoder with Adam. Inputs are scaled to a mean norm of √dIn. Gradients are clipped to a total
 * norm of 1. `topk` keeps decoder rows at unit norm: the part of the gradient along a row is removed before the
 * step, and rows are renormalised after it (Bricken et al. 2023; Gao et al. 2024). `relu` leaves them free and
 * weighs the L1 penalty by their norms (Conerly et al. 2024).
 */
export class SaeTrainer implements DictionaryTrainer {
  readonly #options: TrainingOptions
  readonly #engine: TrainingEngine
  readonly #scale: number
  readonly #silentTokens: Float32Array
  readonly #scaled: Float32Array
  readonly #dIn: number
  #step: number

  private constructor(options: TrainingOptions, engine: TrainingEngine, state: TrainerState) {
    this.#options = options
    this.#engine = engine
    this.#scale = state.scale
    this.#silentTokens = state.silentTokens
    this.#step = state.step
    this.#dIn = state.parameters.b_dec.length
    this.#scaled = new Float32Array(options.batchSize * this.#dIn)
  }

  /** Starts from random decoder rows, the encoder their transpose, the decoder bias the mean of the sample. */
  static async start(options: TrainingOptions, sample: FloatMatrix): Promise<SaeTrainer> {
    const state = initialState(options, sample)
    return new SaeTrainer(options, await openEngine(options, state), state)
  }

  /** Goes on from a state that {@link saveState} wrote for the same options; null where there is none. */
  static async resume(options: TrainingOptions, path: string): Promise<SaeTrainer | null> {
    if (!existsSync(path)) return null
    const file = new SafetensorsFile(path)
    try {
      if (file.metadata['options'] !== canonicalJson({ ...options })) return null
      const state = readState(file)
      return new SaeTrainer(options, await openEngine(options, state), state)
    } finally {
      file.close()
    }
  }

  get step(): number {
    return this.#step
  }

  async update({ rows, data }: FloatMatrix): Promise<TrainingStep> {
    for (let i = 0; i < data.length; i++) this.#scaled[i] = data[i]! * this.#scale
    this.#step++
    const learningRate = scheduledRate(this.#options, this.#step)
    const outcome = await this.#engine.step(this.#scaled, rows, learningRate, this.#step)
    return {
      loss: outcome.squaredError + outcome.penalty,
      fvu: outcome.squaredError / variance(this.#scaled, rows, this.#dIn),
      ...this.#countFirings(outcome.fired, rows),
    }
  }

  saveState(path: string): void {
    const { parameters, moments } = this.#engine.state()
    const tensors: Record<string, StoredTensor> = {
      silent_tokens: storedFloat32([this.#silentTokens.length], this.#silentTokens),
    }
    for (const name of PARAMETERS) {
      const shape = parameterShape(name, this.#dIn, this.#options.features)
      tensors[name] = storedFloat32(shape, parameters[name])
      tensors[`${name}.first_moment`] = storedFloat32(shape, moments[name].first)
      tensors[`${name}.second_moment`] = storedFloat32(shape, moments[name].second)
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
    const { W_enc, b_enc, W_dec, b_dec } = this.#engine.state().parameters
    saveSaeLens(
      folder,
      architectureOf(this.#options),
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
    await this.#engine.close()
  }

  #countFirings(fired: ArrayLike<number>, rows: number): { l0: number; deadShare: number } {
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

interface TrainerState extends OptimizerState {
  readonly step: number
  readonly scale: number
  readonly silentTokens: Float32Array
}

function architectureOf({ architecture, k }: TrainingOptions): Architecture {
  return architecture === 'topk' ? { kind: 'topk', k } : { kind: 'relu' }
}

function openEngine(options: TrainingOptions, state: OptimizerState): Promise<TrainingEngine> {
  return options.architecture === 'topk'
    ? SparseEngine.open(options.k, options.batchSize, state)
    : DenseEngine.open({ kind: 'relu' }, options.l1, state)
}

function initialState({ features, seed }: TrainingOptions, sample: FloatMatrix): TrainerState {
  const { columns: dIn } = sample
  const { mean, meanNorm } = momentsOf(sample)
  const scale = meanNorm > 0 ? Math.sqrt(dIn) / meanNorm : 1
  const random = new Random(seed, 'initial decoder')
  const decoder = Float32Array.from({ length: features * dIn }, () => random.normal())
  normalizeRows(decoder, dIn)
  const parameters: Parameters = {
    W_enc: transpose(decoder, features, dIn),
    b_enc: new Float32Array(features),
    W_dec: decoder,
    b_dec: Float32Array.from(mean, (value) => value * scale),
  }
  const moments = byParameter((name) => zeroMoments(parameters[name].length))
  return { step: 0, scale, parameters, moments, silentTokens: new Float32Array(features) }
}

/** The mean row and the mean norm of rows. */
function momentsOf({ rows, columns, data }: FloatMatrix): { mean: Float64Array; meanNorm: number } {
  const mean = new Float64Array(columns)
  let norms = 0
  for (let row = 0; row < rows; row++) {
    let squares = 0
    for (let i = 0; i < columns; i++) {
      const value = data[row * columns + i]!
      mean[i]! += value / rows
      squares += value * value
    }
    norms += Math.sqrt(squares)
  }
  return { mean, meanNorm: norms / rows }
}

function readState(file: SafetensorsFile): TrainerState {
  const read = (name: string): Float32Array => file.readFloat32(name).data
  return {
    step: Number(file.metadata['step']),
    scale: Number(file.metadata['scale']),
    silentTokens: read('silent_tokens'),
    parameters: byParameter(read),
    moments: byParameter((name): AdamMoments => ({
      first: read(`${name}.first_moment`),
      second: read(`${name}.second_moment`),
    })),
  }
}

function byParameter<T>(of: (name: ParameterName) => T): Record<ParameterName, T> {
  return Object.fromEntries(PARAMETERS.map((name) => [name, of(name)])) as Record<ParameterName, T>
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
