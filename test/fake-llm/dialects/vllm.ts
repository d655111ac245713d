import type { Generation } from '../generation.ts'
import { type JsonObject, type LlmRequest, numberIn, type Refusal } from '../request.ts'
import { completionLogprobs, withActual } from './completion-logprobs.ts'
import {
  chatLogprobs,
  CREATED,
  type Dialect,
  type DialectSettings,
  freshId,
  plainUsage,
  type Reply,
  seconds,
} from './dialect.ts'

const VERSION = '0.11.2'
const DEFAULT_CONTEXT = 32_768

/** vLLM: prompt log-probabilities by `echo` or `prompt_logprobs`, and usage without details. */
export function vllmDialect(settings: DialectSettings): Dialect {
  const { options } = settings
  return {
    base: '/v1',
    posts: { '/v1/chat/completions': 'chat', '/v1/completions': 'completion' },
    guards: (path) => path.startsWith('/v1'),
    unauthorized: () => ({ status: 401, body: { error: 'Unauthorized' } }),
    unknownModel: (name) => ({
      status: 404,
      body: vllmError('NotFoundError', 404, `The model \`${name}\` does not exist.`, 'model'),
    }),
    unknownPath: () => ({ status: 404, body: { detail: 'Not Found' } }),
    serve: (method, path, body) => serve(settings, method, path, body),
    refuse: (request) => refuse(request, options.maxLogprobs ?? 20),
    error: ({ status, message, param }) => ({
      status,
      body: vllmError(
        status >= 500 ? 'InternalServerError' : status === 429 ? 'RateLimitError' : 'BadRequestError',
        status,
        message,
        param,
      ),
    }),
    statusWhenFull: 503,
    headers: () => ({ server: 'uvicorn' }),
    sendsRateLimits: false,
    body: (request, generation) =>
      request.kind === 'chat'
        ? chatBody(request, generation, settings)
        : completionBody(request, generation, settings),
  }
}

function vllmError(type: string, code: number, message: string, param?: string): object {
  return { error: { message, type, param: param ?? null, code } }
}

function refuse({ kind, body, maxTokens }: LlmRequest, most: number): Refusal | null {
  const tooMany = (what: string, asked: number | null, param: string): Refusal | null =>
    asked !== null && most >= 0 && asked > most
      ? {
          status: 400,
          message: `Requested ${what} logprobs of ${asked}, which is greater than max allowed: ${most}`,
          param,
        }
      : null
  const tops = numberIn(body, 'top_logprobs')
  if (kind === 'chat' && tops !== null && body['logprobs'] !== true)
    return {
      status: 400,
      message: 'when using `top_logprobs`, `logprobs` must be set to true.',
      param: 'top_logprobs',
    }
  if (maxTokens === 0 && body['echo'] !== true)
    return { status: 400, message: 'max_tokens must be at least 1, got 0.', param: 'max_tokens' }
  return (
    tooMany('sample', kind === 'chat' ? tops : numberIn(body, 'logprobs'), 'logprobs') ??
    tooMany('prompt', numberIn(body, 'prompt_logprobs'), 'prompt_logprobs')
  )
}

function usageOf(generation: Generation, { options }: DialectSettings): object {
  const { cached } = generation.tokens
  return {
    ...plainUsage(generation),
    prompt_tokens_details: options.cachePrefix && cached > 0 ? { cached_tokens: cached } : null,
  }
}

function chatBody(
  request: LlmRequest,
  generation: Generation,
  settings: DialectSettings,
): Record<string, unknown> {
  const content = chatLogprobs(generation, request)
  return {
    id: `chatcmpl-${freshId(32)}`,
    object: 'chat.completion',
    created: seconds(),
    model: request.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: generation.text, refusal: null, tool_calls: [] },
        logprobs: content && { content },
        finish_reason: generation.finish,
        stop_reason: null,
      },
    ],
    usage: usageOf(generation, settings),
    prompt_logprobs: promptLogprobs(request, generation, settings),
  }
}

function completionBody(
  request: LlmRequest,
  generation: Generation,
  settings: DialectSettings,
): Record<string, unknown> {
  const { body, maxTokens } = request
  const echo = body['echo'] === true
  const prompt = echo ? settings.model.tokenizer.decodeAll(generation.promptIds) : ''
  // The engine cannot generate nothing: with max_tokens 0 it runs one token and leaves it out.
  const tokens = maxTokens === 0 ? { ...generation.tokens, completion: 1 } : generation.tokens
  return {
    id: `cmpl-${freshId(32)}`,
    object: 'text_completion',
    created: seconds(),
    model: request.model,
    choices: [
      {
        index: 0,
        text: prompt + generation.text,
        logprobs: completionLogprobs(request, generation, settings.model),
        finish_reason: maxTokens === 0 ? 'length' : generation.finish,
        stop_reason: null,
        prompt_logprobs: promptLogprobs(request, generation, settings),
      },
    ],
    usage: usageOf({ ...generation, tokens }, settings),
  }
}

/** By token id; the first token has nothing before it. `echo` with `logprobs` asks for it too. */
function promptLogprobs(
  { body }: LlmRequest,
  { promptIds }: Generation,
  { model }: DialectSettings,
): object[] | null {
  const most =
    numberIn(body, 'prompt_logprobs') ?? (body['echo'] === true ? numberIn(body, 'logprobs') : null)
  if (most === null) return null
  return model
    .score(promptIds, 0)
    .map((token, index) =>
      index === 0
        ? null
        : Object.fromEntries(
            withActual(token, most).map(({ id, text, logprob, rank }) => [
              id,
              { logprob, rank, decoded_token: text },
            ]),
          ),
    ) as object[]
}

function serve(
  { models, model, options }: DialectSettings,
  method: string,
  path: string,
  body: JsonObject,
): Reply | null {
  const length = options.contextLength ?? DEFAULT_CONTEXT
  if (method === 'POST' && path === '/tokenize' && typeof body['prompt'] === 'string') {
    const tokens = model.tokenizer.encode(body['prompt'])
    return {
      status: 200,
      body: { count: tokens.length, max_model_len: length, tokens, token_strs: null },
    }
  }
  if (method !== 'GET') return null
  if (path === '/version') return { status: 200, body: { version: VERSION } }
  if (path === '/health') return { status: 200, body: '' }
  if (path !== '/v1/models') return null
  const entry = (id: string): object => ({
    id,
    object: 'model',
    created: CREATED,
    owned_by: 'vllm',
    root: id,
    parent: null,
    max_model_len: length,
    permission: [],
  })
  return { status: 200, body: { object: 'list', data: models.map(entry) } }
}
