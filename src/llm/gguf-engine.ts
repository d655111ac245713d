import type { ChatMessage } from '../core/chat-model.ts'
import { DataError } from '../core/errors.ts'
import type { ChatItem, ChatWrapper, EvaluateItem, Llama, LlamaLibrary } from './llama-library.ts'
import {
  cutBefore,
  goesRoundInCircles,
  logprobsOf,
  Spelling,
  type TokenLogprob,
  type WrittenToken,
} from './gguf-tokens.ts'
import type { EvaluateResult, LlamaContext, LlamaModel, LlamaSequence } from './llama-library.ts'

/** What an engine is opened with. */
export interface GgufEngineOptions {
  readonly library: LlamaLibrary
  readonly path: string
  /** Of the file. */
  readonly bytes: number
  readonly chatTemplate: string | null
  /** Memory of this machine, in bytes. */
  readonly memory: number
  readonly threads: number
}

/**
 * Tokens that are read at once. Only whole blocks are kept for the next text: a text is then read in the same blocks
 * whatever came before it, and its numbers are the same to the last bit. Of some 700 tokens of a prompt of one text all
 * but 40 are those of the prompt before; the smaller a block, the less of them is read again.
 */
const BLOCK = 64
const LARGEST_CONTEXT = 8192
const SMALLEST_CONTEXT = 2048

/** What is in the package is used, and nothing fetched or compiled. */
const QUIETLY = { build: 'never', skipDownload: true, progressLogs: false, logLevel: 'error' } as const

/**
 * Makes sure that a file can fit into this machine at all, before it is read.
 * @param memory of this machine without its GPUs, in bytes
 * @throws {DataError} `gguf-memory`
 */
export async function checkMemory(
  library: LlamaLibrary,
  path: string,
  bytes: number,
  memory: number,
): Promise<void> {
  if (bytes <= memory) return
  const llama = await library.getLlama({ ...QUIETLY, logger: () => {} })
  const { total } = await llama.getVramState()
  await llama.dispose()
  if (bytes > memory + total) throw tooLarge(path, bytes, memory + total)
}

/** A language model in this process. One question at a time. */
export class GgufEngine {
  /** Where it computes. */
  readonly device: string
  /** Tokens that a prompt and its reply may have together. */
  readonly contextSize: number
  readonly #llama: Llama
  readonly #model: LlamaModel
  readonly #context: LlamaContext
  readonly #sequence: LlamaSequence
  readonly #chat: ChatWrapper | null
  /** Whole blocks that the sequence holds. */
  #held: readonly number[] = []

  private constructor(llama: Llama, model: LlamaModel, context: LlamaContext, chat: ChatWrapper | null) {
    this.#llama = llama
    this.#model = model
    this.#context = context
    this.#sequence = context.getSequence()
    this.#chat = chat
    this.device = llama.gpu === false ? 'cpu' : llama.gpu
    this.contextSize = context.contextSize
  }

  /** Loads a model. @throws {DataError} `gguf-memory`, `gguf-unusable` */
  static async open(options: GgufEngineOptions): Promise<GgufEngine> {
    const { library, path, bytes, chatTemplate, memory, threads } = options
    const said: string[] = []
    let llama: Llama | null = null
    try {
      llama = await library.getLlama({ ...QUIETLY, logger: (_level, message) => said.push(message.trim()) })
      const model = await llama.loadModel({ modelPath: path })
      const most = Math.min(LARGEST_CONTEXT, model.trainContextSize)
      const context = await model.createContext({
        contextSize: { min: Math.min(SMALLEST_CONTEXT, most), max: most },
        batchSize: BLOCK,
        sequences: 1,
        threads,
      })
      const chat =
        chatTemplate === null
          ? null
          : new library.JinjaTemplateChatWrapper({
              template: chatTemplate,
              tokenizer: model.tokenizer,
              // Templates that do not know this do not read it.
              additionalRenderParameters: { enable_thinking: false },
            })
      return new GgufEngine(llama, model, context, chat)
    } catch (error) {
      await llama?.dispose()
      if (error instanceof DataError) throw error
      const reason = [...new Set([...said, error instanceof Error ? error.message : String(error)])].join(
        '; ',
      )
      if (/insufficient ?memory|too large for the available|not enough vram|out of memory/i.test(reason))
        throw tooLarge(path, bytes, memory, error)
      throw new DataError(
        'gguf-unusable',
        `expected a model at ${path} that node-llama-cpp can run, found: ${reason.slice(0, 300)}; try another file, or a newer node-llama-cpp`,
        { cause: error },
      )
    }
  }

  /** A text's tokens; marks of special tokens in it are only text. */
  tokenize(text: string): number[] {
    return this.#model.tokenize(text, false, 'trimLeadingSpace')
  }

  /** The token that every text begins with; none for many models. */
  get beginning(): number[] {
    const { bos, shouldPrependBosToken } = this.#model.tokens
    return shouldPrependBosToken && bos !== null ? [bos] : []
  }

  /** A chat's tokens, up to where the model is to write; null for a model without a chat template. */
  chatTokens(messages: readonly ChatMessage[]): number[] | null {
    if (this.#chat === null) return null
    const history = messages.map(({ role, content }): ChatItem => {
      return role === 'assistant' ? { type: 'model', response: [content] } : { type: role, text: content }
    })
    const chatHistory = [...history, { type: 'model', response: [] } as const]
    const tokens = this.#chat
      .generateContextState({ chatHistory })
      .contextText.tokenize(this.#model.tokenizer)
    const [first] = this.beginning
    return first === undefined || tokens[0] === first ? tokens : [first, ...tokens]
  }

  /**
   * Reads tokens in one pass, and says how likely some ids are at some places.
   * @param places indices of tokens, from 1, each with the ids that are asked about
   */
  async probabilities(
    tokens: readonly number[],
    places: ReadonlyMap<number, readonly number[]>,
  ): Promise<Map<number, TokenLogprob[]>> {
    const found = new Map<number, TokenLogprob[]>()
    const first = Math.min(...places.keys())
    // What follows the last place tells nothing of it.
    const read = tokens.slice(0, Math.max(...places.keys()))
    await this.#read(
      read,
      first - 1,
      (index) => places.get(index + 1) ?? null,
      0,
      (index, result) => {
        const logprobs = logprobsOf(result)
        const wanted = new Set(places.get(index + 1))
        found.set(
          index + 1,
          logprobs.filter(({ id }) => wanted.has(id)),
        )
      },
    )
    return found
  }

  /**
   * Writes a reply to a prompt: the likeliest token each time, of equal ones that of the smallest id. It is cut where it
   * reaches the limit, or goes round in circles, and whole where it comes to `stop`, which is no part of it.
   */
  async write(
    prompt: readonly number[],
    maxTokens: number,
    top: number,
    stop?: string,
  ): Promise<{ tokens: WrittenToken[]; cut: boolean }> {
    const last = prompt.length - 1
    let after: TokenLogprob[] = []
    const keep = (_index: number, result: EvaluateResult): void => void (after = logprobsOf(result))
    const alternatives = Math.max(top, 2)
    await this.#read(prompt, last, (index) => (index === last ? [] : null), alternatives, keep)
    const spelling = new Spelling(this.#model, prompt)
    const tokens: WrittenToken[] = []
    const ids: number[] = []
    for (;;) {
      const most = after[0]!.logprob
      const { id } = after.filter(({ logprob }) => logprob === most).toSorted((a, b) => a.id - b.id)[0]!
      if (this.#model.isEogToken(id)) return { tokens, cut: false }
      if (tokens.length === maxTokens || goesRoundInCircles(ids)) return { tokens, cut: true }
      ids.push(id)
      const others = after.slice(0, top).map((other) => ({
        text: spelling.alone(other.id),
        logprob: other.logprob,
      }))
      tokens.push({ text: spelling.next(id), logprob: most, alternatives: others })
      if (stop !== undefined && cutBefore(stop, tokens)) return { tokens, cut: false }
      const [result] = await this.#sequence.controlledEvaluate([question(id, [], alternatives)])
      keep(0, result!)
    }
  }

  /** Frees the memory. */
  async close(): Promise<void> {
    await this.#context.dispose()
    await this.#model.dispose()
    await this.#llama.dispose()
  }

  /** @param first the first index whose next token is asked about: up to there, what is held is not read again */
  async #read(
    tokens: readonly number[],
    first: number,
    idsAfter: (index: number) => readonly number[] | null,
    top: number,
    take: (index: number, result: EvaluateResult) => void,
  ): Promise<void> {
    let start = await this.#keepCommon(tokens, Math.floor(first / BLOCK))
    for (; start < tokens.length; start += BLOCK) {
      const block = tokens.slice(start, start + BLOCK)
      const items = block.map((token, offset): EvaluateItem => {
        const ids = idsAfter(start + offset)
        return ids === null ? token : question(token, ids, top)
      })
      const results = await this.#sequence.controlledEvaluate(items)
      for (const [offset, result] of results.entries()) if (result) take(start + offset, result)
    }
    this.#held = tokens.slice(0, tokens.length - (tokens.length % BLOCK))
  }

  /** Keeps the whole blocks that are held already, forgets the rest, and returns how many tokens are left. */
  async #keepCommon(tokens: readonly number[], mostBlocks: number): Promise<number> {
    let blocks = 0
    const isHeld = (block: number): boolean => {
      for (let index = block * BLOCK; index < (block + 1) * BLOCK; index++)
        if (index >= this.#held.length || this.#held[index] !== tokens[index]) return false
      return true
    }
    while (blocks < mostBlocks && isHeld(blocks)) blocks++
    const kept = blocks * BLOCK
    // Whatever goes wrong while reading, nothing is taken for held that may not be.
    this.#held = []
    if (kept > 0 && this.#sequence.nextTokenIndex > kept)
      await this.#sequence.eraseContextTokenRanges([{ start: kept, end: this.#sequence.nextTokenIndex }])
    if (kept > 0 && this.#sequence.nextTokenIndex === kept) return kept
    await this.#sequence.clearHistory()
    return 0
  }
}

function question(token: number, ids: readonly number[], top: number): EvaluateItem {
  const filter = { tokens: ids, includeSelected: top === 0, includeTop: top }
  // At temperature 0 the selected token is the likeliest, and none is left out of the sum.
  return [
    token,
    { generateNext: { logits: { filter }, totalLogitWeight: true, options: { temperature: 0 } } },
  ]
}

function tooLarge(path: string, bytes: number, memory: number, cause?: unknown): DataError {
  const gigabytes = (count: number): string => `${(count / 2 ** 30).toFixed(1)} GiB`
  return new DataError(
    'gguf-memory',
    `expected a model that fits into ${gigabytes(memory)} of memory, found one of ${gigabytes(bytes)} at ${path}; use a smaller model, or a smaller quantisation of it`,
    { cause },
  )
}
