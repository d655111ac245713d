import type { Protocol, Slice } from '../core/protocol.ts'

/** An example with what was predicted for its tokens; `predicted` is null where no answer could be read. */
export interface SimulatedExample {
  readonly slice: Slice
  readonly nominal: number
  readonly silent: boolean
  readonly activations: readonly number[]
  readonly predicted: readonly number[] | null
}

/** The thresholds below which too few examples were answered. */
export interface Coverage {
  readonly minimumExamples: number
  readonly minimumFiring: number
}

/** Answered and drawn examples of each slice, in the order of the slices. */
export type SliceCoverage = Readonly<Record<string, readonly [answered: number, drawn: number]>>

/** An example with its place in the list that it came from. */
export type IndexedExample = SimulatedExample & { readonly index: number }

/** Activations and predictions of some examples, in the order of the strata, and how many each stratum has. */
export interface Paired {
  readonly truth: readonly (readonly number[])[]
  readonly predicted: readonly (readonly number[])[]
  readonly sizes: readonly number[]
}

/** The strata within which examples are resampled. Intervals are one: two examples show half of their variance. */
const STRATA = ['top', 'interval', 'random', 'other'] as const

function stratumOf(slice: Slice): (typeof STRATA)[number] {
  return slice === 'top' || slice === 'random' || slice === 'other' ? slice : 'interval'
}

/** The answered examples in the order of the strata. */
export function answeredInStrata(examples: readonly SimulatedExample[]): IndexedExample[] {
  const answered = examples.flatMap((example, index) =>
    example.predicted === null ? [] : [{ ...example, index }],
  )
  return STRATA.flatMap((stratum) => answered.filter(({ slice }) => stratumOf(slice) === stratum))
}

/**
 * Pairs examples, which are in the order of the strata, with predictions.
 * @param truth whether activations count as they are, or their positive side a⁺
 */
export function pairUp(
  examples: readonly IndexedExample[],
  predictedOf: (example: IndexedExample) => readonly number[] | null,
  truth: Protocol['truth'] = 'positive',
): Paired {
  return {
    truth: examples.map(({ activations }) =>
      truth === 'raw' || activations.every((activation) => activation >= 0)
        ? activations
        : activations.map((activation) => Math.max(0, activation)),
    ),
    predicted: examples.map((example) => predictedOf(example)!),
    sizes: STRATA.map((stratum) => examples.filter(({ slice }) => stratumOf(slice) === stratum).length),
  }
}

/** Counts answered and drawn examples. */
export function coverageBySlice(examples: readonly SimulatedExample[]): SliceCoverage {
  const coverage: Record<string, [number, number]> = {}
  for (const { slice, predicted } of examples) {
    const counts = (coverage[slice] ??= [0, 0])
    if (predicted !== null) counts[0]++
    counts[1]++
  }
  return coverage
}

/** Whether too few examples, or firing ones, or less than half, or none of a slice were answered. */
export function hasLowCoverage(
  examples: readonly SimulatedExample[],
  coverage: SliceCoverage,
  { minimumExamples, minimumFiring }: Coverage,
): boolean {
  let answered = 0
  let firing = 0
  for (const { predicted, activations } of examples) {
    if (predicted === null) continue
    answered++
    if (activations.some((activation) => activation > 0)) firing++
  }
  return (
    answered < minimumExamples ||
    firing < minimumFiring ||
    answered < examples.length / 2 ||
    Object.values(coverage).some(([some]) => some === 0)
  )
}

/** Predictions as ranks see them: rounded to integers, halves up. */
export function rounded(predicted: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return predicted.map((example) => (example.every(Number.isInteger) ? example : example.map(Math.round)))
}

/** The values of all examples, one after the other; `flat` takes ten times as long. */
export function joined(values: readonly (readonly number[])[]): number[] {
  const all: number[] = []
  for (const example of values) for (let token = 0; token < example.length; token++) all.push(example[token]!)
  return all
}
