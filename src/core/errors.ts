/**
 * Every error that gloss raises on purpose. A message says what was expected, what was found, and what to do;
 * the class decides the exit code (see `cli/exit-code.ts`). Anything else that reaches the top is a defect.
 */

/** The root of all deliberate errors. `code` is stable and meant for scripts and tests. */
export abstract class GlossError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** The command was misused: an unknown flag, hook or feature, a missing file, a missing API key. */
export class UsageError extends GlossError {}

/** A configuration or prompt file that does not parse or does not fit its schema. */
export class ConfigError extends GlossError {}

/** Data that cannot be used: truncated weights, an unsupported architecture, an empty corpus. */
export class DataError extends GlossError {}

/** The database or a file of the workspace cannot be read, written or locked. */
export class StoreError extends GlossError {}

/** Whether trying the same request again could help. */
export type EndpointFailure = 'retryable' | 'rejected' | 'run-stopping'

/**
 * An LLM endpoint did not give a reply.
 * `retryable`: connection, timeout, 408, 409, 429 and 5xx. `rejected`: this request alone cannot succeed (400,
 * 404 of a path, 413, 422). `run-stopping`: no request can succeed (401, 403, no quota, no such model).
 */
export class EndpointError extends GlossError {
  readonly failure: EndpointFailure
  readonly status: number | null

  constructor(
    code: string,
    message: string,
    details: { failure: EndpointFailure; status?: number | null; cause?: unknown },
  ) {
    super(code, message, details)
    this.failure = details.failure
    this.status = details.status ?? null
  }
}

/** The run ended early on purpose (a signal, a budget, an endpoint that turned away); running it again goes on. */
export class StoppedError extends GlossError {}
