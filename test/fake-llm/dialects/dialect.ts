import type { Generation } from '../generation.ts'
import type { FakeLlmOptions } from '../options.ts'
import type { JsonObject, LlmRequest, Refusal, RequestKind } from '../request.ts'
import type { Candidate, ScoredToken, ToyModel } from '../toy-model.ts'

/** A response; a text is sent as it is. */
export interface Reply {
  readonly status: number
  readonly body: object | string
  readonly headers?: Readonly<Record<string, string>>
}

/** What a dialect knows of its server. */
export interface DialectSettings {
  readonly options: FakeLlmOptions
  readonly models: readonly string[]
  readonly model: ToyModel
}

/** One server's paths, shapes and words. */
export interface Dialect {
  /** What a client's base URL ends in. */
  readonly base: string
  /** The paths that generate. */
  readonly posts: Readonly<Record<string, RequestKind>>
  /** Whether a path needs the key. */
  guards(path: string): boolean
  /** @param given the key that was sent, or null */
  unauthorized(given: string | null): Reply
  /** Null where the server answers for whatever name. */
  unknownModel(name: string): Reply | null
  unknownPath(method: string, path: string): Reply
  /** Paths that tell about the server, or do small services. */
  serve(method: string, path: string, body: JsonObject): Reply | null
  /** What this server alone refuses. */
  refuse(request: LlmRequest): Refusal | null
  error(refusal: Refusal): Reply
  /** The status of a full server. */
  readonly statusWhenFull: 429 | 503
  /** On every response. */
  headers(path: string): Record<string, string>
  readonly sendsRateLimits: boolean
  body(request: LlmRequest, generation: Generation): Record<string, unknown>
}

/** When the fake models were made. */
export const CREATED = 1_700_000_000

let count = 0

/** An id as unlike others as servers make them. */
export function freshId(digits: number): string {
  count++
  return count.toString(16).padStart(digits, '0')
}

/** A fresh id in the form of a UUID. */
export function freshUuid(): string {
  return `00000000-0000-4000-8000-${freshId(12)}`
}

/** Now, as bodies have it. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** The error body of OpenAI's API. */
export function openAiError({ message, type, param, code }: Omit<Refusal, 'status'>): object {
  return {
    error: { message, type: type ?? 'invalid_request_error', param: param ?? null, code: code ?? null },
  }
}

/** The likeliest candidates of a position. */
export function top(token: ScoredToken, most: number): readonly Candidate[] {
  return token.candidates.slice(0, most)
}

/** Log-probabilities as chat completions have them; null where none were asked for. */
export function chatLogprobs(
  { scored }: Generation,
  { body }: LlmRequest,
  most = typeof body['top_logprobs'] === 'number' ? body['top_logprobs'] : 0,
  withIds = false,
): object[] | null {
  const entry = ({ id, text, logprob }: Candidate): object => ({
    ...(withIds ? { id } : {}),
    token: text,
    logprob,
    bytes: [...Buffer.from(text)],
  })
  return (
    scored?.map((token) => ({
      ...entry(token),
      top_logprobs: top(token, most).map(entry),
    })) ?? null
  )
}

/** Prompt, completion and total. */
export function plainUsage({ tokens }: Generation): Record<string, unknown> {
  return {
    prompt_tokens: tokens.prompt,
    completion_tokens: tokens.completion,
    total_tokens: tokens.prompt + tokens.completion,
  }
}
