import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { DataError } from '../core/errors.ts'
import { readBytes, readText, writeFileAtomically } from '../core/files.ts'
import { sha256 } from '../core/hash.ts'
import { parseJson } from '../core/parse.ts'
import { isResumable, manifestPath, prepareResumableFolder, shardName } from '../core/resumable-folder.ts'
import { SafetensorsFile, writeSafetensors } from '../core/safetensors.ts'
import { bytesOf } from '../core/tensor.ts'
import type { Document, DocumentLabel, TokenCorpus } from '../core/token-corpus.ts'

/**
 * A tokenized corpus on disk: shards of whole documents, each one safetensors file with `ids` (U16 where the
 * vocabulary fits, else U32) and `document_lengths` (U32), labels in the metadata.
 */

const TOKENS_PER_SHARD = 1 << 20

const labelsSchema = z.array(z.object({ name: z.string(), register: z.string().nullable() }))

const manifestSchema = z.object({
  format: z.literal(1),
  inputs: z.string(),
  hash: z.string(),
  tokens: z.int().nonnegative(),
  documents: z.int().nonnegative(),
  registers: z.record(z.string(), z.int()),
  shards: z.array(z.object({ file: z.string(), sha256: z.string(), tokens: z.int(), documents: z.int() })),
})

/** The manifest of a tokenized corpus. `inputs` is a fingerprint of what it was made from. */
export type TokenManifest = z.infer<typeof manifestSchema>

/** Reads a manifest, or null where tokenizing has not finished. @throws {DataError} `json-…` */
export function readTokenManifest(folder: string): TokenManifest | null {
  const path = manifestPath(folder)
  if (!existsSync(path)) return null
  return parseJson(readText(path, 'the token manifest'), manifestSchema, path)
}

/**
 * Writes token shards. Whole shards that an interrupted run with the same `inputs` left are kept: documents from
 * number {@link documents} on remain to be added. Shards of other inputs stay until there is something in their place.
 */
export class TokenShardWriter {
  readonly #folder: string
  readonly #inputs: string
  readonly #wide: boolean
  readonly #shards: TokenManifest['shards'] = []
  readonly #registers: Record<string, number> = {}
  #pendingIds: number[] = []
  #pendingLengths: number[] = []
  #pendingLabels: DocumentLabel[] = []
  #tokens = 0
  #documents = 0

  constructor(folder: string, inputs: string, vocabularySize: number) {
    this.#folder = folder
    this.#inputs = inputs
    this.#wide = vocabularySize > 1 << 16
    this.#adoptShards()
  }

  /** Documents added so far, by this run and the one that it continues. */
  get documents(): number {
    return this.#documents
  }

  /** Tokens of these documents. */
  get tokens(): number {
    return this.#tokens
  }

  /** Adds a document's ids. */
  add(document: Document, ids: readonly number[]): void {
    for (const id of ids) this.#pendingIds.push(id)
    this.#pendingLengths.push(ids.length)
    this.#pendingLabels.push({ name: document.name, register: document.register })
    this.#count(document.register, ids.length)
    if (this.#pendingIds.length >= TOKENS_PER_SHARD) this.#flush()
  }

  /** Writes what is left and the manifest. */
  finish(): TokenManifest {
    if (this.#pendingLengths.length > 0) this.#flush()
    if (this.#shards.length === 0) prepareResumableFolder(this.#folder, this.#inputs)
    const manifest: TokenManifest = {
      format: 1,
      inputs: this.#inputs,
      hash: sha256(this.#shards.map((shard) => shard.sha256).join('\n')),
      tokens: this.#tokens,
      documents: this.#documents,
      registers: this.#registers,
      shards: this.#shards,
    }
    writeFileAtomically(manifestPath(this.#folder), `${JSON.stringify(manifest, null, 1)}\n`)
    return manifest
  }

  #adoptShards(): void {
    if (!isResumable(this.#folder, this.#inputs)) return
    prepareResumableFolder(this.#folder, this.#inputs)
    for (
      let name = shardName(0);
      existsSync(join(this.#folder, name));
      name = shardName(this.#shards.length)
    ) {
      const shard = readShard(join(this.#folder, name))
      for (const [index, label] of shard.labels.entries()) this.#count(label.register, shard.lengths[index]!)
      this.#record(name, shard.ids.length, shard.labels.length)
    }
  }

  #count(register: string | null, tokens: number): void {
    this.#tokens += tokens
    this.#documents++
    if (register !== null) this.#registers[register] = (this.#registers[register] ?? 0) + tokens
  }

  #flush(): void {
    if (this.#shards.length === 0) prepareResumableFolder(this.#folder, this.#inputs)
    const name = shardName(this.#shards.length)
    const ids = this.#wide ? Uint32Array.from(this.#pendingIds) : Uint16Array.from(this.#pendingIds)
    const lengths = Uint32Array.from(this.#pendingLengths)
    writeSafetensors(
      join(this.#folder, name),
      {
        ids: { dtype: this.#wide ? 'U32' : 'U16', shape: [ids.length], bytes: bytesOf(ids) },
        document_lengths: { dtype: 'U32', shape: [lengths.length], bytes: bytesOf(lengths) },
      },
      { documents: JSON.stringify(this.#pendingLabels) },
    )
    this.#record(name, ids.length, lengths.length)
    this.#pendingIds = []
    this.#pendingLengths = []
    this.#pendingLabels = []
  }

  #record(file: string, tokens: number, documents: number): void {
    const hash = sha256(readBytes(join(this.#folder, file), 'a token shard'))
    this.#shards.push({ file, sha256: hash, tokens, documents })
  }
}

/** Loads a tokenized corpus. @throws {DataError} `tokens-damaged` when a shard is not what the manifest says */
export function loadTokenCorpus(folder: string, manifest: TokenManifest): TokenCorpus {
  let ids: Uint16Array | Uint32Array | undefined
  const documentStarts = new Float64Array(manifest.documents + 1)
  const documents: DocumentLabel[] = []
  let filled = 0
  for (const entry of manifest.shards) {
    const path = join(folder, entry.file)
    if (!existsSync(path)) throw damaged(path, 'it is missing')
    if (sha256(readBytes(path, 'a token shard')) !== entry.sha256)
      throw damaged(path, 'its hash is not that of the manifest')
    const shard = readShard(path)
    ids ??=
      shard.ids instanceof Uint16Array ? new Uint16Array(manifest.tokens) : new Uint32Array(manifest.tokens)
    ids.set(shard.ids, filled)
    for (const [index, label] of shard.labels.entries()) {
      documentStarts[documents.length] = filled
      documents.push(label)
      filled += shard.lengths[index]!
    }
  }
  documentStarts[documents.length] = filled
  return { hash: manifest.hash, ids: ids ?? new Uint16Array(), documentStarts, documents }
}

interface Shard {
  readonly ids: Uint16Array | Uint32Array
  readonly lengths: Uint32Array
  readonly labels: readonly DocumentLabel[]
}

function readShard(path: string): Shard {
  const file = new SafetensorsFile(path)
  try {
    const ids = file.read('ids')
    const lengths = file.read('document_lengths')
    const labels = parseJson(file.metadata['documents'] ?? '[]', labelsSchema, `the metadata of ${path}`)
    if (labels.length !== lengths.shape[0])
      throw damaged(path, 'its document labels do not fit its documents')
    return {
      ids: ids.dtype === 'U16' ? new Uint16Array(ids.bytes.buffer) : new Uint32Array(ids.bytes.buffer),
      lengths: new Uint32Array(lengths.bytes.buffer),
      labels,
    }
  } finally {
    file.close()
  }
}

function damaged(path: string, reason: string): DataError {
  return new DataError(
    'tokens-damaged',
    `${path} is damaged: ${reason}; delete the folder tokens/ and run the same command again`,
  )
}
