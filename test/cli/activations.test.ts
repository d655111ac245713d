import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SafetensorsFile, writeSafetensors } from '../../src/core/safetensors.ts'
import { LOGITS, LOSS_PER_TOKEN } from '../../src/core/subject-model.ts'
import { bytesOf, type Dtype, type StoredTensor } from '../../src/core/tensor.ts'
import { relativeError } from '../support/close.ts'
import { FIXTURES, temporaryFolder, TINY_1L } from '../support/paths.ts'
import { gloss } from '../support/small-study.ts'

const GPT2 = join(FIXTURES, 'parity/gpt2')
const EXPECTED = join(GPT2, 'expected.safetensors')
const TOLERANCE = 2e-5
const POST = 'blocks.0.mlp.hook_post'

function readTensors(path: string): Map<string, StoredTensor> {
  const file = new SafetensorsFile(path)
  const tensors = new Map([...file.tensors.keys()].map((name) => [name, file.read(name)]))
  file.close()
  return tensors
}

function idsOf({ bytes }: StoredTensor): number[] {
  return Array.from(new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8), Number)
}

const expected = readTensors(EXPECTED)
const [ROWS, LENGTH] = expected.get('tokens')!.shape as [number, number]
const ids = idsOf(expected.get('tokens')!)
const rows = Array.from({ length: ROWS }, (_, row) => ids.slice(row * LENGTH, (row + 1) * LENGTH))

/** Runs the verb in an empty folder; `write` puts the token file there. */
async function activations(
  args: readonly string[],
  write: (folder: string) => void = () => {},
): Promise<Awaited<ReturnType<typeof gloss>> & { folder: string; out: string }> {
  const folder = temporaryFolder()
  write(folder)
  const outcome = await gloss(['activations', '--out', 'out.safetensors', ...args], { folder })
  return { ...outcome, folder, out: join(folder, 'out.safetensors') }
}

/** Checks a written file against the recorded values. */
function checkParity(path: string, names: readonly string[]): void {
  const written = readTensors(path)
  expect(idsOf(written.get('tokens')!)).toEqual(ids)
  const file = new SafetensorsFile(path)
  const recorded = new SafetensorsFile(EXPECTED)
  for (const name of names) {
    const [found, wanted] = [file.readFloat32(name), recorded.readFloat32(name)]
    expect(found.shape, name).toEqual(wanted.shape)
    expect(relativeError(found.data, wanted.data), name).toBeLessThan(TOLERANCE)
  }
  file.close()
  recorded.close()
}

describe('gloss activations', () => {
  it('writes every hook, logits and loss as transformers computes them, for tokens in JSON', async () => {
    const { code, stdout, stderr, out } = await activations(
      ['--model', GPT2, '--hook', 'all', '--tokens', 'tokens.json', '--json'],
      (folder) => writeFileSync(join(folder, 'tokens.json'), JSON.stringify(rows)),
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({ out, rows: ROWS, length: LENGTH })
    const names = [...expected.keys()].filter((name) => name !== 'tokens')
    expect(names).toEqual(expect.arrayContaining([POST, LOGITS, LOSS_PER_TOKEN]))
    checkParity(out, names)
    // Hooks that were not recorded are there too: two layers with nine each, and the embedding.
    expect(readTensors(out).size).toBe(1 + (1 + 2 * 9) + 2)
  })

  it.each<[Dtype, (values: readonly number[]) => Uint8Array]>([
    ['I64', (values) => bytesOf(BigInt64Array.from(values, BigInt))],
    ['I32', (values) => bytesOf(Int32Array.from(values))],
    ['U32', (values) => bytesOf(Uint32Array.from(values))],
    ['U16', (values) => bytesOf(Uint16Array.from(values))],
  ])('takes tokens from a safetensors file of %s, and writes what was asked for', async (dtype, encode) => {
    const { code, out, stderr } = await activations(
      ['--model', GPT2, '--hook', POST, 'blocks.1.hook_resid_post', '--tokens', 'tokens.safetensors'],
      (folder) =>
        writeSafetensors(join(folder, 'tokens.safetensors'), {
          tokens: { dtype, shape: [ROWS, LENGTH], bytes: encode(ids) },
        }),
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: `out.safetensors: ${ROWS} × ${LENGTH} tokens\n` })
    const names = [POST, 'blocks.1.hook_resid_post', LOGITS, LOSS_PER_TOKEN]
    checkParity(out, names)
    expect([...readTensors(out).keys()].toSorted()).toEqual(['tokens', ...names].toSorted())
  })

  it('computes for a text what it computes for its tokens', async () => {
    const text = 'GET /index.html HTTP/1.1\r\nHost: — 日本\n'
    const hooks = ['--model', 'tiny-1l', '--hook', 'all']
    const ofText = await activations([...hooks, '--text', text])
    expect(ofText.code).toBe(0)
    const fromText = readTensors(ofText.out)
    const tokens = idsOf(fromText.get('tokens')!)
    expect(tokens.length).toBeGreaterThan(10)
    const ofTokens = await activations([...hooks, '--tokens', 'tokens.json'], (folder) =>
      writeFileSync(join(folder, 'tokens.json'), JSON.stringify([tokens])),
    )
    expect(readTensors(ofTokens.out)).toEqual(fromText)
  })

  it('gives the bundled model the values that transformers computes for it', async () => {
    const path = join(TINY_1L, 'expected.safetensors')
    const { code, out } = await activations(['--model', TINY_1L, '--hook', POST, '--tokens', path])
    expect(code).toBe(0)
    const [found, wanted] = [new SafetensorsFile(out), new SafetensorsFile(path)]
    for (const name of [POST, LOGITS])
      expect(relativeError(found.readFloat32(name).data, wanted.readFloat32(name).data)).toBeLessThan(
        TOLERANCE,
      )
    found.close()
    wanted.close()
  })
})

describe('gloss activations refuses', () => {
  const withTokens = (content: string) => (folder: string) =>
    writeFileSync(join(folder, 'tokens.json'), content)

  it.each<[string, string, number, RegExp]>([
    [
      'rows of unequal length',
      '[[1, 2, 3], [4, 5]]',
      2,
      /tokens\.json: expected arrays of equal length, found lengths 3, 2$/m,
    ],
    ['what is no JSON', '[[1, 2', 1, /tokens\.json is no valid JSON; copy or download it again$/m],
    [
      'what is no array of arrays',
      '{"tokens": 1}',
      1,
      /tokens\.json does not have the expected form: .*array/,
    ],
    ['no rows', '[]', 1, /tokens\.json does not have the expected form: /],
    ['an empty row', '[[]]', 1, /tokens\.json does not have the expected form: /],
    [
      'a token that is no whole number',
      '[[1.5]]',
      1,
      /tokens\.json does not have the expected form: 0\.0: .*int/,
    ],
    [
      'a token beyond the vocabulary',
      '[[1, 380]]',
      2,
      /expected token ids from 0 to 379 \(the vocabulary of \S+\), found 380$/m,
    ],
    [
      'a token that would wrap around',
      '[[4294967297]]',
      2,
      /expected token ids of the model's vocabulary, found 4294967297$/m,
    ],
    ['a negative token', '[[1, -1]]', 2, /expected token ids from 0 to 379 .*, found -1$/m],
    [
      'more tokens than the model takes',
      JSON.stringify([Array<number>(65).fill(1)]),
      2,
      /expected at most 64 tokens in a sequence \(n_positions of \S+\), found 65; cut the sequences$/m,
    ],
  ])('%s, in one line, and writes nothing', async (_name, content, code, message) => {
    const outcome = await activations(
      ['--model', GPT2, '--hook', 'all', '--tokens', 'tokens.json'],
      withTokens(content),
    )
    expect(outcome.stderr).toMatch(/^gloss: [^\n]+\n$/)
    expect(outcome.stderr).toMatch(message)
    expect(outcome).toMatchObject({ code, stdout: '' })
    expect(readdirSync(outcome.folder)).toEqual(['tokens.json'])
  })

  it.each<[string, string[], RegExp]>([
    ['nothing to run on', [], /expected --text TEXT or --tokens FILE, found neither$/m],
    ['two things to run on', ['--text', 'a', '--tokens', 'b'], /option '--text <text>' cannot be used with /],
    ['an empty text', ['--text', ''], /expected a text with at least one token, found an empty one$/m],
    [
      'a file that holds no tokens',
      ['--tokens', join(GPT2, 'model.safetensors')],
      /expected a tensor tokens, found \d+ others; the file is incomplete or of another kind$/m,
    ],
  ])('%s', async (_name, args, message) => {
    const outcome = await activations(['--model', GPT2, '--hook', POST, ...args])
    expect(outcome.stderr).toMatch(/^gloss: [^\n]+\n$/)
    expect(outcome.stderr).toMatch(message)
    expect(outcome.code).toBeGreaterThan(0)
    expect(existsSync(outcome.out)).toBe(false)
  })

  it('an unknown hook, and names some that there are', async () => {
    const outcome = await activations(
      ['--model', GPT2, '--hook', 'blocks.9.mlp.hook_post', '--tokens', 'tokens.json'],
      withTokens('[[1, 2]]'),
    )
    expect(outcome.code).toBe(2)
    expect(outcome.stderr).toMatch(
      /^gloss: expected a hook of \S+, found "blocks\.9\.mlp\.hook_post"; there are 19 hooks, such as blocks\.0\.mlp\.hook_post, blocks\.1\.mlp\.hook_post\n$/,
    )
    expect(existsSync(outcome.out)).toBe(false)
  })
})
