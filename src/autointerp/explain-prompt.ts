import { z } from 'zod'
import { sha256 } from '../core/hash.ts'
import { parseYaml } from '../core/parse.ts'
import { windowSchema } from './prompt-file.ts'

const SECTIONS = ['top', 'interval', 'random', 'other'] as const
/** A part of an explain prompt: the windows of one slice, or of all intervals. */
export type Section = (typeof SECTIONS)[number]

const logitsSchema = z.strictObject({ top: z.array(z.string()), bottom: z.array(z.string()) })

const exampleSchema = z.strictObject({
  windows: z.partialRecord(z.enum(SECTIONS), z.array(windowSchema)),
  logits: logitsSchema.optional(),
  explanation: z.string(),
})

const explainSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'expected small letters, digits and hyphens'),
    maxTokens: z.int().positive(),
    /** `levels` writes «token:level»; `spans` puts neighbouring firing tokens between « and », without numbers. */
    marks: z.enum(['levels', 'spans']).default('levels'),
    /** Tokens of lower levels are shown as silent ones are. */
    markFrom: z.int().positive().default(1),
    system: z.string(),
    /** Headings by section; what has none is not shown. */
    sections: z.partialRecord(z.enum(SECTIONS), z.string()),
    /** Headings of the tokens that the feature makes likelier and less likely, and how many of each are shown. */
    logits: z
      .strictObject({ top: z.string(), bottom: z.string(), count: z.int().positive().default(10) })
      .optional(),
    /** Explanations asked for, of which the choose examples pick the best; `protocol`: as many as that says. */
    samples: z.union([z.int().positive().max(100), z.literal('protocol')]).default(1),
    /** How an explanation is revised in view of choose examples that it predicts worst. */
    revision: z
      .strictObject({
        rounds: z.int().positive().max(10).default(1),
        /** Windows of each kind that are shown, at most. */
        windows: z.int().positive().default(4),
        /** A prediction is wrong where it is off by this many levels. */
        wrongBy: z.int().positive().default(3),
        /** The heading of windows in which more was predicted than is there, and of those with less. */
        falsePositives: z.string(),
        falseNegatives: z.string(),
        /** Stands before what was predicted of the window above it. */
        predicted: z.string(),
        request: z.string(),
      })
      .optional(),
    /** Worked examples. */
    examples: z.array(exampleSchema),
  })
  .refine(({ sections }) => Object.keys(sections).length > 0, {
    path: ['sections'],
    message: 'expected at least one of top, interval, random, other',
  })
  .refine(({ system, marks }) => marks === 'spans' || system.includes('{scale}'), {
    path: ['system'],
    message: 'expected {scale} where the levels are described',
  })

/** A prompt for explaining, with the hash of its file's text: part of the provenance of everything made with it. */
export type ExplainPrompt = z.output<typeof explainSchema> & { readonly hash: string }

/** @throws {ConfigError} when the file does not fit */
export function parseExplainPrompt(text: string, source: string): ExplainPrompt {
  return { ...parseYaml(text, explainSchema, source), hash: sha256(text) }
}

/** Whether a prompt makes several explanations, one of which the choose examples have to pick. */
export function needsChoice({ samples, revision }: Pick<ExplainPrompt, 'samples' | 'revision'>): boolean {
  return samples !== 1 || revision !== undefined
}
