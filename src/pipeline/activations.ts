import { UsageError } from '../core/errors.ts'
import { readText } from '../core/files.ts'
import { parseJson } from '../core/parse.ts'
import { SafetensorsFile, SafetensorsWriter, type TensorPlan } from '../core/safetensors.ts'
import { LOGITS, LOSS_PER_TOKEN, type SubjectModel, type Tokenizer } from '../core/subject-model.ts'
import { bytesOf, elementCount, type TokenBatch } from '../core/tensor.ts'
import { z } from 'zod'

/** Tokens that the model sees at once. */
const TOKENS_PER_BATCH = 4096

/** Stands for every hook of the model. */
export const ALL_HOOKS = 'all'

/**
 * Runs sequences through the model and writes `tokens` (I64 [rows, length]), the asked hooks, `logits` and
 * `loss_per_token` (F32) as one safetensors file. Yields the number of finished sequences.
 * @throws {UsageError} `hook-unknown`, `tokens-invalid`
 */
export async function* writeActivations(
  model: SubjectModel,
  batch: TokenBatch,
  hooks: readonly string[],
  path: string,
): AsyncGenerator<{ done: number; total: number }> {
  const named = hooks.includes(ALL_HOOKS) ? [...model.hooks.keys()] : [...new Set(hooks)]
  const outputs = [...named, LOGITS, LOSS_PER_TOKEN]
  const rowShapes = new Map(outputs.map((name) => [name, rowShape(model, name, batch.length)]))
  const perBatch = Math.max(1, Math.floor(TOKENS_PER_BATCH / batch.length))
  // The first run checks hooks and tokens, before a file is made.
  const firstCount = Math.min(perBatch, batch.rows)
  let results = await model.run(rowsOf(batch, 0, firstCount), outputs)

  const plan: TensorPlan = {
    tokens: { dtype: 'I64', shape: [batch.rows, batch.length] },
    ...Object.fromEntries(
      outputs.map((name) => [name, { dtype: 'F32' as const, shape: [batch.rows, ...rowShapes.get(name)!] }]),
    ),
  }
  const writer = new SafetensorsWriter(path, plan)
  try {
    writer.write('tokens', bytesOf(BigInt64Array.from(batch.ids, BigInt)))
    for (let first = 0; first < batch.rows; first += perBatch) {
      const count = Math.min(perBatch, batch.rows - first)
      if (first > 0) results = await model.run(rowsOf(batch, first, count), outputs)
      for (const name of outputs)
        writer.write(name, bytesOf(results.get(name)!.data), 4 * first * elementCount(rowShapes.get(name)!))
      yield { done: first + count, total: batch.rows }
    }
    writer.commit()
  } catch (error) {
    writer.abandon()
    throw error
  }
}

/** The token ids of a text as one sequence; nothing is added. */
export function tokensOfText(tokenizer: Tokenizer, text: string): TokenBatch {
  const ids = Int32Array.from(tokenizer.encode(text))
  if (ids.length === 0)
    throw new UsageError('tokens-invalid', 'expected a text with at least one token, found an empty one')
  return { rows: 1, length: ids.length, ids }
}

const jsonTokens = z.array(z.array(z.int()).min(1)).min(1)

/**
 * Token ids from a file: JSON, an array of equally long arrays, or safetensors with an integer tensor `tokens`
 * [rows, length].
 * @throws {UsageError} `tokens-invalid`, `file-missing`
 */
export function readTokens(path: string): TokenBatch {
  return path.endsWith('.safetensors') ? readTensorTokens(path) : readJsonTokens(path)
}

function readJsonTokens(path: string): TokenBatch {
  const rows = parseJson(readText(path, 'token ids'), jsonTokens, path)
  const length = rows[0]!.length
  if (rows.some((row) => row.length !== length))
    throw new UsageError(
      'tokens-invalid',
      `${path}: expected arrays of equal length, found lengths ${[...new Set(rows.map((row) => row.length))].join(', ')}`,
    )
  return { rows: rows.length, length, ids: tokenIds(path, rows.flat()) }
}

/** What does not fit 32 bits is out of any vocabulary, and must not wrap around into one. */
function tokenIds(path: string, values: ArrayLike<number>): Int32Array {
  const ids = Int32Array.from(values)
  const wrong = ids.findIndex((id, index) => id !== values[index])
  if (wrong >= 0)
    throw new UsageError(
      'tokens-invalid',
      `${path}: expected token ids of the model's vocabulary, found ${values[wrong]}`,
    )
  return ids
}

function readTensorTokens(path: string): TokenBatch {
  const file = new SafetensorsFile(path)
  try {
    const { dtype, shape, bytes } = file.read('tokens')
    const [rows, length] = shape
    if (shape.length !== 2 || !rows || !length)
      throw new UsageError(
        'tokens-invalid',
        `${path}: expected tokens of shape [rows, length], found [${shape.join(', ')}]`,
      )
    const { buffer } = bytes
    switch (dtype) {
      case 'I64':
        return { rows, length, ids: tokenIds(path, Array.from(new BigInt64Array(buffer), Number)) }
      case 'I32':
        return { rows, length, ids: new Int32Array(buffer) }
      case 'U32':
        return { rows, length, ids: tokenIds(path, new Uint32Array(buffer)) }
      case 'U16':
        return { rows, length, ids: Int32Array.from(new Uint16Array(buffer)) }
      default:
        throw new UsageError(
          'tokens-invalid',
          `${path}: expected integer tokens (I64, I32, U32 or U16), found ${dtype}`,
        )
    }
  } finally {
    file.close()
  }
}

function rowsOf({ length, ids }: TokenBatch, first: number, rows: number): TokenBatch {
  return { rows, length, ids: ids.slice(first * length, (first + rows) * length) }
}

function rowShape(model: SubjectModel, output: string, length: number): number[] {
  if (output === LOGITS) return [length, model.vocabularySize]
  if (output === LOSS_PER_TOKEN) return [length - 1]
  return [length, ...(model.hooks.get(output) ?? [])]
}
