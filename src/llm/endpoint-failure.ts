import { APIConnectionError, APIError } from 'openai'
import { EndpointError, type EndpointFailure } from '../core/errors.ts'
import { type HeaderReader, readRateLimits } from './rate-limit-headers.ts'
import { redact } from './redact.ts'

/** What came of a try that brought no reply. */
export interface FailedTry {
  readonly failure: EndpointError
  /** How long the server asked to wait before the next. */
  readonly pauseMs: number | null
  /** Whether it had too much to do: fewer requests at once are in order. */
  readonly congested: boolean
  /** Whether the server may have done the work, and bills it, although nothing arrived. */
  readonly mayBeBilled: boolean
  /** A parameter that the server does not take from this model. */
  readonly unsupported: string | null
}

/** Codes with which servers say that no request will be answered until someone pays. */
const OUT_OF_QUOTA = new Set(['insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active'])
/** As OpenAI, vLLM, llama.cpp and SGLang say that a prompt, or it and its reply, is too long. */
const TOO_LONG = /context_length_exceeded|context (?:length|size|window)|maximum allowed length/i
/** Causes with which nothing has reached the server. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Turns what the client threw into an error that says what to do; nothing of the key is in it. */
export function toFailedTry(error: unknown, endpoint: string, model: string, key: string | null): FailedTry {
  if (error instanceof APIError && !(error instanceof APIConnectionError) && error.status !== undefined)
    return refusal(error as APIError<number>, endpoint, model, key)
  const cause = rootCause(error)
  const failure = new EndpointError(
    'endpoint-unreachable',
    `${endpoint} cannot be reached (${redact(cause, key)}); check the address and that the server runs`,
    { failure: 'retryable', cause: error },
  )
  return { failure, pauseMs: null, congested: false, mayBeBilled: !NEVER_SENT.has(cause), unsupported: null }
}

/** A try that took longer than its deadline. */
export function timedOut(endpoint: string, timeoutMs: number, cause: unknown): FailedTry {
  const failure = new EndpointError(
    'endpoint-timeout',
    `${endpoint} gave no reply within ${timeoutMs / 1000} s; check the server, or use a faster model`,
    { failure: 'retryable', cause },
  )
  return { failure, pauseMs: null, congested: true, mayBeBilled: true, unsupported: null }
}

function refusal(error: APIError<number>, endpoint: string, model: string, key: string | null): FailedTry {
  const { status } = error
  const said = redact(error.message, key)
  const make = (code: string, advice: string, failure: EndpointFailure): FailedTry => ({
    failure: new EndpointError(code, `${endpoint} answered ${said}; ${advice}`, { failure, status }),
    pauseMs: failure === 'retryable' ? readRateLimits(headersOf(error), new Date()).retryAfterMs : null,
    congested: failure === 'retryable' && (status === 429 || status === 503 || status === 529),
    mayBeBilled: false,
    unsupported: status === 400 ? unsupportedParameter(error) : null,
  })
  if (status === 401 || status === 403)
    return make(
      'endpoint-refused',
      key
        ? 'the key was not accepted: check it'
        : 'no key was sent: set GLOSS_API_KEY and name the endpoint with --llm or GLOSS_LLM',
      'run-stopping',
    )
  if (status === 402 || OUT_OF_QUOTA.has(error.code ?? ''))
    return make('endpoint-quota', "the account's quota is used up: raise it", 'run-stopping')
  if (status === 404 || status === 410)
    return make(
      'endpoint-not-found',
      `check the base URL and that it serves the model ${JSON.stringify(model)}`,
      'run-stopping',
    )
  if (status === 408 || status === 409 || status === 429 || status >= 500)
    return make('endpoint-busy', 'the next run asks again', 'retryable')
  if (TOO_LONG.test(`${error.code} ${said}`))
    return make(
      'request-too-long',
      'set llm.maxReplyTokens in gloss.yaml, put fewer examples into a call (--examples-per-call), or give the server a longer context',
      'rejected',
    )
  return make('request-rejected', 'this request cannot be answered as it is', 'rejected')
}

function headersOf(error: APIError<number>): HeaderReader {
  return (name) => error.headers?.get(name) ?? null
}

function unsupportedParameter(error: APIError<number>): string | null {
  if (error.code !== 'unsupported_parameter' && !/unsupported parameter/i.test(error.message)) return null
  return error.param ?? /['"](\w+)['"]/.exec(error.message)?.[1] ?? null
}

function rootCause(error: unknown): string {
  let current = error
  while (current instanceof Error && current.cause instanceof Error) current = current.cause
  if (!(current instanceof Error)) return String(current)
  const code = 'code' in current && typeof current.code === 'string' ? current.code : null
  return code ?? current.message
}
