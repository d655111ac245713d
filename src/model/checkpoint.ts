import { existsSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { z } from 'zod'
import { DataError, UsageError } from '../core/errors.ts'
import { readText } from '../core/files.ts'
import { sha256OfFiles } from '../core/hash.ts'
import type { ExternalData, OnnxGraph, OnnxType } from '../core/onnx.ts'
import { SafetensorsFile, type TensorEntry } from '../core/safetensors.ts'
import { parseJson } from '../core/parse.ts'
import type { FloatTensor, StoredTensor } from '../core/tensor.ts'

const shardIndexSchema = z.object({ weight_map: z.record(z.string(), z.string()) })

const onnxTypes: Readonly<Partial<Record<TensorEntry['dtype'], OnnxType>>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
}

/** A Hugging Face checkpoint folder: its configuration and where its tensors lie (one file or shards). */
export class Checkpoint {
  readonly folder: string
  /** config.json, unchecked: each model family checks the part that it reads. */
  readonly config: unknown
  /** The folder that holds all weight files, links resolved. */
  readonly weightsFolder: string
  readonly #files: readonly SafetensorsFile[]
  readonly #byTensor = new Map<string, SafetensorsFile>()
  #hash: string | undefined

  /** @throws {UsageError} `model-missing`; {DataError} when a file is truncated or malformed */
  constructor(folder: string) {
    this.folder = folder
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
      throw new UsageError(
        'model-missing',
        `expected a model folder with config.json, model.safetensors and tokenizer.json at ${folder}, found no folder; check the path`,
      )
    const configPath = join(folder, 'config.json')
    this.config = parseJson(readText(configPath, 'the model configuration'), z.unknown(), configPath)
    // onnxruntime refuses links that leave the folder of the weights, and hub caches are made of links.
    const paths = weightFiles(folder).map((path) => realpathSync(path))
    this.weightsFolder = commonFolder(paths)
    this.#files = paths.map((path) => new SafetensorsFile(path))
    for (const file of this.#files) for (const name of file.tensors.keys()) this.#byTensor.set(name, file)
  }

  has(name: string): boolean {
    return this.#byTensor.has(name)
  }

  /** All tensors, in the order of their names. */
  get names(): string[] {
    return [...this.#byTensor.keys()].toSorted()
  }

  /** A tensor's type and shape. @throws {DataError} `tensor-missing` */
  entry(name: string): TensorEntry {
    return this.#fileOf(name).tensors.get(name)!
  }

  /** A tensor as stored. @throws {DataError} `tensor-missing` */
  read(name: string): StoredTensor {
    return this.#fileOf(name).read(name)
  }

  /** One tensor as float32. @throws {DataError} `tensor-missing`, `tensor-shape` */
  readFloat32(name: string, shape: readonly number[]): FloatTensor {
    return this.#fileOf(name).readFloat32(name, shape)
  }

  /**
   * Adds a tensor to a graph as float32. Its bytes stay in the checkpoint: onnxruntime maps them from the file.
   * Half-precision weights are cast when the session opens.
   * @throws {DataError} `tensor-missing`, `tensor-shape`, `tensor-type`
   */
  addTo(graph: OnnxGraph, name: string, shape: readonly number[]): string {
    const file = this.#fileOf(name)
    const entry = file.tensors.get(name)!
    if (entry.shape.join() !== shape.join())
      throw new DataError(
        'tensor-shape',
        `${file.path}: expected tensor ${name} of shape [${shape.join(', ')}], found [${entry.shape.join(', ')}]; config.json and the weights do not belong together`,
      )
    const type = onnxTypes[entry.dtype]
    if (!type)
      throw new DataError(
        'tensor-type',
        `${file.path}: expected tensor ${name} in F32, F16 or BF16, found ${entry.dtype}; convert the checkpoint to one of these`,
      )
    const data: ExternalData = {
      location: relative(this.weightsFolder, file.path).split(sep).join('/'),
      offset: entry.start,
      length: entry.end - entry.start,
    }
    if (type === 'float32') return graph.external(name, type, shape, data)
    return graph.add('Cast', [graph.external(`${name}.stored`, type, shape, data)], { to: 1 }, name)
  }

  /** SHA-256 over the weight files' contents, in the order of their names. */
  get weightsHash(): string {
    this.#hash ??= sha256OfFiles(this.#files.map((file) => file.path))
    return this.#hash
  }

  close(): void {
    for (const file of this.#files) file.close()
  }

  #fileOf(name: string): SafetensorsFile {
    const file = this.#byTensor.get(name)
    if (!file)
      throw new DataError(
        'tensor-missing',
        `${this.folder}: expected a tensor ${name} in the weights, found none of that name among ${this.#byTensor.size}; the checkpoint is incomplete or of another architecture`,
      )
    return file
  }
}

function weightFiles(folder: string): string[] {
  const single = join(folder, 'model.safetensors')
  if (existsSync(single)) return [single]
  const index = join(folder, 'model.safetensors.index.json')
  if (!existsSync(index))
    throw new UsageError(
      'weights-missing',
      `expected model.safetensors or model.safetensors.index.json in ${folder}, found neither; gloss reads safetensors checkpoints`,
    )
  const { weight_map: files } = parseJson(
    readText(index, 'the index of the weight shards'),
    shardIndexSchema,
    index,
  )
  const names = [...new Set(Object.values(files))].toSorted()
  return names.map((name) => {
    const path = join(folder, name)
    if (!existsSync(path))
      throw new DataError(
        'shard-missing',
        `expected the weight shard ${path}, found nothing; download it again`,
      )
    return path
  })
}

function commonFolder(paths: readonly string[]): string {
  let folder = dirname(paths[0]!)
  while (!paths.every((path) => path.startsWith(folder + sep)) && folder !== dirname(folder))
    folder = dirname(folder)
  return folder
}
