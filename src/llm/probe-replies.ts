import { z } from 'zod'

/** A prompt in which 10 follows a tab, as levels do where a simulator reads them off a prompt. */
export const LEVELS_PROMPT = 'cat\t3\ndog\t10'

/** Even the coarsest tokenizer makes this many tokens of {@link LEVELS_PROMPT}. */
const FEWEST_TOKENS = 4

/** What a chat completion showed. */
export interface ChatReply {
  readonly text: string
  /** The tokens that came with log-probabilities; empty for none. */
  readonly tokens: readonly string[]
  /** How many alternatives they came with. */
  readonly alternatives: number
}

const chatTokenSchema = z.looseObject({
  token: z.string(),
  logprob: z.number(),
  top_logprobs: z
    .array(z.looseObject({ token: z.string(), logprob: z.number() }))
    .nullish()
    .catch(null),
})

const chatSchema = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        message: z.looseObject({ content: z.string().nullish().catch(null) }),
        logprobs: z
          .looseObject({ content: z.array(chatTokenSchema).nullish() })
          .nullish()
          .catch(null),
      }),
    )
    .min(1),
})

/** Reads a chat completion; null where the body is none. */
export function readChat(body: string): ChatReply | null {
  const parsed = parseBody(body, chatSchema)
  if (parsed === null) return null
  const { message, logprobs } = parsed.choices[0]!
  const tokens = logprobs?.content ?? []
  return {
    text: message.content ?? '',
    tokens: tokens.map(({ token }) => token),
    alternatives: tokens.reduce((most, { top_logprobs: top }) => Math.max(most, top?.length ?? 0), 0),
  }
}

/** Whether a text is a JSON object that holds a number by this name, and nothing else. */
export function holdsNumber(text: string, name: string): boolean {
  return parseBody(text, z.strictObject({ [name]: z.number() })) !== null
}

const usageSchema = z.looseObject({ prompt_tokens: z.number().nullish() }).nullish().catch(null)

const positionsSchema = z
  .array(
    z
      .record(z.string(), z.looseObject({ logprob: z.number(), decoded_token: z.string().nullish() }))
      .nullable(),
  )
  .nullish()
  .catch(null)

const promptLogprobsSchema = z.looseObject({
  choices: z.array(z.looseObject({ prompt_logprobs: positionsSchema })).min(1),
  prompt_logprobs: positionsSchema,
  usage: usageSchema,
})

/** The tokens at each position of a prompt in vLLM's `prompt_logprobs`; null where they are not all there. */
export function readPromptLogprobs(body: string): string[][] | null {
  const parsed = parseBody(body, promptLogprobsSchema)
  if (parsed === null) return null
  const positions = parsed.choices[0]!.prompt_logprobs ?? parsed.prompt_logprobs ?? []
  const known = positions.map((position) => (position === null ? null : Object.values(position)))
  if (!isWhole(known, [parsed.usage?.prompt_tokens])) return null
  return known.map((candidates) => candidates?.map(({ decoded_token: text }) => text ?? '') ?? [])
}

const echoSchema = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        logprobs: z
          .looseObject({ tokens: z.array(z.string()), token_logprobs: z.array(z.number().nullable()) })
          .nullish()
          .catch(null),
      }),
    )
    .min(1),
  usage: usageSchema,
})

/** The tokens of an echoed prompt; null where the entries are not one for each of its tokens. */
export function readEcho(body: string): string[] | null {
  const parsed = parseBody(body, echoSchema)
  const logprobs = parsed?.choices[0]!.logprobs
  if (!parsed || !logprobs || logprobs.tokens.length !== logprobs.token_logprobs.length) return null
  const count = parsed.usage?.prompt_tokens
  // The answer's one token comes after the prompt's, where there is one.
  const expected = count == null ? [null] : [count, count + 1]
  return isWhole(logprobs.token_logprobs, expected) ? logprobs.tokens : null
}

const generateSchema = z.looseObject({
  meta_info: z.looseObject({
    prompt_tokens: z.number().nullish(),
    input_token_logprobs: z.array(
      z.tuple([z.number().nullable(), z.number(), z.string().nullish()]).rest(z.unknown()),
    ),
  }),
})

/** The tokens of a prompt in the reply of SGLang's `/generate`; null where they are not all there. */
export function readGenerate(body: string): string[] | null {
  const info = parseBody(body, generateSchema)?.meta_info
  if (!info) return null
  const entries = info.input_token_logprobs
  const logprobs = entries.map(([logprob]) => logprob)
  return isWhole(logprobs, [info.prompt_tokens]) ? entries.map(([, , text]) => text ?? '') : null
}

/** Whether "10" is one token, by tokens in their order or by candidates at each place; null where it is not seen. */
export function tenIsOneToken(places: readonly (string | readonly string[])[]): boolean | null {
  const shown = places.map((place) => new Set([place].flat().map(bare)))
  if (shown.some((texts) => texts.has('10'))) return true
  return shown.some((texts, index) => texts.has('1') && shown[index + 1]?.has('0')) ? false : null
}

/** A token without the space, or the tokenizer's mark for one, before it. */
function bare(token: string): string {
  return token.replace(/^[\s▁Ġ]+/, '').trimEnd()
}

/** Whether every token but the first has its value, and there are as many as the server says of the prompt. */
function isWhole(values: readonly unknown[], expected: readonly (number | null | undefined)[]): boolean {
  if (values.length < FEWEST_TOKENS || values.slice(1).some((value) => value === null)) return false
  return expected.some((count) => count == null || count === values.length)
}

/** JSON of a form; null for anything else. */
export function parseBody<S extends z.ZodType>(text: string, schema: S): z.output<S> | null {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
