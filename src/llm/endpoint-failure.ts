import { APIConnectionError, APIError } from 'openai'
import { EndpointError, type EndpointFailure } from '../core/errors.ts'
import { redact } from './redact.ts'

/** A failed try, and how long the server asked to wait before the next. */
export interface FailedTry {
  readonly failure: EndpointError
  readonly pauseMs: number | null
}

/** Codes with which servers say that no request will be answered until someone pays. */
const OUT_OF_QUOTA = new Set(['insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active'])

/** Turns what the client threw into an error that says what to do; nothing of the key is in it. */
export function toEndpointError(
  error: unknown,
  endpoint: string,
  model: string,
  key: string | null,
): FailedTry {
  if (error instanceof EndpointError) return { failure: error, pauseMs: null }
  if (error instanceof APIError && !(error instanceof APIConnectionError) && error.status !== undefined)
    return refusal(error as APIError<number>, endpoint, model, key)
  const reason = redact(rootCause(error), key)
  const failure = new EndpointError(
    'endpoint-unreachable',
    `${endpoint} cannot be reached (${reason}); check the address and that the server runs`,
    { failure: 'retryable', cause: error },
  )
  return { failure, pauseMs: null }
}

function refusal(error: APIError<number>, endpoint: string, model: string, key: string | null): FailedTry {
  const { status } = error
  const said = redact(error.message, key)
  const make = (code: string, advice: string, failure: EndpointFailure): FailedTry => ({
    failure: new EndpointError(code, `${endpoint} answered ${said}; ${advice}`, { failure, status }),
    pauseMs: failure === 'retryable' ? requestedPause(error) : null,
  })
  if (status === 401 || status === 403)
    return make(
      'endpoint-refused',
      key
        ? 'the key was not accepted: check it'
        : 'no key was sent: set GLOSS_API_KEY and name the endpoint with --llm or GLOSS_LLM',
      'run-stopping',
    )
  if (OUT_OF_QUOTA.has(error.code ?? ''))
    return make('endpoint-quota', "the account's quota is used up: raise it", 'run-stopping')
  if (status === 404)
    return make(
      'endpoint-not-found',
      `check the base URL and that it serves the model ${JSON.stringify(model)}`,
      'run-stopping',
    )
  if (status === 408 || status === 409 || status === 429 || status >= 500)
    return make('endpoint-busy', 'the next run asks again', 'retryable')
  return make('request-rejected', 'this request cannot be answered as it is', 'rejected')
}

/** `retry-after-ms` or `retry-after` in milliseconds; null where absent or no number of seconds. */
function requestedPause(error: APIError<number>): number | null {
  const milliseconds = Number(error.headers?.get('retry-after-ms') ?? Number.NaN)
  if (milliseconds >= 0) return milliseconds
  const seconds = Number(error.headers?.get('retry-after') ?? Number.NaN)
  return seconds >= 0 ? seconds * 1000 : null
}

function rootCause(error: unknown): string {
  let current = error
  while (current instanceof Error && current.cause instanceof Error) current = current.cause
  if (!(current instanceof Error)) return String(current)
  const code = 'code' in current && typeof current.code === 'string' ? current.code : null
  return code ?? current.message
}
