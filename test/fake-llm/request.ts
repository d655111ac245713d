import type { IncomingHttpHeaders } from 'node:http'

/** A JSON object of which nothing is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>

/** What a client asks for: a chat completion, a completion, or SGLang's native generation. */
export type RequestKind = 'chat' | 'completion' | 'generate'

/** A request for an answer, as the server understands it. */
export interface LlmRequest {
  readonly kind: RequestKind
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: JsonObject
  readonly model: string
  /** A completion's prompt is one message of a user. */
  readonly messages: readonly { readonly role: string; readonly content: string }[]
  /** The prompt where it came as token ids. */
  readonly promptIds: readonly number[] | null
  readonly maxTokens: number | null
  /** How often this body was taken on, this time included. */
  readonly attempt: number
}

/** Why a request is refused; each server words the body in its own way. */
export interface Refusal {
  readonly status: number
  readonly message: string
  readonly param?: string
  readonly code?: string
  readonly type?: string
}

/** Reads a body, or says what is wrong with it. `decode` turns token ids into text. */
export function readRequest(
  kind: RequestKind,
  path: string,
  headers: IncomingHttpHeaders,
  body: JsonObject,
  decode: (ids: readonly number[]) => string,
): LlmRequest | Refusal {
  if (body['stream'] === true) return { status: 400, message: 'stream is not supported', param: 'stream' }
  const prompt = promptOf(kind, body)
  if ('status' in prompt) return prompt
  const { ids, messages } = prompt
  return {
    kind,
    path,
    headers,
    body,
    model: typeof body['model'] === 'string' ? body['model'] : '',
    messages: messages ?? [{ role: 'user', content: decode(ids ?? []) }],
    promptIds: ids,
    maxTokens: maxTokensOf(kind, body),
    attempt: 0,
  }
}

/** Whether log-probabilities of generated tokens are asked for. */
export function asksLogprobs({ kind, body }: LlmRequest): boolean {
  if (kind === 'generate') return body['return_logprob'] === true
  return body['logprobs'] === true || typeof body['logprobs'] === 'number'
}

/** A number in a body, or null. */
export function numberIn(body: JsonObject, name: string): number | null {
  const value = body[name]
  return typeof value === 'number' ? value : null
}

/** An object in a body, or an empty one. */
export function objectIn(body: JsonObject, name: string): JsonObject {
  const value = body[name]
  return isObject(value) ? value : {}
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface Prompt {
  readonly messages: LlmRequest['messages'] | null
  readonly ids: readonly number[] | null
}

function promptOf(kind: RequestKind, body: JsonObject): Prompt | Refusal {
  if (kind === 'chat') {
    const messages = body['messages']
    if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject))
      return missing('messages')
    return {
      messages: messages.map((message) => ({
        role: String(message['role']),
        content: contentOf(message['content']),
      })),
      ids: null,
    }
  }
  const name = kind === 'completion' ? 'prompt' : body['input_ids'] === undefined ? 'text' : 'input_ids'
  const prompt = body[name]
  if (typeof prompt === 'string') return { messages: [{ role: 'user', content: prompt }], ids: null }
  if (!isIds(prompt)) return missing(name)
  return { messages: null, ids: prompt }
}

function isIds(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((id) => Number.isSafeInteger(id) && id >= 0)
}

function contentOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map((part: unknown) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : ''))
    .join('')
}

function maxTokensOf(kind: RequestKind, body: JsonObject): number | null {
  if (kind === 'chat') return numberIn(body, 'max_completion_tokens') ?? numberIn(body, 'max_tokens')
  if (kind === 'completion') return numberIn(body, 'max_tokens') ?? 16
  return numberIn(objectIn(body, 'sampling_params'), 'max_new_tokens') ?? 128
}

function missing(param: string): Refusal {
  return {
    status: 400,
    message: `Missing required parameter: '${param}'.`,
    param,
    code: 'missing_required_parameter',
  }
}
