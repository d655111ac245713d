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
    let kept = roomFor(values.length / EXPECTED_SHARE)
    let count = 0
    for (let start = 0; start < values.length; start += width) {
      for (let feature = 0; feature < width; feature++) {
        const value = values[start + feature]!
        if (!(value > 0)) continue
        if (count === kept.values.length) kept = enlarged(kept)
        kept.features[count] = feature
        kept.values[count++] = value
      }
      this.#offsets[++this.#row] = this.#count + count
    }
    this.#add(kept.features.slice(0, count), kept.values.slice(0, count))
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

interface Entries {
  readonly features: Uint32Array
  readonly values: Float32Array
}

/** One value in so many is positive, to begin with; counting first would read all of them twice. */
const EXPECTED_SHARE = 64

function roomFor(count: number): Entries {
  const size = Math.max(16, Math.ceil(count))
  return { features: new Uint32Array(size), values: new Float32Array(size) }
}

function enlarged({ features, values }: Entries): Entries {
  const room = roomFor(2 * values.length)
  room.features.set(features)
  room.values.set(values)
  return room
}
