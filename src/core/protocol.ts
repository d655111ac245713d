import { z } from 'zod'
import { sha256 } from './hash.ts'
import { parseYaml } from './parse.ts'

/** How many examples of each slice a use gets. */
const mixSchema = z.strictObject({
  top: z.int().nonnegative(),
  /** Examples of each interval. */
  perInterval: z.int().nonnegative(),
  random: z.int().nonnegative(),
  other: z.int().nonnegative(),
})

/**
 * A protocol: which examples a feature gets for which use, and the scale of activations in prompts.
 * Protocols are files in `prompts/protocols/`; a file's hash is part of every score's provenance.
 */
export const protocolSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  description: z.string(),
  /** Tokens of a window; odd. */
  window: z
    .int()
    .positive()
    .refine((size) => size % 2 === 1, 'a window has an odd number of tokens'),
  /** Where the nominal token stands in score windows: at a drawn index, or fixed in the middle. */
  centre: z.enum(['drawn', 'fixed']),
  /** Activations are quantized to integers from 0 to this. */
  scale: z.int().positive(),
  /** Number of equal parts of the range of activations that interval examples are drawn from. */
  intervals: z.int().positive(),
  /** Whether `other` examples prefer occurrences on which the feature is silent. */
  other: z.enum(['silent-first', 'any']),
  explain: mixSchema,
  score: mixSchema,
  /** A feature needs this many distinct firing windows on each side. */
  minimumFiringWindows: z.int().positive(),
  /** … and this many examples for scoring, … */
  minimumScoreExamples: z.int().positive(),
  /** … this many of them firing. */
  minimumFiringExamples: z.int().positive(),
})

/** A protocol with the hash of the file that defines it. */
export type Protocol = z.infer<typeof protocolSchema> & { readonly hash: string }
/** How many examples of each slice a use gets. */
export type SliceMix = Protocol['explain']

/** What an example is for. */
export type Use = 'explain' | 'score'

/** Which part of a feature's range an example stands for. */
export type Slice = 'top' | `interval ${number}` | 'random' | 'other'

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
