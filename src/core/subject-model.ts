import type { FloatMatrix, FloatTensor, TokenBatch } from './tensor.ts'

/** The value of {@link SubjectModel.run}'s `outputs` for the next-token scores `[rows, length, vocabulary]`. */
export const LOGITS = 'logits'

/** The value of {@link SubjectModel.run}'s `outputs` for the cross entropy in nats, `[rows, length − 1]`. */
export const LOSS_PER_TOKEN = 'loss_per_token'

/** The language model being explained. Hooks have TransformerLens' names (`blocks.0.mlp.hook_post`). */
export interface SubjectModel {
  /** Where it came from, for provenance and display. */
  readonly name: string
  readonly architecture: string
  readonly layers: number
  readonly vocabularySize: number
  /** The longest sequence that it takes. */
  readonly maxPositions: number
  readonly beginTokenId: number | null
  readonly endTokenId: number | null
  /** SHA-256 over the weight files. */
  readonly weightsHash: string
  /** Every hook with the shape of one token's value, in the order in which the model computes them. */
  readonly hooks: ReadonlyMap<string, readonly number[]>

  /**
   * Runs sequences and returns the named hooks, {@link LOGITS} or {@link LOSS_PER_TOKEN}, each `[rows, length, …]`.
   * Nothing is put before the tokens. Padding on the right changes nothing to its left.
   * @throws {UsageError} `hook-unknown`, `tokens-invalid`
   */
  run(batch: TokenBatch, outputs: readonly string[]): Promise<ReadonlyMap<string, FloatTensor>>

  /** The cross entropy per token, `[rows, length − 1]`, when the hook's value is replaced and the model runs on. */
  lossWith(batch: TokenBatch, hook: string, replacement: FloatTensor): Promise<FloatTensor>

  /**
   * What directions at a hook add to the logits along the direct path: mapped to the residual stream, centred and
   * scaled as the final norm does, unembedded, and shifted to median 0 in each row (Bricken et al. 2023,
   * "logit weights"). Null for a hook whose value no linear map carries to the residual stream.
   */
  logitEffects(hook: string, directions: FloatMatrix): Promise<FloatMatrix | null>

  /** Frees native memory. */
  close(): Promise<void>
}

/** A text as tokens, with each token's place in the text's UTF-8 bytes. */
export interface TokenizedText {
  readonly ids: readonly number[]
  /** `[start, end)` in bytes; tokens that the tokenizer put there itself have `[0, 0)`. */
  readonly byteOffsets: readonly (readonly [number, number])[]
}

/** Text to tokens and back, byte by byte. */
export interface Tokenizer {
  /** SHA-256 of its definition. */
  readonly hash: string
  readonly vocabularySize: number
  /** Token ids of a text, without tokens that a template would add. */
  encode(text: string): readonly number[]
  /** @throws {DataError} `offsets-inexact` when normalisation changed the text, so that no exact bytes exist */
  encodeWithOffsets(text: string, options?: { addSpecialTokens?: boolean }): TokenizedText
  /** The bytes that a token stands for; a token may hold a part of a character. Empty for an id without a token. */
  tokenBytes(id: number): Uint8Array
  /** The text of tokens; bytes that are no UTF-8 become U+FFFD. */
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string
}
