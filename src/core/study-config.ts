import { z } from 'zod'

/** How much an endpoint may be sent; the rest is learned from it. */
const endpointLimits = {
  concurrency: z.int().positive().optional(),
  requestsPerMinute: z.int().positive().optional(),
  tokensPerMinute: z.int().positive().optional(),
}

/**
 * The feature sets that `gloss train` makes. `sae`: a sparse autoencoder. The others are baselines for a whole study.
 * `neurons`: the hook's own units, on their positive side. `random`: random unit directions with thresholds.
 * `shuffled`: a sparse autoencoder on the model with its weights shuffled within each tensor.
 */
export const SET_KINDS = ['sae', 'neurons', 'random', 'shuffled'] as const
/** One of {@link SET_KINDS}. */
export type SetKind = (typeof SET_KINDS)[number]

/** What gloss says in a request itself. */
const OWN_PARAMETERS = new Set([
  'model',
  'messages',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'logprobs',
  'top_logprobs',
  'stream',
  'n',
])

/** The settings of one study: what `gloss.yaml` holds, defaults filled in. Paths are relative to the file. */
export const studyConfigSchema = z.strictObject({
  model: z.string().min(1),
  hook: z.string().min(1),
  corpus: z.array(z.string().min(1)).default([]),
  seed: z.int().nonnegative().max(0xffff_ffff).default(0),
  contextLength: z.int().min(2).default(256),
  tokenize: z.strictObject({ maxTokens: z.int().positive().optional() }).prefault({}),
  train: z
    .strictObject({
      kind: z.enum(SET_KINDS).default('sae'),
      architecture: z.enum(['topk', 'relu']).default('topk'),
      features: z.int().positive().default(4096),
      k: z.int().positive().default(32),
      l1: z.number().positive().default(5),
      tokens: z.int().positive().default(10_000_000),
      batchSize: z.int().positive().default(2048),
      learningRate: z.number().positive().default(1e-3),
    })
    .prefault({}),
  protocol: z.string().default('monosemanticity'),
  score: z
    .strictObject({
      /** Questions of one call; by default as many as the scorer's prompt says. */
      questionsPerCall: z.int().positive().optional(),
    })
    .prefault({}),
  /** By name; without one, what suits the LLM and the protocol. */
  explainer: z.string().min(1).optional(),
  /** A prompt of the user's own. */
  explainPrompt: z.string().min(1).optional(),
  review: z
    .strictObject({
      /** Keys of the review screens by what they do, in place of the default ones. */
      keys: z
        .record(
          z.string(),
          z.union([
            z
              .string()
              .min(1)
              .transform((key) => [key]),
            z.array(z.string().min(1)),
          ]),
        )
        .default({}),
    })
    .prefault({}),
  llm: z
    .strictObject({
      url: z.string().optional(),
      model: z.string().optional(),
      /** The name under which replies are stored; by default the first endpoint's URL. */
      group: z.string().min(1).optional(),
      /** Several endpoints that serve the same model. */
      endpoints: z
        .array(
          z.strictObject({
            url: z.string(),
            weight: z.number().positive().default(1),
            ...endpointLimits,
          }),
        )
        .default([]),
      ...endpointLimits,
      /** Sent with every request; by default the endpoint decides. */
      temperature: z.number().min(0).max(2).optional(),
      /** Further members of every chat's body, which servers have of their own: `repeat_penalty`, `chat_template_kwargs`. */
      parameters: z
        .record(z.string(), z.json())
        .superRefine((parameters, context) => {
          for (const name of Object.keys(parameters))
            if (OWN_PARAMETERS.has(name))
              context.addIssue({
                code: 'custom',
                path: [name],
                message: "expected a server's own parameter, found one that gloss sets itself",
              })
        })
        .default({}),
      /** Of a reply, where fewer are to be written than a prompt allows. */
      maxReplyTokens: z.int().positive().optional(),
      timeoutSeconds: z.number().positive().max(86_400).default(600),
      /** Between two looks at a batch. */
      batchPollSeconds: z.number().positive().default(30),
      /** US dollars for a million tokens. */
      prices: z
        .strictObject({
          input: z.number().nonnegative(),
          cachedInput: z.number().nonnegative().optional(),
          output: z.number().nonnegative(),
        })
        .optional(),
    })
    .prefault({}),
})

/** The checked settings. */
export type StudyConfig = z.output<typeof studyConfigSchema>
