import type { TokenBatch } from './tensor.ts'
import type { TokenCorpus } from './token-corpus.ts'

/**
 * How a corpus is cut into the sequences that the model sees. A context never spans two documents; where the
 * model has a begin token, every context begins with it. Contexts follow the order of the corpus and together
 * hold every token of it.
 */
export interface ContextPlan {
  /** The longest context, begin token included. */
  readonly length: number
  readonly beginTokenId: number | null
  /** Context i holds the corpus tokens `starts[i] … starts[i + 1] − 1`; one more entry than contexts. */
  readonly starts: Float64Array
  /** The document of each context. */
  readonly documents: Uint32Array
}

/** Cuts every document into contexts of at most `length` tokens, the begin token included. */
export function planContexts(corpus: TokenCorpus, length: number, beginTokenId: number | null): ContextPlan {
  const room = beginTokenId === null ? length : length - 1
  const starts: number[] = []
  const documents: number[] = []
  for (let document = 0; document < corpus.documents.length; document++) {
    const end = corpus.documentStarts[document + 1]!
    for (let start = corpus.documentStarts[document]!; start < end; start += room) {
      starts.push(start)
      documents.push(document)
    }
  }
  starts.push(corpus.ids.length)
  return { length, beginTokenId, starts: Float64Array.from(starts), documents: Uint32Array.from(documents) }
}

/** Number of contexts of a plan. */
export function contextCount(plan: ContextPlan): number {
  return plan.documents.length
}

/** How many tokens stand before a context's first corpus token: 1 with a begin token, else 0. */
export function contextOffset(plan: ContextPlan): number {
  return plan.beginTokenId === null ? 0 : 1
}

/** The sequences of some contexts as a batch, padded on the right with token 0. */
export function contextBatch(
  corpus: TokenCorpus,
  plan: ContextPlan,
  contexts: ArrayLike<number>,
): TokenBatch {
  const offset = contextOffset(plan)
  let length = 1
  for (let row = 0; row < contexts.length; row++)
    length = Math.max(length, plan.starts[contexts[row]! + 1]! - plan.starts[contexts[row]!]! + offset)
  const ids = new Int32Array(contexts.length * length)
  for (let row = 0; row < contexts.length; row++) {
    const context = contexts[row]!
    if (plan.beginTokenId !== null) ids[row * length] = plan.beginTokenId
    ids.set(corpus.ids.subarray(plan.starts[context], plan.starts[context + 1]), row * length + offset)
  }
  return { rows: contexts.length, length, ids }
}

/**
 * 1 for every corpus token that counts: it is neither begin nor end token, and does not stand at position 0 of
 * its context. Nothing else enters a density, an example or a training batch.
 */
export function eligibleTokens(
  corpus: TokenCorpus,
  plan: ContextPlan,
  specialIds: readonly number[],
): Uint8Array {
  const eligible = new Uint8Array(corpus.ids.length).fill(1)
  if (contextOffset(plan) === 0) for (const start of plan.starts.subarray(0, -1)) eligible[start] = 0
  const special = new Set(specialIds)
  for (let token = 0; token < eligible.length; token++)
    if (special.has(corpus.ids[token]!)) eligible[token] = 0
  return eligible
}
