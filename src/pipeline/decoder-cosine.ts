import type { Dictionary } from '../core/dictionary.ts'

/** The cosine of two features' decoder rows. */
export function decoderCosine({ decoder }: Pick<Dictionary, 'decoder'>): (a: number, b: number) => number {
  const { columns, data } = decoder
  const dot = (a: number, b: number): number => {
    let sum = 0
    for (let i = 0; i < columns; i++) sum += data[a * columns + i]! * data[b * columns + i]!
    return sum
  }
  const norms = Float64Array.from({ length: decoder.rows }, (_, feature) => Math.sqrt(dot(feature, feature)))
  return (a, b) => dot(a, b) / (norms[a]! * norms[b]!)
}
