import type { ChatRequest, LlmRequest } from '../core/chat-model.ts'
import type { RawReply } from './openai-client.ts'

/** Whoever answers a request once: a server, or a model file in this process. */
export interface LlmClient {
  /** What it is stored under. */
  readonly baseUrl: string
  readonly model: string
  /** The JSON body of a request, as it is stored. */
  bodyOf(request: ChatRequest): Record<string, unknown>
  /** Answers a request once. @param patienceMs shortens the time limit @throws {FailedTryError} where no reply came */
  send(request: LlmRequest, patienceMs?: number): Promise<RawReply>
  close(): Promise<void>
}
