import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as huggingface from '@huggingface/tokenizers'
import { z } from 'zod'
import { DataError } from '../core/errors.ts'
import { readText } from '../core/files.ts'
import { sha256 } from '../core/hash.ts'
import { parseJson } from '../core/parse.ts'
import type { TokenizedText, Tokenizer } from '../core/subject-model.ts'
import { bytesOfByteLevelToken } from './byte-level.ts'

/** The part of the library that is used; its own types are lost under `module: nodenext`. */
interface EncodingLibrary {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] }
  get_vocab(withAddedTokens: boolean): Map<string, number>
}
const { Tokenizer: LibraryTokenizer } = huggingface as unknown as {
  Tokenizer: new (definition: object, config: object) => EncodingLibrary
}

const definitionSchema = z.looseObject({
  added_tokens: z
    .array(
      z.looseObject({
        id: z.int().nonnegative(),
        content: z.string(),
        lstrip: z.boolean().default(false),
        rstrip: z.boolean().default(false),
        special: z.boolean().default(false),
      }),
    )
    .default([]),
  decoder: z.looseObject({ type: z.string() }).nullish(),
  model: z.looseObject({ type: z.string() }),
})

type AddedToken = z.infer<typeof definitionSchema>['added_tokens'][number]

const SPACE = 0x20

/** A byte-level BPE tokenizer (GPT-2, Llama 3, Qwen …) read from a model folder's tokenizer.json. */
export class ByteLevelTokenizer implements Tokenizer {
  readonly hash: string
  readonly vocabularySize: number
  readonly #library: EncodingLibrary
  readonly #addedTokens: ReadonlyMap<number, AddedToken>
  readonly #bytes: readonly Uint8Array[]

  /** @throws {UsageError} `file-missing`; {DataError} `tokenizer-malformed`, `tokenizer-unsupported` */
  constructor(folder: string) {
    const path = join(folder, 'tokenizer.json')
    const text = readText(path, 'the tokenizer')
    this.hash = sha256(text)
    const definition = parseJson(text, definitionSchema, path)
    if (definition.model.type !== 'BPE' || definition.decoder?.type !== 'ByteLevel')
      throw new DataError(
        'tokenizer-unsupported',
        `${path}: expected a byte-level BPE tokenizer, found model ${definition.model.type} with decoder ${definition.decoder?.type ?? 'none'}; this version of gloss reads byte-level BPE`,
      )
    const configPath = join(folder, 'tokenizer_config.json')
    const config = existsSync(configPath)
      ? parseJson(readText(configPath, 'the tokenizer configuration'), z.looseObject({}), configPath)
      : {}
    this.#library = this.#load(definition, config, path)
    this.#addedTokens = new Map(definition.added_tokens.map((token) => [token.id, token]))
    this.#bytes = this.#vocabularyBytes(path)
    this.vocabularySize = this.#bytes.length
  }

  encode(text: string): readonly number[] {
    return this.#library.encode(text, { add_special_tokens: false }).ids
  }

  encodeWithOffsets(text: string, options: { addSpecialTokens?: boolean } = {}): TokenizedText {
    const { ids } = this.#library.encode(text, { add_special_tokens: options.addSpecialTokens ?? false })
    const bytes = Buffer.from(text)
    const byteOffsets: [number, number][] = []
    let position = 0
    for (const id of ids) {
      const end = this.#endOf(id, bytes, position)
      // A token that is not in the text where it should be was put there by the tokenizer's template.
      byteOffsets.push(end === null ? [0, 0] : [position, end])
      if (end === null && !this.#addedTokens.get(id)?.special) throw inexact(text)
      position = end ?? position
    }
    if (position !== bytes.length) throw inexact(text)
    return { ids, byteOffsets }
  }

  tokenBytes(id: number): Uint8Array {
    return this.#bytes[id] ?? new Uint8Array()
  }

  decode(ids: readonly number[], options: { skipSpecialTokens?: boolean } = {}): string {
    const kept = options.skipSpecialTokens ? ids.filter((id) => !this.#addedTokens.get(id)?.special) : ids
    return Buffer.concat(kept.map((id) => this.tokenBytes(id))).toString('utf8')
  }

  /** Where the token ends if the text has it at `position`, with the spaces that it swallows; else null. */
  #endOf(id: number, text: Uint8Array, position: number): number | null {
    const added = this.#addedTokens.get(id)
    const bytes = this.tokenBytes(id)
    let start = position
    if (added?.lstrip) while (text[start] === SPACE) start++
    let end = start + bytes.length
    if (Buffer.compare(text.subarray(start, end), bytes) !== 0) return null
    if (added?.rstrip) while (text[end] === SPACE) end++
    return end
  }

  #load(definition: object, config: object, path: string): EncodingLibrary {
    try {
      // Without this the library's decoding would remove spaces before punctuation.
      return new LibraryTokenizer(definition, { ...config, clean_up_tokenization_spaces: false })
    } catch (error) {
      throw new DataError(
        'tokenizer-malformed',
        `${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
        {
          cause: error,
        },
      )
    }
  }

  #vocabularyBytes(path: string): Uint8Array[] {
    const bytes: Uint8Array[] = []
    for (const [token, id] of this.#library.get_vocab(true)) {
      const spelled = this.#addedTokens.has(id)
        ? Buffer.from(this.#addedTokens.get(id)!.content)
        : bytesOfByteLevelToken(token)
      if (spelled === null)
        throw new DataError(
          'tokenizer-malformed',
          `${path}: token ${id} is not spelled in the byte-level alphabet`,
        )
      bytes[id] = new Uint8Array(spelled)
    }
    return Array.from(bytes, (spelled) => spelled ?? new Uint8Array())
  }
}

function inexact(text: string): DataError {
  return new DataError(
    'offsets-inexact',
    `the tokenizer's normalisation changed a text of ${text.length} characters, so its tokens have no exact byte offsets; normalise the text (NFC) before`,
  )
}
