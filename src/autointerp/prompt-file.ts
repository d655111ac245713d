import { z } from 'zod'
import { ConfigError } from '../core/errors.ts'
import { escapeForPrompt } from '../core/escape-prompt.ts'
import { sha256 } from '../core/hash.ts'
import { parseYaml } from '../core/parse.ts'

/** A window in a prompt: each token's text with its level, 0 where the feature is silent. */
export type LevelledWindow = readonly (readonly [text: string, level: number])[]

/** A window in a prompt file: tokens, or [token, level] where the feature fires. */
export const windowSchema = z.array(
  z
    .union([z.string(), z.tuple([z.string(), z.int().positive()])])
    .transform((token): [string, number] => (typeof token === 'string' ? [token, 0] : token)),
)

const simulateSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  maxTokens: z.int().positive(),
  examplesPerCall: z.int().positive(),
  /** Whether an answer names firing tokens alone, or every token, or is read off the prompt itself. */
  form: z.enum(['sparse', 'dense', 'prompt']).default('sparse'),
  /** Whether a call holds one example each of several features, instead of several of one. */
  isolate: z.boolean().default(false),
  system: z.string(),
  descriptionLabel: z.string(),
  /** Stands for the explanation in the blank control. */
  blankDescription: z.string().min(1),
  examples: z.array(z.strictObject({ explanation: z.string(), windows: z.array(windowSchema) })),
})

/** A prompt for simulation, with the hash of its file's text. */
export type SimulatePrompt = z.output<typeof simulateSchema> & { readonly hash: string }

/** @throws {ConfigError} when the file does not fit */
export function parseSimulatePrompt(text: string, source: string): SimulatePrompt {
  return { ...parseYaml(text, simulateSchema, source), hash: sha256(text) }
}

/** Puts the protocol's scale into a prompt's wording. */
export function withScale(wording: string, scale: number): string {
  if (!wording.includes('{scale}'))
    throw new ConfigError(
      'prompt-scale',
      'expected {scale} in the system text of a prompt, found none; name the scale there',
    )
  return wording.replaceAll('{scale}', String(scale))
}

/** A window with firing tokens as «token:level». */
export function renderLevels(window: LevelledWindow): string {
  return window
    .map(([text, level]) => (level > 0 ? `«${escapeForPrompt(text)}:${level}»` : escapeForPrompt(text)))
    .join('')
}

/** A window with neighbouring firing tokens between « and ». */
export function renderSpans(window: LevelledWindow): string {
  return window
    .map(([text, level], index) => {
      const fires = (other: LevelledWindow[number] | undefined): boolean =>
        other !== undefined && other[1] > 0
      if (level === 0) return escapeForPrompt(text)
      const opened = fires(window[index - 1]) ? '' : '«'
      return opened + escapeForPrompt(text) + (fires(window[index + 1]) ? '' : '»')
    })
    .join('')
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'

/** A window with each token's index, from 1, as a superscript behind it. */
export function renderIndices(texts: readonly string[]): string {
  return texts
    .map((text, index) => {
      const digits = String(index + 1).split('')
      return escapeForPrompt(text) + digits.map((digit) => SUPERSCRIPTS[Number(digit)]).join('')
    })
    .join('')
}
