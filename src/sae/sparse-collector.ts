import type { SparseActivations } from '../core/dictionary.ts'

/** Gathers the positive values of rows, run by run. */
export class SparseCollector {
  readonly #offsets: Uint32Array
  readonly #parts: { features: Uint32Array; values: Float32Array }[] = []
  #row = 0
  #count = 0

  constructor(rows: number) {
    this.#offsets = new Uint32Array(rows + 1)
  }

  /** Adds rows of k values with the features that they belong to. */
  addTop(values: Float32Array, features: Int32Array, k: number): void {
    const kept = { features: new Uint32Array(values.length), values: new Float32Array(values.length) }
    let count = 0
    for (let start = 0; start < values.length; start += k) {
      for (let entry = start; entry < start + k; entry++) {
        if (!(values[entry]! > 0)) continue
        kept.features[count] = features[entry]!
        kept.values[count++] = values[entry]!
      }
      this.#offsets[++this.#row] = this.#count + count
    }
    this.#add(kept.features.subarray(0, count), kept.values.subarray(0, count))
  }

  /** Adds rows with a value for every feature. */
  addDense(values: Float32Array, width: number): void {
    let positive = 0
    for (let i = 0; i < values.length; i++) if (values[i]! > 0) positive++
    const kept = { features: new Uint32Array(positive), values: new Float32Array(positive) }
    let count = 0
    for (let start = 0; start < values.length; start += width) {
      for (let feature = 0; feature < width; feature++) {
        const value = values[start + feature]!
        if (!(value > 0)) continue
        kept.features[count] = feature
        kept.values[count++] = value
      }
      this.#offsets[++this.#row] = this.#count + count
    }
    this.#add(kept.features, kept.values)
  }

  /** All rows together. */
  finish(): SparseActivations {
    const features = new Uint32Array(this.#count)
    const values = new Float32Array(this.#count)
    let filled = 0
    for (const part of this.#parts) {
      features.set(part.features, filled)
      values.set(part.values, filled)
      filled += part.values.length
    }
    return { offsets: this.#offsets, features, values }
  }

  #add(features: Uint32Array, values: Float32Array): void {
    this.#parts.push({ features, values })
    this.#count += values.length
  }
}
