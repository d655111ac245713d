import { contextBatch, contextOffset } from '../core/contexts.ts'
import type { Dictionary } from '../core/dictionary.ts'
import type { FeatureSetMetrics } from '../core/store.ts'
import { LOSS_PER_TOKEN, type SubjectModel } from '../core/subject-model.ts'
import type { FloatMatrix, FloatTensor, TokenBatch } from '../core/tensor.ts'
import type { StudyContexts } from './feature-set.ts'

/** Contexts measured at once; logits of a large vocabulary take much memory. */
const CONTEXTS_PER_BATCH = 8

/** What was measured; `silentShare`: features that fired on none of these tokens. */
export type MeasuredSet = Omit<FeatureSetMetrics, 'deadShare'> & { readonly silentShare: number }

/**
 * Measures a dictionary on contexts that it was not trained on.
 *
 * FVU = Σ‖x − x̂‖² / Σ‖x − x̄‖² over eligible tokens. For the cross entropies the graph is cut at the hook and run on
 * from there, with the activations of eligible tokens replaced by their reconstruction, or by zeros, and those of
 * other tokens as they are; recovered = (zeroed − reconstructed) / (zeroed − original). Tokens that follow an
 * eligible token count.
 */
export async function measureFeatureSet(
  model: SubjectModel,
  dictionary: Dictionary,
  hook: string,
  contexts: StudyContexts,
  heldOut: readonly number[],
): Promise<MeasuredSet> {
  const sums = new Moments(dictionary.dIn)
  const losses = { original: 0, reconstructed: 0, zeroed: 0, tokens: 0 }
  let active = 0
  const fired = new Uint8Array(dictionary.features)
  for (let first = 0; first < heldOut.length; first += CONTEXTS_PER_BATCH) {
    const group = heldOut.slice(first, first + CONTEXTS_PER_BATCH)
    const batch = contextBatch(contexts.corpus, contexts.plan, group)
    const places = eligiblePlaces(contexts, group, batch)
    const results = await model.run(batch, [hook, LOSS_PER_TOKEN])
    const original = results.get(hook)!
    const rows = rowsAt(original.data, places, dictionary.dIn)
    const reconstruction = await dictionary.reconstruct(rows)
    const { features } = await dictionary.encode(rows)
    active += features.length
    for (const feature of features) fired[feature] = 1
    sums.add(rows, reconstruction)

    const reconstructed = await model.lossWith(
      batch,
      hook,
      withRows(original, places, reconstruction.data, dictionary.dIn),
    )
    const zeros = new Float32Array(rows.data.length)
    const zeroed = await model.lossWith(batch, hook, withRows(original, places, zeros, dictionary.dIn))
    for (const place of predictingPlaces(contexts, group, batch, places)) {
      losses.original += results.get(LOSS_PER_TOKEN)!.data[place]!
      losses.reconstructed += reconstructed.data[place]!
      losses.zeroed += zeroed.data[place]!
      losses.tokens++
    }
  }
  const perToken = (sum: number): number => sum / losses.tokens
  return {
    l0: active / sums.rows,
    fvu: sums.fvu(),
    crossEntropy: perToken(losses.original),
    crossEntropyReconstructed: perToken(losses.reconstructed),
    crossEntropyZeroed: perToken(losses.zeroed),
    crossEntropyRecovered: (losses.zeroed - losses.reconstructed) / (losses.zeroed - losses.original),
    tokens: sums.rows,
    silentShare: 1 - fired.reduce((sum, one) => sum + one, 0) / fired.length,
  }
}

/** Sums for the fraction of variance unexplained, in float64. */
class Moments {
  rows = 0
  readonly #sums: Float64Array
  #squares = 0
  #errors = 0

  constructor(width: number) {
    this.#sums = new Float64Array(width)
  }

  add(x: FloatMatrix, reconstruction: FloatMatrix): void {
    for (let i = 0; i < x.data.length; i++) {
      const value = x.data[i]!
      this.#sums[i % x.columns]! += value
      this.#squares += value * value
      this.#errors += (value - reconstruction.data[i]!) ** 2
    }
    this.rows += x.rows
  }

  fvu(): number {
    const ofMean = this.#sums.reduce((total, sum) => total + sum * sum, 0) / this.rows
    return this.#errors / (this.#squares - ofMean)
  }
}

/** Indices into [rows × length] of the eligible tokens of a batch. */
function eligiblePlaces(
  { plan, eligible }: StudyContexts,
  group: readonly number[],
  batch: TokenBatch,
): number[] {
  const offset = contextOffset(plan)
  return group.flatMap((context, row) => {
    const start = plan.starts[context]!
    const places: number[] = []
    for (let token = start; token < plan.starts[context + 1]!; token++)
      if (eligible[token]) places.push(row * batch.length + offset + token - start)
    return places
  })
}

/** Indices into the losses [rows × (length − 1)] of the tokens that follow eligible tokens. */
function predictingPlaces(
  { plan }: StudyContexts,
  group: readonly number[],
  batch: TokenBatch,
  places: readonly number[],
): number[] {
  const offset = contextOffset(plan)
  const lengths = group.map((context) => plan.starts[context + 1]! - plan.starts[context]! + offset)
  return places.flatMap((place) => {
    const row = Math.floor(place / batch.length)
    const position = place % batch.length
    return position < lengths[row]! - 1 ? [row * (batch.length - 1) + position] : []
  })
}

function rowsAt(data: Float32Array, places: readonly number[], width: number): FloatMatrix {
  const rows = new Float32Array(places.length * width)
  for (const [row, place] of places.entries())
    rows.set(data.subarray(place * width, (place + 1) * width), row * width)
  return { rows: places.length, columns: width, data: rows }
}

function withRows(
  original: FloatTensor,
  places: readonly number[],
  rows: Float32Array,
  width: number,
): FloatTensor {
  const data = original.data.slice()
  for (const [row, place] of places.entries())
    data.set(rows.subarray(row * width, (row + 1) * width), place * width)
  return { shape: original.shape, data }
}
