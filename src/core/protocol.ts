import { z } from 'zod'
import { sha256 } from './hash.ts'
import { parseYaml } from './parse.ts'

/** How many examples of each slice a use gets. */
const mixSchema = z.strictObject({
  top: z.int().nonnegative(),
  /** Examples of each interval. */
  perInterval: z.int().nonnegative().default(0),
  random: z.int().nonnegative().default(0),
  other: z.int().nonnegative().default(0),
})

/** A use's mix where there are neither intervals nor other occurrences. */
const rankedMixSchema = mixSchema.extend({
  perInterval: z.literal(0).default(0),
  other: z.literal(0).default(0),
})

/** What every protocol says, however it draws examples. */
const common = {
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'expected small letters, digits and hyphens')
    .max(60),
  description: z.string(),
  /** Activations are quantized to integers from 0 to this. */
  scale: z.int().positive(),
  /** How: `ceil` leaves 0 to silent tokens; `floor` is as Bills et al. have it. */
  rounding: z.enum(['ceil', 'floor']).default('ceil'),
  /** What predictions are compared with: activations as they are, or their positive side. */
  truth: z.enum(['positive', 'raw']).default('positive'),
  /** The statistic that is the score; the other has a name of its own. */
  headline: z.enum(['spearman', 'pearson']).default('spearman'),
  /** Explanations asked for of each feature; of several, the `choose` side picks. */
  samples: z.int().positive().max(100).default(1),
  /** Where the share of firing tokens is below this, explain windows are shown again without the silent ones. */
  firingOnly: z.strictObject({ below: z.number().positive().max(1), heading: z.string().min(1) }).optional(),
  /** Examples that an LLM simulates in one call, at most; without it, as many as the prompt has. */
  examplesPerCall: z.int().positive().optional(),
  /** A feature needs this many distinct firing windows on each side, … */
  minimumFiringWindows: z.int().positive(),
  /** … this many examples for scoring, … */
  minimumScoreExamples: z.int().positive(),
  /** … and this many of them firing. */
  minimumFiringExamples: z.int().positive(),
}

const slicesSchema = z.strictObject({
  ...common,
  /** Windows around a nominal token, by slice. */
  sampler: z.literal('slices').default('slices'),
  /** Tokens of a window; odd. */
  window: z
    .int()
    .positive()
    .max(255)
    .refine((size) => size % 2 === 1, 'a window has an odd number of tokens'),
  /** Where the nominal token stands in windows that are not explained from: at a drawn index, or in the middle. */
  centre: z.enum(['drawn', 'fixed']),
  /** Number of equal parts of the range of activations that interval examples are drawn from. */
  intervals: z.int().positive().max(100),
  /** Whether `other` examples prefer occurrences on which the feature is silent. */
  other: z.enum(['silent-first', 'any']),
  explain: mixSchema,
  score: mixSchema,
  /** A third side, to choose among explanations. */
  choose: mixSchema.optional(),
})

const rankStrideSchema = z.strictObject({
  ...common,
  /** Blocks of a context, at most one of a document; the strongest are dealt to the uses by their rank. */
  sampler: z.literal('rank-stride'),
  /** Tokens of a block. */
  window: z.int().min(2).max(1024),
  intervals: z.literal(0).default(0),
  explain: rankedMixSchema,
  score: rankedMixSchema,
  choose: rankedMixSchema.optional(),
})

/**
 * A protocol: which examples a feature gets for which use, the scale of activations in prompts, and which statistic
 * is the score. Protocols are files in `prompts/protocols/`, or a study's own; a file's hash is part of every score's
 * provenance.
 */
export const protocolSchema = z
  .discriminatedUnion('sampler', [slicesSchema, rankStrideSchema])
  .refine(
    ({ explain, score, intervals }) =>
      firingWindowsWanted(explain, intervals) > 0 && firingWindowsWanted(score, intervals) > 0,
    'explain and score both need windows that fire (top or perInterval)',
  )
  .refine(
    ({ choose, intervals }) => !choose || firingWindowsWanted(choose, intervals) > 0,
    'choose needs windows that fire (top or perInterval)',
  )
  .refine(
    ({ score, intervals, minimumScoreExamples }) => examplesWanted(score, intervals) >= minimumScoreExamples,
    'score asks for fewer examples than minimumScoreExamples',
  )

type Hashed = { readonly hash: string }
/** A protocol that draws windows around nominal tokens, slice by slice. */
export type SlicesProtocol = z.output<typeof slicesSchema> & Hashed
/** A protocol that deals a feature's strongest contexts to the uses by rank. */
export type RankStrideProtocol = z.output<typeof rankStrideSchema> & Hashed
/** A protocol with the hash of the file that defines it. */
export type Protocol = SlicesProtocol | RankStrideProtocol
/** How many examples of each slice a use gets. */
export type SliceMix = z.output<typeof mixSchema>

/** What an example is for. */
export type Use = 'explain' | 'score' | 'choose'

/** Which part of a feature's range an example stands for. */
export type Slice = 'top' | `interval ${number}` | 'random' | 'other' | 'negative'

/** The uses that a protocol draws examples for, in the order in which they are drawn. */
export function usesOf({ choose }: Pick<Protocol, 'choose'>): Use[] {
  return choose ? ['explain', 'score', 'choose'] : ['explain', 'score']
}

/** Number of windows with a firing nominal token that a side wants: top and intervals. */
export function firingWindowsWanted(mix: SliceMix, intervals: number): number {
  return mix.top + intervals * mix.perInterval
}

/** Number of examples of a complete mix. */
export function examplesWanted(mix: SliceMix, intervals: number): number {
  return firingWindowsWanted(mix, intervals) + mix.random + mix.other
}

/** Reads a protocol file. @throws {ConfigError} when it does not fit */
export function parseProtocol(text: string, source: string): Protocol {
  return { ...parseYaml(text, protocolSchema, source), hash: sha256(text) }
}

/**
 * The name that scores go under. Adaptive scoring is a protocol of its own, named by the half-width that is wanted,
 * so that its scores are never taken for those of a fixed number of examples.
 * @example
 * scoringName('monosemanticity', 0.1) // 'monosemanticity@0.1'
 */
export function scoringName(protocol: string, precision: number | null): string {
  return precision === null ? protocol : `${protocol}@${precision}`
}

/** The protocol and half-width of a name that {@link scoringName} made. */
export function parseScoringName(name: string): {
  readonly protocol: string
  readonly precision: number | null
} {
  const match = /^(.*)@([0-9.e-]+)$/.exec(name)
  return match ? { protocol: match[1]!, precision: Number(match[2]) } : { protocol: name, precision: null }
}
