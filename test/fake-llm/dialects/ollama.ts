import type { Generation } from '../generation.ts'
import { type LlmRequest, numberIn } from '../request.ts'
import {
  chatLogprobs,
  CREATED,
  type Dialect,
  type DialectSettings,
  freshId,
  openAiError,
  plainUsage,
  type Reply,
  seconds,
} from './dialect.ts'

/** Ollama: plain usage, log-probabilities of answers only, no echo, and "server busy" where the queue is full. */
export function ollamaDialect(settings: DialectSettings): Dialect {
  return {
    base: '/v1',
    posts: { '/v1/chat/completions': 'chat', '/v1/completions': 'completion' },
    guards: () => true,
    unauthorized: () => ({ status: 401, body: ollamaError(401, 'unauthorized') }),
    unknownModel: (name) => ({ status: 404, body: ollamaError(404, `model '${name}' not found`) }),
    unknownPath: () => ({
      status: 404,
      body: '404 page not found',
      headers: { 'content-type': 'text/plain' },
    }),
    serve: (method, path) => serve(settings, method, path),
    refuse: ({ body }) =>
      (numberIn(body, 'top_logprobs') ?? 0) > 20
        ? { status: 400, message: 'top_logprobs must be between 0 and 20' }
        : null,
    error: ({ status, message }) => ({ status, body: ollamaError(status, message) }),
    statusWhenFull: 503,
    headers: () => ({}),
    sendsRateLimits: false,
    body: bodyOf,
  }
}

function ollamaError(status: number, message: string): object {
  const type = status === 400 ? 'invalid_request_error' : status === 404 ? 'not_found_error' : 'api_error'
  return openAiError({ message, type })
}

function bodyOf(request: LlmRequest, generation: Generation): Record<string, unknown> {
  const { text, finish } = generation
  const isChat = request.kind === 'chat'
  const content = isChat ? chatLogprobs(generation, request) : null
  return {
    id: `${isChat ? 'chatcmpl' : 'cmpl'}-${freshId(3)}`,
    object: isChat ? 'chat.completion' : 'text_completion',
    created: seconds(),
    model: request.model,
    system_fingerprint: 'fp_ollama',
    choices: [
      {
        ...(isChat ? { index: 0, message: { role: 'assistant', content: text } } : { text, index: 0 }),
        finish_reason: finish,
        ...(content ? { logprobs: { content } } : {}),
      },
    ],
    usage: plainUsage(generation),
  }
}

function serve({ models }: DialectSettings, method: string, path: string): Reply | null {
  if (method !== 'GET') return null
  switch (path) {
    case '/':
      return { status: 200, body: 'Ollama is running', headers: { 'content-type': 'text/plain' } }
    case '/api/version':
      return { status: 200, body: { version: '0.12.11' } }
    case '/api/tags':
      return { status: 200, body: { models: models.map((name) => ({ name, model: name })) } }
    case '/v1/models':
      return {
        status: 200,
        body: {
          object: 'list',
          data: models.map((id) => ({ id, object: 'model', created: CREATED, owned_by: 'library' })),
        },
      }
    default:
      return null
  }
}
