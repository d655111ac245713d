import type { Generation } from '../generation.ts'
import { type JsonObject, type LlmRequest, numberIn, type Refusal } from '../request.ts'
import {
  chatLogprobs,
  type Dialect,
  type DialectSettings,
  freshId,
  plainUsage,
  type Reply,
  seconds,
} from './dialect.ts'

const BUILD = 'b7002-0000fake'
const DEFAULT_CONTEXT = 8192
const PUBLIC = new Set(['/health', '/v1/health', '/models', '/v1/models'])
const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  404: 'not_found_error',
  500: 'server_error',
  503: 'unavailable_error',
}

/** llama.cpp's server: one model whatever it is called, chat-shaped log-probabilities everywhere, no echo. */
export function llamaCppDialect(settings: DialectSettings): Dialect {
  return {
    base: '/v1',
    posts: {
      '/v1/chat/completions': 'chat',
      '/chat/completions': 'chat',
      '/v1/completions': 'completion',
    },
    guards: (path) => !PUBLIC.has(path),
    unauthorized: () => ({ status: 401, body: llamaError(401, 'Invalid API Key', 'authentication_error') }),
    unknownModel: () => null,
    unknownPath: () => ({ status: 404, body: llamaError(404, 'File Not Found', 'not_found_error') }),
    serve: (method, path, body) => serve(settings, method, path, body),
    refuse: (request) => refuse(request, settings),
    error: (refusal) => errorReply(refusal, settings),
    statusWhenFull: 503,
    headers: () => ({ server: 'llama.cpp' }),
    sendsRateLimits: false,
    body: bodyOf,
  }
}

function llamaError(code: number, message: string, type: string): object {
  return { error: { code, message, type } }
}

function errorReply({ status, message, code }: Refusal, { options }: DialectSettings): Reply {
  if (code === 'context_length_exceeded') {
    const error = llamaError(
      400,
      'the request exceeds the available context size, try increasing it',
      'exceed_context_size_error',
    ) as { error: object }
    return { status: 400, body: { error: { ...error.error, n_ctx: options.contextLength } } }
  }
  return { status, body: llamaError(status, message, ERROR_TYPES[status] ?? 'invalid_request_error') }
}

function refuse({ kind, body }: LlmRequest, { options }: DialectSettings): Refusal | null {
  if (kind === 'completion' && body['echo'] === true && !options.ignoreEcho)
    return { status: 400, message: 'Only no echo is supported' }
  if (kind === 'chat' && numberIn(body, 'top_logprobs') !== null && body['logprobs'] !== true)
    return { status: 400, message: 'top_logprobs requires logprobs to be set to true' }
  return null
}

function bodyOf(request: LlmRequest, generation: Generation): Record<string, unknown> {
  const { text, finish, tokens } = generation
  const isChat = request.kind === 'chat'
  const most = numberIn(request.body, isChat ? 'top_logprobs' : 'logprobs') ?? 20
  const content = chatLogprobs(generation, request, most, true)
  const evaluated = tokens.prompt - tokens.cached
  return {
    choices: [
      {
        ...(isChat ? { message: { role: 'assistant', content: text } } : { text }),
        index: 0,
        finish_reason: finish,
        ...(content ? { logprobs: { content } } : isChat ? {} : { logprobs: null }),
      },
    ],
    created: seconds(),
    model: request.model,
    system_fingerprint: BUILD,
    object: isChat ? 'chat.completion' : 'text_completion',
    usage: { ...plainUsage(generation), prompt_tokens_details: { cached_tokens: tokens.cached } },
    id: `chatcmpl-${freshId(32)}`,
    timings: {
      cache_n: tokens.cached,
      prompt_n: evaluated,
      prompt_ms: evaluated,
      prompt_per_token_ms: 1,
      prompt_per_second: 1000,
      predicted_n: tokens.completion,
      predicted_ms: 10 * tokens.completion,
      predicted_per_token_ms: 10,
      predicted_per_second: 100,
    },
  }
}

function serve(
  { models, model, options }: DialectSettings,
  method: string,
  path: string,
  body: JsonObject,
): Reply | null {
  if (method === 'POST' && path === '/tokenize' && typeof body['content'] === 'string')
    return { status: 200, body: { tokens: model.tokenizer.encode(body['content']) } }
  if (method !== 'GET') return null
  const context = options.contextLength ?? DEFAULT_CONTEXT
  switch (path) {
    case '/health':
    case '/v1/health':
      return { status: 200, body: { status: 'ok' } }
    case '/props':
      return {
        status: 200,
        body: {
          default_generation_settings: { n_ctx: context, params: { n_predict: -1 } },
          total_slots: options.slots ?? 1,
          model_alias: models[0]!,
          model_path: `${models[0]!}.gguf`,
          chat_template: '',
          build_info: BUILD,
        },
      }
    case '/models':
    case '/v1/models':
      return { status: 200, body: modelList(models, context) }
    default:
      return null
  }
}

function modelList(models: readonly string[], context: number): object {
  return {
    models: models.map((id) => ({ name: id, model: id, type: 'model', capabilities: ['completion'] })),
    object: 'list',
    data: models.map((id) => ({
      id,
      object: 'model',
      created: seconds(),
      owned_by: 'llamacpp',
      meta: {
        vocab_type: 2,
        n_vocab: 151_936,
        n_ctx: context,
        n_ctx_train: context,
        n_embd: 1024,
        n_params: 6e8,
        size: 4e8,
      },
    })),
  }
}
