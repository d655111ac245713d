import { z } from 'zod'

/** What is sent to have log-probabilities of a prompt, and where in the reply they are to be found. */
export const promptQuestionSchema = z.object({
  way: z.enum(['prompt_logprobs', 'echo', 'generate']),
  body: z.record(z.string(), z.unknown()),
  /** Tokens of the prompt where it was sent as ids; 0 for text. */
  length: z.number(),
  /**
   * The places that are asked about: a token's index with the id that stands there, or, where only text is known, an
   * offset in code points with the text that begins there.
   */
  places: z.array(z.object({ at: z.number(), holds: z.union([z.number(), z.string()]) })),
  /** The ids of each digit from 0, with and without a space before it; empty where only text is known. */
  digits: z.array(z.array(z.number())),
})

/** See {@link promptQuestionSchema}. */
export type PromptQuestion = Readonly<z.output<typeof promptQuestionSchema>>
