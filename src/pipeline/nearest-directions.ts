import type { DecoderFile } from '../core/dictionary.ts'

/** A feature with the cosine of its decoder row and another's. */
export interface NearDirection {
  readonly feature: number
  readonly cosine: number
}

/** Numbers that are read at once: 12 MB. */
const PIECE_NUMBERS = 3 << 20

/**
 * Finds the features that write in the most similar directions. The decoder is read from disk at each question, which
 * is the system's memory after the first; norms are kept.
 */
export class NearestDirections {
  readonly #file: DecoderFile
  /** ‖W_dec,j‖, computed at the first question. */
  #norms: Float64Array | null = null

  constructor(file: DecoderFile) {
    this.#file = file
  }

  /**
   * The features with the largest cosine, largest first, ties in the order of their ids. Rows of zeros have no
   * direction: they are nobody's neighbour, and null is what they get themselves.
   */
  of(feature: number, count: number): NearDirection[] | null {
    const { features, dIn } = this.#file
    const query = this.#file.rows(feature, 1).data
    const queryNorm = Math.sqrt(dot(query, 0, query, 0, dIn))
    if (queryNorm === 0) return null
    const norms = this.#norms ?? new Float64Array(features)
    const nearest: NearDirection[] = []
    const piece = Math.max(1, Math.floor(PIECE_NUMBERS / dIn))
    for (let first = 0; first < features; first += piece) {
      const { rows, data } = this.#file.rows(first, piece)
      for (let row = 0; row < rows; row++) {
        const id = first + row
        if (!this.#norms) norms[id] = Math.sqrt(dot(data, row * dIn, data, row * dIn, dIn))
        const norm = norms[id]!
        if (id === feature || norm === 0) continue
        const cosine = dot(data, row * dIn, query, 0, dIn) / (norm * queryNorm)
        if (nearest.length === count && cosine <= nearest.at(-1)!.cosine) continue
        const place = nearest.findIndex((other) => other.cosine < cosine)
        nearest.splice(place < 0 ? nearest.length : place, 0, { feature: id, cosine })
        if (nearest.length > count) nearest.pop()
      }
    }
    this.#norms = norms
    return nearest
  }
}

/** Four sums at a time, so that additions need not wait for each other. */
function dot(a: Float32Array, fromA: number, b: Float32Array, fromB: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  const whole = length - (length % 4)
  for (let i = 0; i < whole; i += 4) {
    s0 += a[fromA + i]! * b[fromB + i]!
    s1 += a[fromA + i + 1]! * b[fromB + i + 1]!
    s2 += a[fromA + i + 2]! * b[fromB + i + 2]!
    s3 += a[fromA + i + 3]! * b[fromB + i + 3]!
  }
  for (let i = whole; i < length; i++) s0 += a[fromA + i]! * b[fromB + i]!
  return s0 + s1 + s2 + s3
}
