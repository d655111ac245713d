import { UsageError } from '../core/errors.ts'

/**
 * The part of node-llama-cpp that is used, in our words: the package is an optional peer, so its own types may not be
 * there. Checked against version 3.22.
 */
export interface LlamaLibrary {
  getLlama(options: {
    readonly build: 'never'
    readonly skipDownload: true
    readonly progressLogs: false
    readonly logLevel: 'error'
    readonly logger: (level: string, message: string) => void
  }): Promise<Llama>
  getModuleVersion(): Promise<string>
  readonly JinjaTemplateChatWrapper: new (options: {
    readonly template: string
    readonly tokenizer: unknown
    readonly additionalRenderParameters: Readonly<Record<string, unknown>>
  }) => ChatWrapper
}

/** The loaded engine. */
export interface Llama {
  /** `cuda`, `vulkan`, `metal`, or false for the processor. */
  readonly gpu: string | false
  getVramState(): Promise<{ readonly total: number }>
  loadModel(options: { readonly modelPath: string }): Promise<LlamaModel>
  dispose(): Promise<void>
}

/** A loaded model. */
export interface LlamaModel {
  readonly tokenizer: unknown
  readonly trainContextSize: number
  readonly tokens: { readonly bos: number | null; readonly shouldPrependBosToken: boolean }
  tokenize(text: string, special?: boolean, options?: 'trimLeadingSpace'): number[]
  detokenize(tokens: readonly number[], special?: boolean, before?: readonly number[]): string
  isEogToken(token: number): boolean
  createContext(options: {
    readonly contextSize: number | { readonly min: number; readonly max: number }
    readonly batchSize: number
    readonly sequences: number
    readonly threads: number
  }): Promise<LlamaContext>
  dispose(): Promise<void>
}

/** Memory for texts of a model. */
export interface LlamaContext {
  readonly contextSize: number
  getSequence(): LlamaSequence
  dispose(): Promise<void>
}

/** One text that a model has read. */
export interface LlamaSequence {
  readonly nextTokenIndex: number
  clearHistory(): Promise<void>
  eraseContextTokenRanges(ranges: readonly { readonly start: number; readonly end: number }[]): Promise<void>
  controlledEvaluate(input: readonly EvaluateItem[]): Promise<(EvaluateResult | undefined)[]>
}

/** A token to read, and what is to be known of the one after it. */
export type EvaluateItem =
  | number
  | readonly [
      token: number,
      options: {
        readonly generateNext: {
          readonly logits: {
            readonly filter: {
              readonly tokens: readonly number[]
              readonly includeSelected: boolean
              readonly includeTop: number
            }
          }
          /** The sum of exp(logit − largest logit) over the vocabulary. */
          readonly totalLogitWeight: true
          readonly options: { readonly temperature: 0 }
        }
      },
    ]

/** What is known of the token after one. */
export interface EvaluateResult {
  readonly next: { readonly logits?: ReadonlyMap<number, number>; readonly totalLogitWeight?: number }
}

/** Renders a chat by the model's own template. */
export interface ChatWrapper {
  generateContextState(chat: { readonly chatHistory: readonly ChatItem[] }): {
    readonly contextText: { tokenize(tokenizer: unknown): number[] }
  }
}

/** A message of a chat. An empty last response is the one to write. */
export type ChatItem =
  | { readonly type: 'system' | 'user'; readonly text: string }
  | { readonly type: 'model'; readonly response: readonly string[] }

/** The package's name. */
export const LLAMA_PACKAGE: string = 'node-llama-cpp'

/** Loads the engine's package. @throws {UsageError} `gguf-package-missing` */
export async function loadLlamaLibrary(name = LLAMA_PACKAGE): Promise<LlamaLibrary> {
  try {
    return (await import(/* @vite-ignore */ name)) as LlamaLibrary
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause)
    const missing = /cannot find (?:package|module)|failed to (?:load|resolve)/i.test(reason)
    throw new UsageError(
      'gguf-package-missing',
      missing
        ? `expected the package ${LLAMA_PACKAGE}, which runs GGUF files, found none; install it where gloss is: npm i -D ${LLAMA_PACKAGE}`
        : `expected the package ${LLAMA_PACKAGE} to load, found: ${reason}; install it again: npm i -D ${LLAMA_PACKAGE}`,
      { cause },
    )
  }
}
