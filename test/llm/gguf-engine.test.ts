import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SafetensorsFile } from '../../src/core/safetensors.ts'
import { GgufEngine } from '../../src/llm/gguf-engine.ts'
import { readGgufHeader } from '../../src/llm/gguf-header.ts'
import { loadLlamaLibrary } from '../../src/llm/llama-library.ts'
import { SMALL_MODEL_FOLDER, smallModel } from '../support/small-model.ts'

const MINUTES = 60_000
const EXPECTED = join(SMALL_MODEL_FOLDER, 'expected.safetensors')

const model = smallModel()
const missing =
  'missing' in model ? model.missing : existsSync(EXPECTED) ? null : 'the reference values are not there'
const skipped = missing === null ? '' : ` (skipped: ${missing})`

/** Natural log of the probability that transformers gives each of three texts' tokens, in 32-bit floats. */
function reference(): { readonly texts: string[]; readonly tokens: number[][]; readonly losses: number[][] } {
  const file = new SafetensorsFile(EXPECTED)
  const bytesOf = (name: string): ArrayBuffer => Uint8Array.from(file.read(name).bytes).buffer
  const rows = <Value>(values: Value[]): Value[][] =>
    [0, 1, 2].map((row) => values.slice((row * values.length) / 3, ((row + 1) * values.length) / 3))
  const tokens = rows([...new BigInt64Array(bytesOf('tokens'))].map(Number))
  const losses = rows([...new Float32Array(bytesOf('loss_per_token'))])
  const texts = JSON.parse(file.metadata['texts']!) as string[]
  file.close()
  return { texts, tokens, losses }
}

describe.skipIf(missing !== null)(`the engine against transformers on the same weights${skipped}`, () => {
  it(
    'cuts texts alike, and believes in their tokens alike',
    async () => {
      const { texts, tokens, losses } = reference()
      const { path } = model as { path: string }
      const engine = await GgufEngine.open({
        ...readGgufHeader(path),
        library: await loadLlamaLibrary(),
        path,
        memory: Number.POSITIVE_INFINITY,
        threads: 1,
      })
      // The third text is a chat, with special tokens.
      for (const row of [0, 1]) expect(engine.tokenize(texts[row]!).slice(0, 40)).toEqual(tokens[row])
      for (const [row, ids] of tokens.entries()) {
        const places = new Map(ids.map((id, index): [number, number[]] => [index, [id]]).slice(1))
        const found = await engine.probabilities(ids, places)
        const own = ids.slice(1).map((id, index) => {
          return -found.get(index + 1)!.find((one) => one.id === id)!.logprob
        })
        const differences = own.map((loss, index) => Math.abs(loss - losses[row]![index]!))
        // llama.cpp rounds activations to 8 bits in front of a quantised matrix.
        expect(mean(differences)).toBeLessThan(0.1)
        expect(Math.abs(mean(own) - mean(losses[row]!))).toBeLessThan(0.05)
      }
      await engine.close()
    },
    3 * MINUTES,
  )
})

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
