import type { FloatMatrix } from './tensor.ts'

/**
 * Feature activations of some tokens, sparse by rows: row i holds entries `offsets[i] … offsets[i + 1] − 1`.
 * Entries are positive and, within a row, in no particular order.
 */
export interface SparseActivations {
  readonly offsets: Uint32Array
  readonly features: Uint32Array
  readonly values: Float32Array
}

/** The learned part of a feature set: turns activations at a hook into feature activations and back. */
export interface Dictionary {
  /** Number of features. */
  readonly features: number
  /** Width of the hook's activations. */
  readonly dIn: number
  /** Decoder rows `[features, dIn]`: the direction that each feature writes. */
  readonly decoder: FloatMatrix
  /** Feature activations of rows `[tokens, dIn]`. */
  encode(rows: FloatMatrix): Promise<SparseActivations>
  /** Rows rebuilt from their feature activations. */
  reconstruct(rows: FloatMatrix): Promise<FloatMatrix>
  close(): Promise<void>
}

/** The decoder of a feature set on disk, read piece by piece. */
export interface DecoderFile {
  /** Number of features. */
  readonly features: number
  /** Width of the hook's activations. */
  readonly dIn: number
  /** Decoder rows from `first` on, at most `count`. */
  rows(first: number, count: number): FloatMatrix
  close(): void
}

/** How to train a sparse autoencoder. */
export interface TrainingOptions {
  readonly architecture: 'topk' | 'relu'
  readonly features: number
  /** Features that may fire on a token; `topk` alone. */
  readonly k: number
  /** λ of the L1 penalty, on inputs scaled to a mean norm of √dIn; `relu` alone. */
  readonly l1: number
  readonly learningRate: number
  readonly batchSize: number
  readonly steps: number
  readonly seed: number
}

/** What one training step saw. Losses are of inputs scaled to a mean norm of √dIn. */
export interface TrainingStep {
  readonly loss: number
  /** Mean number of features that fire on a token. */
  readonly l0: number
  /** Fraction of variance unexplained: Σ‖x − x̂‖² / Σ‖x − x̄‖² over the batch. */
  readonly fvu: number
  /** Share of features that were silent throughout the last {@link DEAD_WINDOW_TOKENS} training tokens. */
  readonly deadShare: number
}

/** A feature counts as dead in training after this many tokens without firing. */
export const DEAD_WINDOW_TOKENS = 200_000

/** What is written beside the weights, so that other tools know where the features live. */
export interface FeatureSetMetadata {
  readonly modelName: string
  readonly hookName: string
  readonly contextSize: number
  readonly prependBos: boolean
}

/** A sparse autoencoder in training. */
export interface DictionaryTrainer {
  /** Steps taken. */
  readonly step: number
  update(rows: FloatMatrix): Promise<TrainingStep>
  /** Writes everything that training on needs, atomically. */
  saveState(path: string): void
  /** Writes the trained dictionary to a folder. Inputs need no scaling: it is folded into the weights. */
  saveDictionary(folder: string, metadata: FeatureSetMetadata): void
  close(): Promise<void>
}

/** How to draw random directions. */
export interface RandomDirectionOptions {
  readonly features: number
  /** Share of the sample's rows that each feature is to fire on; taken in turn, again from the first after the last. */
  readonly densities: readonly number[]
  readonly seed: number
}

/** Makes and loads dictionaries. */
export interface DictionaryWorkshop {
  /** Starts training; `sample` holds activations from which scale and centre are taken. */
  startTraining(options: TrainingOptions, sample: FloatMatrix): Promise<DictionaryTrainer>
  /** Goes on from a saved state; null where there is none for these options. */
  resumeTraining(options: TrainingOptions, path: string): Promise<DictionaryTrainer | null>
  /** Writes the dictionary whose features are the hook's own units, on their positive side. */
  saveNeurons(folder: string, width: number, metadata: FeatureSetMetadata): void
  /** Writes random unit directions, with thresholds such that they fire as often as wanted on the sample. */
  saveRandomDirections(
    folder: string,
    options: RandomDirectionOptions,
    sample: FloatMatrix,
    metadata: FeatureSetMetadata,
  ): Promise<void>
  /** Pairs a < b of rows whose cosine is above a limit: [a₀, b₀, a₁, b₁, …]. Rows of zeros are in no pair. */
  alignedPairs(rows: FloatMatrix, cosine: number): Promise<Uint32Array>
  /** @throws {DataError} when the files are damaged or of an unknown architecture */
  load(folder: string): Promise<Dictionary>
}
