import { contextBatch, contextOffset } from '../core/contexts.ts'
import { Random } from '../core/random.ts'
import type { SubjectModel } from '../core/subject-model.ts'
import type { FloatMatrix } from '../core/tensor.ts'
import type { StudyContexts } from './feature-set.ts'
import type { Study } from './study.ts'
import type { TrainingChunk } from './training-plan.ts'

/** Tokens that the model sees at once, padding included. */
const TOKENS_PER_BATCH = 8192

/** The activations of some contexts' eligible tokens at a hook. */
export interface HookRows {
  /** The corpus token of each row, ascending within a context. */
  readonly tokens: Uint32Array
  readonly rows: FloatMatrix
}

/** Runs contexts through the model in batches and yields a hook's activations at their eligible tokens. */
export async function* hookRows(
  model: SubjectModel,
  { corpus, plan, eligible }: StudyContexts,
  contexts: ArrayLike<number>,
  hook: string,
  width: number,
): AsyncGenerator<HookRows> {
  const perBatch = Math.max(1, Math.floor(TOKENS_PER_BATCH / plan.length))
  const offset = contextOffset(plan)
  for (let first = 0; first < contexts.length; first += perBatch) {
    const group = Array.prototype.slice.call(contexts, first, first + perBatch) as number[]
    const batch = contextBatch(corpus, plan, group)
    const values = (await model.run(batch, [hook])).get(hook)!.data
    const tokens = new Uint32Array(batch.rows * batch.length)
    const data = new Float32Array(batch.rows * batch.length * width)
    let count = 0
    for (const [row, context] of group.entries()) {
      const start = plan.starts[context]!
      for (let token = start; token < plan.starts[context + 1]!; token++) {
        if (!eligible[token]) continue
        const place = (row * batch.length + offset + token - start) * width
        data.set(values.subarray(place, place + width), count * width)
        tokens[count++] = token
      }
    }
    yield {
      tokens: tokens.subarray(0, count),
      rows: { rows: count, columns: width, data: data.subarray(0, count * width) },
    }
  }
}

/** The activations of a chunk's eligible tokens in an order drawn from the seed. */
export async function chunkRows(
  study: Study,
  model: SubjectModel,
  contexts: StudyContexts,
  chunk: TrainingChunk,
  width: number,
): Promise<FloatMatrix> {
  const places = new Random(study.config.seed, 'rows of a chunk', chunk.firstStep).shuffle(
    Uint32Array.from({ length: chunk.rows }, (_, row) => row),
  )
  const data = new Float32Array(chunk.rows * width)
  let row = 0
  for await (const { rows } of hookRows(model, contexts, chunk.contexts, study.config.hook, width))
    for (let i = 0; i < rows.rows; i++)
      data.set(rows.data.subarray(i * width, (i + 1) * width), places[row++]! * width)
  return { rows: chunk.rows, columns: width, data }
}
