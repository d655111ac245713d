import type { ContextPlan } from '../core/contexts.ts'
import { DataError } from '../core/errors.ts'
import { Random } from '../core/random.ts'

/** Rows that are shuffled together: as many as fit about 128 MiB of float32. */
const CHUNK_FLOATS = 1 << 25

/** Contexts that are kept out of training to measure on, at most this share of all. */
const HELD_OUT_CONTEXTS = 64
const HELD_OUT_SHARE = 0.05

/**
 * Which contexts are trained on, in which order. Training goes chunk by chunk: a chunk's contexts come from all over
 * the corpus, and the activations of its eligible tokens are shuffled before they are cut into batches.
 */
export interface TrainingPlan {
  readonly steps: number
  readonly batchSize: number
  readonly chunks: readonly TrainingChunk[]
  readonly heldOut: readonly number[]
}

/** Contexts whose tokens are shuffled together, and the steps that they are trained on in. */
export interface TrainingChunk {
  /** Steps taken before this chunk. */
  readonly firstStep: number
  readonly steps: number
  readonly contexts: readonly number[]
  /** Eligible tokens of the contexts; a few are left over when batches have been cut. */
  readonly rows: number
}

/**
 * @param wantedTokens tokens to train on; with fewer eligible ones, each is used once
 * @throws {DataError} `corpus-too-small` when not even one batch can be filled
 */
export function planTraining(
  plan: ContextPlan,
  eligible: Uint8Array,
  width: number,
  wantedTokens: number,
  batchSize: number,
  seed: number,
): TrainingPlan {
  const order = new Random(seed, 'training order').shuffle(Array.from(plan.documents.keys()))
  const heldOut = order.splice(0, Math.min(HELD_OUT_CONTEXTS, Math.floor(order.length * HELD_OUT_SHARE)))
  const stepsPerChunk = Math.max(4, Math.floor(CHUNK_FLOATS / width / batchSize))
  const wantedSteps = Math.floor(wantedTokens / batchSize)
  const chunks: TrainingChunk[] = []
  let steps = 0
  for (let next = 0; steps < wantedSteps && next < order.length;) {
    const target = Math.min(stepsPerChunk, wantedSteps - steps) * batchSize
    const contexts: number[] = []
    let rows = 0
    while (rows < target && next < order.length) {
      contexts.push(order[next]!)
      rows += eligibleRows(plan, eligible, order[next]!)
      next++
    }
    const chunkSteps = Math.floor(Math.min(rows, target) / batchSize)
    if (chunkSteps > 0) chunks.push({ firstStep: steps, steps: chunkSteps, contexts, rows })
    steps += chunkSteps
  }
  if (steps === 0)
    throw new DataError(
      'corpus-too-small',
      `expected at least ${batchSize} tokens to train on (one batch), found fewer in ${order.length} contexts; add text, or lower --train-tokens and train.batchSize`,
    )
  return { steps, batchSize, chunks, heldOut }
}

function eligibleRows(plan: ContextPlan, eligible: Uint8Array, context: number): number {
  let rows = 0
  for (let token = plan.starts[context]!; token < plan.starts[context + 1]!; token++) rows += eligible[token]!
  return rows
}
