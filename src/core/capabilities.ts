import { z } from 'zod'
import type { Tier } from './scores.ts'

/** What an endpoint was seen to do with a model. Never inferred from a name. */
export const capabilitiesSchema = z.object({
  /** Whether `max_tokens` is understood, else `max_completion_tokens`. */
  tokenLimit: z.enum(['max_tokens', 'max_completion_tokens']),
  temperature: z.boolean(),
  reasoningEffort: z.boolean(),
  /** How many alternatives each token of a chat completion comes with; 0 for none. */
  chatLogprobs: z.number(),
  /** How log-probabilities of a prompt's own tokens are had. */
  promptLogprobs: z.enum(['prompt_logprobs', 'echo', 'generate']).nullable(),
  jsonSchema: z.boolean(),
  /** Whether "10" is one token; null where it could not be seen. */
  tenIsOneToken: z.boolean().nullable(),
  shutdownDate: z.string().nullable(),
})

/** See {@link capabilitiesSchema}. */
export type Capabilities = z.output<typeof capabilitiesSchema>

/** Fewer alternatives than this cannot hold the levels 0 to 9. */
const FEWEST_ALTERNATIVES = 10

/** How an endpoint's predictions could be read at best. */
export function tierOf({
  promptLogprobs,
  chatLogprobs,
}: Pick<Capabilities, 'promptLogprobs' | 'chatLogprobs'>): Extract<
  Tier,
  'promptLogprobs' | 'chatLogprobs' | 'integersSparse'
> {
  if (promptLogprobs !== null) return 'promptLogprobs'
  return chatLogprobs >= FEWEST_ALTERNATIVES ? 'chatLogprobs' : 'integersSparse'
}

/** How much an endpoint was seen to take. */
export const endpointLimitsSchema = z.object({
  window: z.number(),
  requestsPerMinute: z.number().nullable(),
  tokensPerMinute: z.number().nullable(),
  latencyMs: z.number().nullable(),
})

/** See {@link endpointLimitsSchema}. */
export type EndpointLimits = z.output<typeof endpointLimitsSchema>
