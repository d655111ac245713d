import type { Generation } from '../generation.ts'
import { type LlmRequest, numberIn, type Refusal } from '../request.ts'
import { completionLogprobs } from './completion-logprobs.ts'
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

/** OpenAI's API: the key is echoed masked, chat models refuse /completions, and usage has details. */
export function openAiDialect(settings: DialectSettings): Dialect {
  return {
    base: '/v1',
    posts: { '/v1/chat/completions': 'chat', '/v1/completions': 'completion' },
    guards: () => true,
    unauthorized: (given) => ({
      status: 401,
      body: openAiError(
        given === null
          ? {
              message:
                "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
            }
          : {
              message: `Incorrect API key provided: ${masked(given)}. You can find your API key at https://platform.openai.com/account/api-keys.`,
              code: 'invalid_api_key',
            },
      ),
    }),
    unknownModel: (name) => ({
      status: 404,
      body: openAiError({
        message: `The model \`${name}\` does not exist or you do not have access to it.`,
        code: 'model_not_found',
      }),
    }),
    unknownPath: (method, path) => ({
      status: 404,
      body: openAiError({ message: `Invalid URL (${method} ${path})` }),
    }),
    serve: (method, path) => listModels(settings, method, path),
    refuse: (request) => refuseAsOpenAi(request, settings),
    error: errorAsOpenAi,
    statusWhenFull: 429,
    headers: () => ({
      'x-request-id': `req_${freshId(32)}`,
      'openai-version': '2020-10-01',
      'openai-processing-ms': '1',
      server: 'cloudflare',
    }),
    sendsRateLimits: true,
    body: (request, generation) => bodyAsOpenAi(request, generation, settings),
  }
}

/** What OpenAI and Azure refuse beyond what the options say. */
export function refuseAsOpenAi({ kind, body }: LlmRequest, { options }: DialectSettings): Refusal | null {
  if (kind === 'completion' && !options.instruct)
    return {
      status: 404,
      message:
        'This is a chat model and not supported in the v1/completions endpoint. Did you mean to use v1/chat/completions?',
      param: 'model',
    }
  if (kind === 'completion' && body['echo'] === true && typeof body['logprobs'] === 'number')
    return {
      status: 400,
      message: "Setting 'echo' and 'logprobs' at the same time is not supported for this model.",
    }
  const asked = numberIn(body, 'top_logprobs')
  const most = options.maxLogprobs ?? 20
  if (asked !== null && asked > most)
    return {
      status: 400,
      message: `Invalid 'top_logprobs': integer above maximum value. Expected a value <= ${most}, but got ${asked} instead.`,
      param: 'top_logprobs',
      code: 'integer_above_max_value',
    }
  if (kind === 'chat' && asked !== null && body['logprobs'] !== true)
    return {
      status: 400,
      message: "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
      param: 'top_logprobs',
    }
  return null
}

/** The error of a status, with OpenAI's types. */
export function errorAsOpenAi(refusal: Refusal): Reply {
  const type = refusal.status >= 500 ? 'server_error' : 'invalid_request_error'
  return { status: refusal.status, body: openAiError({ type, ...refusal }) }
}

/** A chat completion, or a completion of an instruct model. */
export function bodyAsOpenAi(
  request: LlmRequest,
  generation: Generation,
  { model }: DialectSettings,
): Record<string, unknown> {
  const { text, finish, tokens } = generation
  const usage = {
    ...plainUsage(generation),
    prompt_tokens_details: { cached_tokens: tokens.cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: tokens.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
  if (request.kind === 'completion')
    return {
      id: `cmpl-${freshId(24)}`,
      object: 'text_completion',
      created: seconds(),
      model: request.model,
      choices: [
        { text, index: 0, logprobs: completionLogprobs(request, generation, model), finish_reason: finish },
      ],
      usage,
    }
  const content = chatLogprobs(generation, request)
  return {
    id: `chatcmpl-${freshId(24)}`,
    object: 'chat.completion',
    created: seconds(),
    model: request.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: text, refusal: null, annotations: [] },
        logprobs: content && { content, refusal: null },
        finish_reason: finish,
      },
    ],
    usage,
    service_tier: 'default',
    system_fingerprint: null,
  }
}

function listModels({ models, options }: DialectSettings, method: string, path: string): Reply | null {
  const entry = (id: string): object => ({
    id,
    object: 'model',
    created: CREATED,
    owned_by: 'system',
    ...(options.shutdownDate === undefined ? {} : { shutdown_date: options.shutdownDate }),
  })
  if (method !== 'GET') return null
  if (path === '/v1/models') return { status: 200, body: { object: 'list', data: models.map(entry) } }
  const one = models.find((id) => path === `/v1/models/${encodeURIComponent(id)}`)
  return one === undefined ? null : { status: 200, body: entry(one) }
}

function masked(key: string): string {
  return key.length <= 12 ? '*'.repeat(key.length) : `${key.slice(0, 8)}********${key.slice(-4)}`
}
