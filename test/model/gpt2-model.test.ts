import { cpSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { DataError, UsageError } from '../../src/core/errors.ts'
import { SafetensorsFile, writeSafetensors } from '../../src/core/safetensors.ts'
import { LOGITS, LOSS_PER_TOKEN } from '../../src/core/subject-model.ts'
import {
  bytesOf,
  elementCount,
  type FloatTensor,
  type StoredTensor,
  type TokenBatch,
} from '../../src/core/tensor.ts'
import { Gpt2Model } from '../../src/model/gpt2-model.ts'
import { readTokens } from '../../src/pipeline/activations.ts'
import { relativeError } from '../support/close.ts'
import { FIXTURES, temporaryFolder, TINY_1L } from '../support/paths.ts'

const GPT2 = join(FIXTURES, 'parity/gpt2')
const POST = 'blocks.0.mlp.hook_post'
const open: Gpt2Model[] = []
afterAll(async () => {
  for (const model of open) await model.close()
})

function load(folder: string): Gpt2Model {
  const model = new Gpt2Model(folder, 'model')
  open.push(model)
  return model
}

function expectedOf(folder: string): { batch: TokenBatch; expected: Map<string, FloatTensor> } {
  const path = join(folder, 'expected.safetensors')
  const file = new SafetensorsFile(path)
  const names = [...file.tensors.keys()].filter((name) => name !== 'tokens')
  const expected = new Map(names.map((name) => [name, file.readFloat32(name)]))
  file.close()
  return { batch: readTokens(path), expected }
}

/** A copy of the GPT-2 fixture whose tensors went through a function. */
function rewritten(change: (name: string, tensor: StoredTensor) => StoredTensor | null): string {
  const folder = temporaryFolder()
  cpSync(GPT2, folder, { recursive: true })
  const file = new SafetensorsFile(join(GPT2, 'model.safetensors'))
  const changed: Record<string, StoredTensor> = {}
  for (const name of file.tensors.keys()) {
    const tensor = change(name, file.read(name))
    if (tensor) changed[name] = tensor
  }
  file.close()
  writeSafetensors(join(folder, 'model.safetensors'), changed)
  return folder
}

function withConfig(change: object): string {
  const folder = temporaryFolder()
  cpSync(GPT2, folder, { recursive: true })
  const path = join(folder, 'config.json')
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...change }))
  return folder
}

describe('a GPT-2 checkpoint', () => {
  it.each([
    ['the bundled model', TINY_1L],
    ['gpt2', GPT2],
    ['gpt2 in half precision under its old names', join(FIXTURES, 'parity/gpt2-f16')],
  ])('%s computes what transformers computes, at every hook', async (_name, folder) => {
    const { batch, expected } = expectedOf(folder)
    const results = await load(folder).run(batch, [...expected.keys()])
    expect(expected.size).toBeGreaterThan(6)
    for (const [name, tensor] of expected) {
      expect(results.get(name)!.shape, name).toEqual(tensor.shape)
      expect(relativeError(results.get(name)!.data, tensor.data), name).toBeLessThan(2e-5)
    }
  })

  it('has consistent hooks between the recorded ones', async () => {
    const { batch, expected } = expectedOf(GPT2)
    const model = load(GPT2)
    const hooks = [...model.hooks.keys()]
    expect(hooks).toHaveLength(1 + 2 * 9)
    const results = await model.run(batch, hooks)
    for (const [name, shape] of model.hooks)
      expect(results.get(name)!.shape).toEqual([batch.rows, batch.length, ...shape])
    for (const layer of [0, 1]) {
      const at = (hook: string): Float32Array => results.get(`blocks.${layer}.${hook}`)!.data
      const added = at('hook_resid_pre').map(
        (value, i) => value + expected.get(`blocks.${layer}.hook_attn_out`)!.data[i]!,
      )
      expect(relativeError(at('hook_resid_mid'), added)).toBeLessThan(2e-6)
      expect(
        relativeError(
          at('ln2.hook_normalized'),
          normalized(GPT2, `h.${layer}.ln_2`, at('hook_resid_mid'), 48, 1e-3),
        ),
      ).toBeLessThan(2e-5)
      expect(
        relativeError(
          at('ln1.hook_normalized'),
          normalized(GPT2, `h.${layer}.ln_1`, at('hook_resid_pre'), 48, 1e-3),
        ),
      ).toBeLessThan(2e-5)
    }
  })

  it('gives a row the same bits whatever the batch and the padding', async () => {
    const { batch } = expectedOf(GPT2)
    const model = load(GPT2)
    const whole = (await model.run(batch, [POST])).get(POST)!
    const perRow = whole.data.length / batch.rows
    const prefix = 20
    const alone = await model.run(
      { rows: 1, length: prefix, ids: batch.ids.slice(batch.length, batch.length + prefix) },
      [POST],
    )
    expect(alone.get(POST)!.data).toEqual(whole.data.slice(perRow, perRow + (perRow / batch.length) * prefix))
    const padded = new Int32Array(2 * batch.length).fill(0)
    padded.set(batch.ids.slice(0, prefix))
    const results = await model.run({ rows: 2, length: batch.length, ids: padded }, [POST])
    expect(results.get(POST)!.data.slice(0, (perRow / batch.length) * prefix)).toEqual(
      whole.data.slice(0, (perRow / batch.length) * prefix),
    )
  })

  it('reads bfloat16 weights', async () => {
    const truncated = (tensor: StoredTensor): StoredTensor => {
      const words = new Uint16Array(tensor.bytes.buffer, tensor.bytes.byteOffset, tensor.bytes.byteLength / 2)
      return {
        dtype: 'BF16',
        shape: tensor.shape,
        bytes: bytesOf(words.filter((_, index) => index % 2 === 1)),
      }
    }
    const asFloat = (tensor: StoredTensor): StoredTensor => {
      const words = new Uint16Array(tensor.bytes.slice().buffer)
      for (let i = 0; i < words.length; i += 2) words[i] = 0
      return { ...tensor, bytes: bytesOf(words) }
    }
    const { batch } = expectedOf(GPT2)
    const half = await load(rewritten((_, tensor) => truncated(tensor))).run(batch, [LOGITS])
    const full = await load(rewritten((_, tensor) => asFloat(tensor))).run(batch, [LOGITS])
    expect(half.get(LOGITS)!.data).toEqual(full.get(LOGITS)!.data)
  })

  it('reads shards through links, as hub caches lay them', async () => {
    const { batch, expected } = expectedOf(GPT2)
    const root = temporaryFolder()
    const [blobs, snapshot] = [join(root, 'blobs'), join(root, 'snapshots', 'main')]
    mkdirSync(blobs)
    mkdirSync(snapshot, { recursive: true })
    const file = new SafetensorsFile(join(GPT2, 'model.safetensors'))
    const names = [...file.tensors.keys()]
    const weightMap: Record<string, string> = {}
    for (const shard of [0, 1]) {
      const mine = names.filter((_, index) => index % 2 === shard)
      writeSafetensors(
        join(blobs, `blob${shard}`),
        Object.fromEntries(mine.map((name) => [name, file.read(name)])),
      )
      const link = `model-0000${shard + 1}-of-00002.safetensors`
      symlinkSync(join(blobs, `blob${shard}`), join(snapshot, link))
      for (const name of mine) weightMap[name] = link
    }
    file.close()
    writeFileSync(
      join(snapshot, 'model.safetensors.index.json'),
      JSON.stringify({ metadata: {}, weight_map: weightMap }),
    )
    cpSync(join(GPT2, 'config.json'), join(snapshot, 'config.json'))
    const results = await load(snapshot).run(batch, [LOGITS])
    expect(relativeError(results.get(LOGITS)!.data, expected.get(LOGITS)!.data)).toBeLessThan(2e-5)
  })

  it('runs on from a replaced hook', async () => {
    const { batch, expected } = expectedOf(GPT2)
    const model = load(GPT2)
    const same = await model.lossWith(batch, POST, expected.get(POST)!)
    expect(relativeError(same.data, expected.get(LOSS_PER_TOKEN)!.data)).toBeLessThan(2e-5)
    const zeros = {
      shape: expected.get(POST)!.shape,
      data: new Float32Array(expected.get(POST)!.data.length),
    }
    const zeroed = await model.lossWith(batch, POST, zeros)
    expect(relativeError(zeroed.data, expected.get(LOSS_PER_TOKEN)!.data)).toBeGreaterThan(0.01)
    await expect(model.lossWith(batch, POST, { shape: [1], data: new Float32Array(1) })).rejects.toThrow(
      'expected a replacement',
    )
  })

  it('has a different untied head where the configuration says so', async () => {
    const { batch } = expectedOf(GPT2)
    const head = (scale: number): string => {
      const folder = rewritten((_, tensor) => tensor)
      const file = new SafetensorsFile(join(folder, 'model.safetensors'))
      const tensors = Object.fromEntries([...file.tensors.keys()].map((name) => [name, file.read(name)]))
      const embedding = file.readFloat32('transformer.wte.weight')
      file.close()
      const scaled = embedding.data.map((value) => value * scale)
      writeSafetensors(join(folder, 'model.safetensors'), {
        ...tensors,
        'lm_head.weight': { dtype: 'F32', shape: embedding.shape, bytes: bytesOf(scaled) },
      })
      const config = join(folder, 'config.json')
      writeFileSync(
        config,
        JSON.stringify({
          ...(JSON.parse(readFileSync(config, 'utf8')) as object),
          tie_word_embeddings: false,
        }),
      )
      return folder
    }
    const once = (await load(head(1)).run(batch, [LOGITS])).get(LOGITS)!.data
    const twice = (await load(head(2)).run(batch, [LOGITS])).get(LOGITS)!.data
    expect(
      relativeError(
        twice,
        once.map((value) => 2 * value),
      ),
    ).toBeLessThan(1e-6)
  })
})

describe('logit effects', () => {
  it('are the direct path, folded and shifted to median 0', async () => {
    const model = load(GPT2)
    const directions = {
      rows: 2,
      columns: 192,
      data: Float32Array.from({ length: 384 }, (_, i) => Math.sin(i)),
    }
    const effects = await model.logitEffects(POST, directions)
    const file = new SafetensorsFile(join(GPT2, 'model.safetensors'))
    const read = (name: string): Float32Array => file.readFloat32(`transformer.${name}`).data
    const [projection, gain, embedding] = [
      read('h.0.mlp.c_proj.weight'),
      read('ln_f.weight'),
      read('wte.weight'),
    ]
    file.close()
    for (const row of [0, 1]) {
      const residual = Array.from({ length: 48 }, (_, j) =>
        sum(192, (i) => directions.data[row * 192 + i]! * projection[i * 48 + j]!),
      )
      const mean = sum(48, (j) => residual[j]!) / 48
      const logits = Array.from({ length: 380 }, (_, token) =>
        sum(48, (j) => (residual[j]! - mean) * gain[j]! * embedding[token * 48 + j]!),
      )
      const sorted = logits.toSorted((a, b) => a - b)
      const median = (sorted[189]! + sorted[190]!) / 2
      expect(
        relativeError(
          effects!.data.subarray(row * 380, (row + 1) * 380),
          logits.map((logit) => logit - median),
        ),
      ).toBeLessThan(2e-5)
    }
  })

  it('do not exist where no linear map leads to the residual stream', async () => {
    const directions = { rows: 1, columns: 48, data: new Float32Array(48) }
    expect(await load(GPT2).logitEffects('blocks.0.ln2.hook_normalized', directions)).toBeNull()
    expect(await load(GPT2).logitEffects('blocks.1.hook_resid_post', directions)).not.toBeNull()
  })
})

describe('a model that cannot be used', () => {
  it('says what is wrong with its files', () => {
    const cut = temporaryFolder()
    cpSync(GPT2, cut, { recursive: true })
    truncateSync(join(cut, 'model.safetensors'), 5000)
    expect(() => new Gpt2Model(cut, 'm')).toThrow(/is truncated: expected at least \d+ bytes, found 5000/)
    expect(() => new Gpt2Model(join(cut, 'nowhere'), 'm')).toThrow(UsageError)
    expect(() => new Gpt2Model(temporaryFolder(), 'm')).toThrow('expected the model configuration at')
    const bare = temporaryFolder()
    cpSync(join(GPT2, 'config.json'), join(bare, 'config.json'))
    expect(() => new Gpt2Model(bare, 'm')).toThrow(
      'expected model.safetensors or model.safetensors.index.json',
    )
  })

  it.each([
    [
      'an unknown architecture',
      { model_type: 'mamba' },
      'expected model_type "gpt2" in config.json, found "mamba"',
    ],
    ['no architecture', { model_type: undefined }, 'found none'],
    ['an unknown activation', { activation_function: 'swish2' }, 'activation_function'],
    ['heads that do not divide', { n_head: 5 }, 'expected n_embd to be a multiple of n_head, found 48 and 5'],
  ])('says so for %s', (_name, change, message) => {
    expect(() => new Gpt2Model(withConfig(change), 'm')).toThrow(message)
    expect(() => new Gpt2Model(withConfig(change), 'm')).toThrow(DataError)
  })

  it.each([
    [
      'a wrong shape',
      withWrongShape,
      /expected tensor transformer\.h\.0\.mlp\.c_fc\.weight of shape \[48, 192\], found \[192, 48\]/,
    ],
    [
      'a missing tensor',
      withoutTensor,
      /expected a tensor transformer\.h\.1\.ln_2\.bias in the weights, found none/,
    ],
    ['integer weights', withIntegers, /in F32, F16 or BF16, found I32/],
  ])('says so for %s, when it is first run', async (_name, make, message) => {
    const { batch } = expectedOf(GPT2)
    await expect(load(make()).run(batch, [LOGITS])).rejects.toThrow(message)
  })

  it('refuses unknown hooks, foreign tokens and sequences that are too long', async () => {
    const model = load(GPT2)
    const one = { rows: 1, length: 1, ids: Int32Array.of(1) }
    await expect(model.run(one, ['blocks.9.mlp.hook_post'])).rejects.toThrow(
      /expected a hook of model, found "blocks\.9\.mlp\.hook_post"; there are 19 hooks, such as blocks\.0\.mlp\.hook_post/,
    )
    await expect(model.run({ ...one, ids: Int32Array.of(380) }, [LOGITS])).rejects.toThrow(
      'expected token ids from 0 to 379',
    )
    await expect(model.run({ ...one, ids: Int32Array.of(-1) }, [LOGITS])).rejects.toThrow('found -1')
    await expect(model.run({ rows: 1, length: 65, ids: new Int32Array(65) }, [LOGITS])).rejects.toThrow(
      'expected at most 64 tokens',
    )
    await expect(model.run({ rows: 0, length: 0, ids: new Int32Array() }, [LOGITS])).rejects.toThrow(
      'at least one sequence',
    )
  })
})

function withWrongShape(): string {
  return rewritten((name, tensor) =>
    name.endsWith('h.0.mlp.c_fc.weight') ? { ...tensor, shape: tensor.shape.toReversed() } : tensor,
  )
}

function withoutTensor(): string {
  return rewritten((name, tensor) => (name.endsWith('h.1.ln_2.bias') ? null : tensor))
}

function withIntegers(): string {
  return rewritten((name, tensor) =>
    name.endsWith('ln_f.bias')
      ? { ...tensor, dtype: 'I32', bytes: new Uint8Array(4 * elementCount(tensor.shape)) }
      : tensor,
  )
}

function sum(count: number, of: (index: number) => number): number {
  let total = 0
  for (let index = 0; index < count; index++) total += of(index)
  return total
}

/** Layer norm in float64, with the checkpoint's gain and shift. */
function normalized(folder: string, name: string, x: Float32Array, width: number, epsilon: number): number[] {
  const file = new SafetensorsFile(join(folder, 'model.safetensors'))
  const gain = file.readFloat32(`transformer.${name}.weight`).data
  const shift = file.readFloat32(`transformer.${name}.bias`).data
  file.close()
  const out: number[] = []
  for (let start = 0; start < x.length; start += width) {
    const mean = sum(width, (i) => x[start + i]!) / width
    const variance = sum(width, (i) => (x[start + i]! - mean) ** 2) / width
    for (let i = 0; i < width; i++)
      out.push(((x[start + i]! - mean) / Math.sqrt(variance + epsilon)) * gain[i]! + shift[i]!)
  }
  return out
}
