import { contextBatch, contextOffset } from '../core/contexts.ts'
import type { SubjectModel } from '../core/subject-model.ts'
import type { FloatMatrix } from '../core/tensor.ts'
import type { StudyContexts } from './feature-set.ts'

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
