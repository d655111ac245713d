/** One message of a chat. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** What is asked of an LLM. Sampling settings are the endpoint's own. */
export interface ChatRequest {
  readonly messages: readonly ChatMessage[]
  readonly maxTokens: number
}

/** Tokens that a call used; null where the endpoint did not say. */
export interface TokenUsage {
  readonly promptTokens: number | null
  readonly cachedTokens: number | null
  readonly completionTokens: number | null
  readonly reasoningTokens: number | null
}

/** What came back: the body as it was, before anything is made of it. */
export interface ChatReply {
  readonly status: number
  readonly body: string
  readonly latencyMs: number
  /** Requests sent for this reply. */
  readonly attempts: number
}

/** What a reply's body says. */
export interface ReplyContent {
  /** The message, or null where the body holds none; `problem` then says why. */
  readonly text: string | null
  /** Whether it ended at the token limit. */
  readonly cut: boolean
  readonly problem: string | null
  readonly usage: TokenUsage | null
}

/** An LLM behind an endpoint. */
export interface ChatModel {
  /** Base URL without credentials. */
  readonly endpoint: string
  readonly model: string
  /** The JSON body that {@link complete} sends; together with endpoint and model it identifies a request. */
  bodyOf(request: ChatRequest): Readonly<Record<string, unknown>>
  /** @throws {EndpointError} when no reply came after the last try */
  complete(request: ChatRequest): Promise<ChatReply>
  /** Reads a body that {@link complete} returned, now or in an earlier run. */
  read(body: string): ReplyContent
}
