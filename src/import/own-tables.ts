import { z } from 'zod'
import { CONTROLS, TIERS, UNDEFINED_REASONS } from '../core/scores.ts'

/** Our own exported tables as they are read back: the manifest, and a schema for the rows of every table. */

const nullable = <Schema extends z.ZodType>(schema: Schema): z.ZodNullable<Schema> => schema.nullable()
const text = z.string()
const count = z.int().nonnegative()
const strings = z.array(text)
const numbers = z.array(z.number())
const integers = z.array(z.int())
/** Ids that rows are stored under and commands print. */
const id = z.string().regex(/^[\w.:@+~-]{1,120}$/)
/** Parquet holds nested values as their JSON. */
const json = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => {
    if (typeof value !== 'string') return value
    try {
      return JSON.parse(value) as unknown
    } catch {
      return value
    }
  }, schema)

const provenanceSchema = z.object({
  version: text,
  seed: nullable(z.number()),
  model: nullable(text),
  weightsHash: nullable(text),
  tokenizerHash: nullable(text),
  corpusHash: nullable(text),
  setId: nullable(text),
  setHash: nullable(text),
  protocol: nullable(text),
  protocolHash: nullable(text),
  prompt: nullable(text),
  promptHash: nullable(text),
  llm: nullable(text),
  endpoint: nullable(text).default(null),
})

/** The manifest of an export, as far as it is read back. Names of files cannot lead out of its folder. */
export const ownManifestSchema = z.object({
  format: z.literal('gloss tables'),
  files: z.array(
    z.object({
      file: z.string().regex(/^[a-z_]+(?:\/train)?\.(?:jsonl|parquet|csv|md)$/),
      table: text,
      rows: count,
      sha256: text,
    }),
  ),
  sets: z
    .array(
      z.object({
        id,
        kind: text,
        hook: text,
        architecture: text,
        features: count,
        dIn: count,
        provenanceId: id,
        collection: z.object({
          corpusHash: text,
          tokens: count,
          eligible: count,
          documents: count,
          contexts: count,
          contextLength: count,
          entries: count,
          bytes: count,
          provenanceId: id,
        }),
        protocols: z.record(id, strings),
      }),
    )
    .min(1),
  provenance: z.record(z.string(), provenanceSchema),
})
/** What a manifest says. */
export type OwnManifest = z.output<typeof ownManifestSchema>

const state = z.enum(['alive', 'dead', 'tooRare'])

const featureSchema = z.object({
  set: id,
  feature: count,
  density: z.number(),
  max: z.number(),
  firings: count,
  state,
  token_share: nullable(z.number()),
  single_token: nullable(z.boolean()),
  histogram: integers,
  top_token_ids: nullable(integers),
  top_effects: nullable(numbers),
  bottom_token_ids: nullable(integers),
  bottom_effects: nullable(numbers),
})

const vocabularySchema = z.object({
  set: id,
  token_id: count,
  bytes: z.string().regex(/^(?:[0-9a-f]{2})*$/),
  count: nullable(count),
})

const exampleSchema = z
  .object({
    set: id,
    feature: count,
    protocol: id,
    use: z.enum(['explain', 'score', 'choose']),
    slice: z.templateLiteral(['interval ', z.int()]).or(z.enum(['top', 'random', 'other', 'negative'])),
    document: text,
    register: nullable(text),
    context: count,
    position: count,
    nominal: count,
    silent: z.boolean(),
    token_ids: integers,
    activations: numbers,
  })
  .refine(
    ({ token_ids: tokens, activations }) => tokens.length === activations.length,
    'expected as many activations as tokens',
  )

const explanationSchema = z.object({
  set: id,
  feature: count,
  explanation_id: id,
  explainer: id,
  explainer_llm: nullable(text),
  explanation: nullable(text),
  explanation_problem: nullable(z.enum(['callFailed', 'unreadable'])),
  protocol_hash: nullable(text),
  prompt_hash: nullable(text),
  seed: nullable(z.number()),
  provenance_id: id,
})

const controlColumns = Object.fromEntries(
  CONTROLS.flatMap((name) =>
    [`control_${name}`, `gain_${name}`, `gain_${name}_low`, `gain_${name}_high`, `p_${name}`].map(
      (column) => [column, nullable(z.number())],
    ),
  ),
)

const scoreSchema = z
  .object({
    set: id,
    feature: count,
    explanation_id: id,
    score_id: id,
    scorer: id,
    protocol: id,
    tier: z.enum(TIERS),
    value: nullable(z.number()),
    low: nullable(z.number()),
    high: nullable(z.number()),
    n: count,
    undefined: nullable(z.enum(UNDEFINED_REASONS)),
    flag: nullable(z.enum(['constantPrediction'])),
    ceiling: nullable(z.number()),
    digit_mass: nullable(z.number()),
    coverage: json(z.record(text, z.tuple([count, count]))),
    failed_calls: count,
    failed_control_calls: count,
    unreadable_calls: count,
    provenance_id: id,
  })
  .refine(
    ({ value, undefined: reason }) => (value === null) === (reason !== null),
    'expected a value exactly where no reason stands for it',
  )
  .and(z.object(controlColumns))

/** The rows that are read back, by table. Ratings are not: they come with the sessions that they are of. */
export const OWN_ROWS = {
  vocabulary: vocabularySchema,
  features: featureSchema,
  examples: exampleSchema,
  explanations: explanationSchema,
  scores: scoreSchema,
} as const
/** A table that is read back. */
export type OwnTable = keyof typeof OWN_ROWS
/** A row of such a table. */
export type OwnRow<Table extends OwnTable> = z.output<(typeof OWN_ROWS)[Table]>
