import { UsageError } from '../core/errors.ts'
import { LOGITS, LOSS_PER_TOKEN, type SubjectModel } from '../core/subject-model.ts'
import { elementCount, type FloatMatrix, type FloatTensor, type TokenBatch } from '../core/tensor.ts'
import { Checkpoint } from './checkpoint.ts'
import { type Gpt2Config, parseGpt2Config } from './gpt2-config.ts'
import { gpt2Graph, gpt2Hooks, gpt2LogitEffectGraph, REPLACEMENT } from './gpt2-graph.ts'
import { ModelSession } from './session.ts'

/** A GPT-2 checkpoint, run by onnxruntime on the CPU. Graphs are built per set of outputs and kept. */
export class Gpt2Model implements SubjectModel {
  readonly name: string
  readonly architecture = 'gpt2'
  readonly layers: number
  readonly vocabularySize: number
  readonly maxPositions: number
  readonly beginTokenId: number | null
  readonly endTokenId: number | null
  readonly hooks: ReadonlyMap<string, readonly number[]>
  readonly #checkpoint: Checkpoint
  readonly #config: Gpt2Config
  readonly #sessions = new Map<string, Promise<ModelSession>>()

  /** @throws {UsageError} when files are missing; {DataError} when they are damaged or of another architecture */
  constructor(folder: string, name: string) {
    this.name = name
    this.#checkpoint = new Checkpoint(folder)
    this.#config = parseGpt2Config(this.#checkpoint.config, folder)
    this.layers = this.#config.layers
    this.vocabularySize = this.#config.vocabularySize
    this.maxPositions = this.#config.maxPositions
    this.beginTokenId = this.#config.beginTokenId
    this.endTokenId = this.#config.endTokenId
    this.hooks = gpt2Hooks(this.#config)
  }

  get weightsHash(): string {
    return this.#checkpoint.weightsHash
  }

  async run(batch: TokenBatch, outputs: readonly string[]): Promise<ReadonlyMap<string, FloatTensor>> {
    for (const output of outputs) if (output !== LOGITS && output !== LOSS_PER_TOKEN) this.#shapeOf(output)
    this.#checkTokens(batch)
    const session = await this.#session(outputs)
    return session.run({ tokens: batch.ids }, { tokens: [batch.rows, batch.length] })
  }

  async lossWith(batch: TokenBatch, hook: string, replacement: FloatTensor): Promise<FloatTensor> {
    const shape = [batch.rows, batch.length, ...this.#shapeOf(hook)]
    if (replacement.data.length !== elementCount(shape))
      throw new UsageError(
        'replacement-shape',
        `expected a replacement of ${hook} with [${shape.join(', ')}] values, found [${replacement.shape.join(', ')}]`,
      )
    this.#checkTokens(batch)
    const session = await this.#session([LOSS_PER_TOKEN], hook)
    const results = await session.run(
      { tokens: batch.ids, [REPLACEMENT]: replacement.data },
      { tokens: [batch.rows, batch.length], [REPLACEMENT]: shape },
    )
    return results.get(LOSS_PER_TOKEN)!
  }

  async logitEffects(hook: string, directions: FloatMatrix): Promise<FloatMatrix | null> {
    this.#shapeOf(hook)
    const graph = gpt2LogitEffectGraph(this.#checkpoint, this.#config, hook)
    if (graph === null) return null
    const session = await this.#open(`effects of ${hook}`, () => graph.encode())
    const { rows, columns } = directions
    const results = await session.run({ directions: directions.data }, { directions: [rows, columns] })
    const logits = results.get(LOGITS)!.data
    shiftRowsToMedianZero(logits, this.vocabularySize)
    return { rows, columns: this.vocabularySize, data: logits }
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).close()
    this.#sessions.clear()
    this.#checkpoint.close()
  }

  #shapeOf(hook: string): readonly number[] {
    const shape = this.hooks.get(hook)
    if (!shape)
      throw new UsageError('hook-unknown', unknownHookMessage(hook, [...this.hooks.keys()], this.name))
    return shape
  }

  #checkTokens(batch: TokenBatch): void {
    if (batch.rows === 0 || batch.length === 0)
      throw new UsageError(
        'tokens-invalid',
        'expected at least one sequence with at least one token, found none',
      )
    if (batch.length > this.maxPositions)
      throw new UsageError(
        'tokens-invalid',
        `expected at most ${this.maxPositions} tokens in a sequence (n_positions of ${this.name}), found ${batch.length}; cut the sequences`,
      )
    const foreign = batch.ids.find((id) => id < 0 || id >= this.vocabularySize)
    if (foreign !== undefined)
      throw new UsageError(
        'tokens-invalid',
        `expected token ids from 0 to ${this.vocabularySize - 1} (the vocabulary of ${this.name}), found ${foreign}`,
      )
  }

  async #session(outputs: readonly string[], replace?: string): Promise<ModelSession> {
    const sorted = [...new Set(outputs)].toSorted()
    return this.#open(`${sorted.join(' ')} with ${replace ?? 'nothing'} replaced`, () =>
      gpt2Graph(this.#checkpoint, this.#config, sorted, replace).encode(),
    )
  }

  async #open(key: string, graph: () => Uint8Array): Promise<ModelSession> {
    let session = this.#sessions.get(key)
    if (!session) {
      session = ModelSession.open(graph(), this.#checkpoint.weightsFolder)
      this.#sessions.set(key, session)
    }
    return session
  }
}

function unknownHookMessage(hook: string, hooks: readonly string[], model: string): string {
  const examples = hooks.filter((known) => known.endsWith(hook.split('.').at(-1) ?? hook))
  const listed = (examples.length ? examples : hooks).slice(0, 4).join(', ')
  return `expected a hook of ${model}, found ${JSON.stringify(hook)}; there are ${hooks.length} hooks, such as ${listed}`
}

/** Subtracts each row's median: the mean of the two middle values where the count is even. */
function shiftRowsToMedianZero(values: Float32Array, columns: number): void {
  const sorted = new Float32Array(columns)
  for (let start = 0; start < values.length; start += columns) {
    const row = values.subarray(start, start + columns)
    sorted.set(row)
    sorted.sort()
    const median = (sorted[(columns - 1) >> 1]! + sorted[columns >> 1]!) / 2
    for (let i = 0; i < columns; i++) row[i]! -= median
  }
}
