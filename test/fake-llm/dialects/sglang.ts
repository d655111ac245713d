import type { Generation } from '../generation.ts'
import { type JsonObject, type LlmRequest, numberIn } from '../request.ts'
import type { ScoredToken } from '../toy-model.ts'
import { completionLogprobs } from './completion-logprobs.ts'
import {
  chatLogprobs,
  CREATED,
  type Dialect,
  type DialectSettings,
  freshId,
  plainUsage,
  type Reply,
  seconds,
  top,
} from './dialect.ts'

const DEFAULT_CONTEXT = 32_768

/** SGLang: native /generate with the log-probabilities of chosen ids at every prompt position; any model's name does. */
export function sglangDialect(settings: DialectSettings): Dialect {
  return {
    base: '/v1',
    posts: {
      '/v1/chat/completions': 'chat',
      '/v1/completions': 'completion',
      '/generate': 'generate',
    },
    guards: (path) => !path.startsWith('/health'),
    unauthorized: () => ({ status: 401, body: { error: 'Unauthorized' } }),
    unknownModel: () => null,
    unknownPath: () => ({ status: 404, body: { detail: 'Not Found' } }),
    serve: (method, path, body) => serve(settings, method, path, body),
    refuse: () => null,
    error: ({ status, message, param }) => ({
      status,
      body: {
        object: 'error',
        message,
        type: status >= 500 ? 'InternalServerError' : 'BadRequest',
        param: param ?? null,
        code: status,
      },
    }),
    statusWhenFull: 503,
    headers: () => ({ server: 'uvicorn' }),
    sendsRateLimits: false,
    body: (request, generation) =>
      request.kind === 'generate'
        ? nativeBody(request, generation, settings)
        : openAiBody(request, generation, settings),
  }
}

function openAiBody(
  request: LlmRequest,
  generation: Generation,
  { model, options }: DialectSettings,
): Record<string, unknown> {
  const { cached } = generation.tokens
  const isChat = request.kind === 'chat'
  const content = isChat ? chatLogprobs(generation, request) : null
  const echoed = request.body['echo'] === true ? model.tokenizer.decodeAll(generation.promptIds) : ''
  return {
    id: freshId(32),
    object: isChat ? 'chat.completion' : 'text_completion',
    created: seconds(),
    model: request.model,
    choices: [
      {
        index: 0,
        ...(isChat
          ? {
              message: {
                role: 'assistant',
                content: generation.text,
                reasoning_content: null,
                tool_calls: null,
              },
              logprobs: content && { content },
            }
          : {
              text: echoed + generation.text,
              logprobs: completionLogprobs(request, generation, model),
            }),
        finish_reason: generation.finish,
        matched_stop: null,
      },
    ],
    usage: {
      ...plainUsage(generation),
      prompt_tokens_details: options.cachePrefix && cached > 0 ? { cached_tokens: cached } : null,
      reasoning_tokens: generation.tokens.reasoning,
    },
    metadata: { weight_version: 'default' },
  }
}

type Triple = readonly [logprob: number | null, id: number, text: string | null]

function nativeBody(
  request: LlmRequest,
  generation: Generation,
  settings: DialectSettings,
): Record<string, unknown> {
  const { text, finish, tokens, scored } = generation
  const ids = settings.model.tokenizer.encode(text)
  return {
    text,
    output_ids: ids,
    meta_info: {
      id: freshId(32),
      finish_reason:
        finish === 'length' ? { type: 'length', length: ids.length } : { type: 'stop', matched: 0 },
      prompt_tokens: tokens.prompt,
      weight_version: 'default',
      completion_tokens: tokens.completion,
      cached_tokens: tokens.cached,
      e2e_latency: 0.001,
      ...(scored ? logprobs(request, generation, scored, settings) : {}),
    },
  }
}

/**
 * Prompt log-probabilities start at `logprob_start_len`, by default behind the prompt. The first entry is always
 * null: the engine computes nothing before the position at which it starts.
 */
function logprobs(
  { body }: LlmRequest,
  { promptIds }: Generation,
  scored: readonly ScoredToken[],
  { model }: DialectSettings,
): Record<string, unknown> {
  const start = numberIn(body, 'logprob_start_len') ?? -1
  const prompt = model.score(promptIds, start < 0 ? promptIds.length - 1 : Math.min(start, promptIds.length))
  const textOf = (text: string): string | null => (body['return_text_in_logprobs'] === true ? text : null)
  const actual = ({ logprob, id, text }: ScoredToken): Triple => [logprob, id, textOf(text)]
  const most = numberIn(body, 'top_logprobs_num') ?? 0
  const tops = (token: ScoredToken): Triple[] =>
    top(token, most).map(({ logprob, id, text }) => [logprob, id, textOf(text)])
  const chosen = body['token_ids_logprob']
  const ofChosen = (token: ScoredToken): Triple[] =>
    (Array.isArray(chosen) ? (chosen as number[]) : []).map((id) => [
      model.logprobOf(id, token),
      id,
      textOf(model.tokenizer.decode(id)),
    ])
  const exceptFirst = <T>(of: (token: ScoredToken) => T): (T | null)[] =>
    prompt.map((token, index) => (index === 0 ? null : of(token)))
  return {
    input_token_logprobs: prompt.map((token, index) =>
      index === 0 ? [null, token.id, textOf(token.text)] : actual(token),
    ),
    output_token_logprobs: scored.map(actual),
    ...(most > 0 ? { input_top_logprobs: exceptFirst(tops), output_top_logprobs: scored.map(tops) } : {}),
    ...(Array.isArray(chosen)
      ? { input_token_ids_logprobs: exceptFirst(ofChosen), output_token_ids_logprobs: scored.map(ofChosen) }
      : {}),
  }
}

function serve(
  { models, model, options }: DialectSettings,
  method: string,
  path: string,
  body: JsonObject,
): Reply | null {
  const length = options.contextLength ?? DEFAULT_CONTEXT
  if (
    method === 'POST' &&
    (path === '/tokenize' || path === '/v1/tokenize') &&
    typeof body['prompt'] === 'string'
  ) {
    const tokens = model.tokenizer.encode(body['prompt'])
    return { status: 200, body: { tokens, count: tokens.length, max_model_len: length } }
  }
  if (method !== 'GET') return null
  const known = { model_path: models[0]!, tokenizer_path: models[0]!, is_generation: true }
  switch (path) {
    case '/health':
      return { status: 200, body: '' }
    case '/get_model_info':
    case '/model_info':
      return { status: 200, body: { ...known, weight_version: 'default' } }
    case '/get_server_info':
    case '/server_info':
      return {
        status: 200,
        body: { ...known, served_model_name: models[0]!, context_length: length, version: '0.5.5' },
      }
    case '/v1/models':
      return {
        status: 200,
        body: {
          object: 'list',
          data: models.map((id) => ({
            id,
            object: 'model',
            created: CREATED,
            owned_by: 'sglang',
            root: id,
            parent: null,
            max_model_len: length,
          })),
        },
      }
    default:
      return null
  }
}
