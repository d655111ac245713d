import type { EndpointError } from '../core/errors.ts'
import { FailedTryError, type OpenAiClient } from './openai-client.ts'

/** What came of a question: a body, or the failure with the server's own words. */
export type Outcome =
  | { readonly body: string }
  | { readonly body: null; readonly failure: EndpointError; readonly said: string }

/** How long lists and versions may take, which no model has to compute. */
const LOOKUP_MS = 15_000

/** With these no further question can be answered. */
const HOPELESS = new Set(['endpoint-unreachable', 'endpoint-quota'])

/** Asks an endpoint for {@link probe}, and counts what may be billed. */
export class Asker {
  readonly client: OpenAiClient
  /** What is worth telling a person. */
  readonly notes: string[] = []
  #calls = 0

  constructor(client: OpenAiClient) {
    this.client = client
  }

  /** Questions that were answered, or may have been. A refusal costs nothing. */
  get calls(): number {
    return this.#calls
  }

  /** @throws {EndpointError} where the endpoint is out of reach or the account is out of money */
  async post(path: string, body: Readonly<Record<string, unknown>>): Promise<Outcome> {
    try {
      const reply = await this.client.post(path, body)
      this.#calls++
      return { body: reply.body }
    } catch (error) {
      if (error instanceof FailedTryError && error.failed.mayBeBilled) this.#calls++
      return outcomeOf(error)
    }
  }

  /** @throws {EndpointError} where the endpoint is out of reach */
  async get(path: string): Promise<Outcome> {
    try {
      return { body: (await this.client.get(path, LOOKUP_MS)).body }
    } catch (error) {
      return outcomeOf(error)
    }
  }

  /** The address of a path beside the API's `/v1`, where servers tell about themselves. */
  beside(path: string): string {
    return this.client.beside(path)
  }
}

/** Whether the server understood the question and does not take it as it is. */
export function isRefusal({ status }: EndpointError): boolean {
  return status === 400 || status === 422
}

/** Whether another time the same question might be answered. */
export function isPassing({ status }: EndpointError): boolean {
  return status === null || [408, 429, 502, 503, 504].includes(status)
}

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof FailedTryError)) throw error
  const { failure } = error.failed
  if (HOPELESS.has(failure.code)) throw failure
  const answered = failure.message.indexOf(' answered ')
  return { body: null, failure, said: failure.message.slice(Math.max(0, answered)) }
}
