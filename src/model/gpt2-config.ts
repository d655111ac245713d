import { z } from 'zod'
import { DataError } from '../core/errors.ts'
import { describeIssues } from '../core/parse.ts'

/** Activation functions between the two MLP matrices, under the names that checkpoints use. */
export const activationSchema = z.enum(['relu', 'gelu', 'gelu_new', 'gelu_fast', 'gelu_pytorch_tanh', 'silu'])
/** The name of an activation function. */
export type Activation = z.infer<typeof activationSchema>

const gpt2Schema = z.object({
  model_type: z.literal('gpt2'),
  n_layer: z.int().positive(),
  n_embd: z.int().positive(),
  n_head: z.int().positive(),
  n_inner: z.int().positive().nullish(),
  n_positions: z.int().positive(),
  vocab_size: z.int().positive(),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  activation_function: activationSchema.default('gelu_new'),
  tie_word_embeddings: z.boolean().default(true),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  bos_token_id: z.int().nonnegative().nullish(),
  eos_token_id: z.int().nonnegative().nullish(),
})

/** What gloss needs to know of a GPT-2 checkpoint. */
export interface Gpt2Config {
  readonly layers: number
  readonly dModel: number
  readonly heads: number
  readonly dHead: number
  readonly dMlp: number
  readonly maxPositions: number
  readonly vocabularySize: number
  readonly epsilon: number
  readonly activation: Activation
  readonly tiedHead: boolean
  /** What attention scores of a layer are multiplied by. */
  readonly scoreScale: (layer: number) => number
  readonly beginTokenId: number | null
  readonly endTokenId: number | null
}

/**
 * Checks config.json of a checkpoint.
 * @throws {DataError} `architecture-unsupported`, `model-config`
 */
export function parseGpt2Config(raw: unknown, folder: string): Gpt2Config {
  const modelType = z.object({ model_type: z.string() }).safeParse(raw)
  if (!modelType.success || modelType.data.model_type !== 'gpt2')
    throw new DataError(
      'architecture-unsupported',
      `${folder}: expected model_type "gpt2" in config.json, found ${modelType.success ? JSON.stringify(modelType.data.model_type) : 'none'}; this version of gloss runs the GPT-2 family`,
    )
  const parsed = gpt2Schema.safeParse(raw)
  if (!parsed.success)
    throw new DataError(
      'model-config',
      `${folder}: config.json does not describe a GPT-2 that gloss can run: ${describeIssues(parsed.error)}`,
    )
  const config = parsed.data
  if (config.n_embd % config.n_head !== 0)
    throw new DataError(
      'model-config',
      `${folder}: expected n_embd to be a multiple of n_head, found ${config.n_embd} and ${config.n_head}`,
    )
  const dHead = config.n_embd / config.n_head
  return {
    layers: config.n_layer,
    dModel: config.n_embd,
    heads: config.n_head,
    dHead,
    dMlp: config.n_inner ?? 4 * config.n_embd,
    maxPositions: config.n_positions,
    vocabularySize: config.vocab_size,
    epsilon: config.layer_norm_epsilon,
    activation: config.activation_function,
    tiedHead: config.tie_word_embeddings,
    scoreScale: (layer) =>
      (config.scale_attn_weights ? 1 / Math.sqrt(dHead) : 1) /
      (config.scale_attn_by_inverse_layer_idx ? layer + 1 : 1),
    beginTokenId: config.bos_token_id ?? null,
    endTokenId: config.eos_token_id ?? null,
  }
}
