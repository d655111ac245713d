import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DataError } from '../../src/core/errors.ts'
import { readNeuronRecord } from '../../src/import/neuron-record.ts'
import { readNeuronpedia } from '../../src/import/neuronpedia.ts'
import { readDashboardBatch } from '../../src/import/sae-dashboard.ts'
import { ByteLevelTokenizer } from '../../src/model/tokenizer.ts'
import { readImport } from '../../src/pipeline/import-files.ts'
import { FIXTURES, ROOT } from '../support/paths.ts'

/** Files that the tools themselves wrote, with what is true of them; not part of the repository. */
const IMPORTS = join(ROOT, '..', 'shared', 'imports')
const reason = existsSync(IMPORTS) ? '' : ' (skipped: ../shared/imports is not there)'

function text(...path: string[]): string {
  return readFileSync(join(...path), 'utf8')
}

function largest(values: Iterable<number>): number {
  let most = Number.NEGATIVE_INFINITY
  for (const value of values) most = Math.max(most, value)
  return most
}

describe.skipIf(reason !== '')(`files that other tools wrote${reason}`, () => {
  it('NeuronRecord: counts, maxima and tokens', () => {
    interface Expected {
      file: string
      kind: string
      top: number
      random: number
      quantiles: number[] | null
      max_activation: number
      first_top_tokens: string[]
      argmax_of_first_top: number
      negative_share: number
    }
    const expected = JSON.parse(text(IMPORTS, 'neuronrecord', 'expected.json')) as Expected[]
    expect(expected).toHaveLength(3)
    for (const wanted of expected) {
      const file = readNeuronRecord(text(IMPORTS, 'neuronrecord', wanted.file), wanted.file)
      const [layer, name] = wanted.file.split('/')
      expect(file.hook).toBe(`blocks.${layer}.mlp.hook_post`)
      const [{ records, index, density }] = file.features as [(typeof file.features)[0]]
      expect(index).toBe(Number.parseInt(name!, 10))
      const quantiles = (wanted.quantiles ?? []).reduce((sum, count) => sum + count, 0)
      expect(records).toHaveLength(wanted.top + quantiles + wanted.random)
      expect(records.filter(({ random }) => random)).toHaveLength(wanted.random)
      const top = records.slice(0, wanted.top)
      expect(largest(top.flatMap(({ activations }) => activations))).toBe(wanted.max_activation)
      expect(top[0]!.tokens.slice(0, 8)).toEqual(wanted.first_top_tokens)
      expect(top[0]!.activations.indexOf(largest(top[0]!.activations))).toBe(wanted.argmax_of_first_top)
      const atRandom = records.filter(({ random }) => random).flatMap(({ activations }) => activations)
      expect(density).toBe(atRandom.filter((activation) => activation > 0).length / atRandom.length)
    }
  })

  it('SAEDashboard: every feature of every batch', () => {
    interface Expected {
      batches: string[]
      features: Record<
        string,
        {
          batch: string
          activation_records: number
          lengths: number[]
          max_value_in_file: number
          frac_nonzero_in_file: number
        }
      >
    }
    const expected = JSON.parse(text(IMPORTS, 'sae-dashboard', 'expected.json')) as Expected
    let read = 0
    for (const batch of expected.batches) {
      const file = readDashboardBatch(text(IMPORTS, 'sae-dashboard', batch), batch)
      expect(file).toMatchObject({ model: 'tiny-random-gpt2', hook: '1-tiny-res' })
      for (const { index, records, density } of file.features) {
        const wanted = expected.features[String(index)]!
        expect(wanted.batch).toBe(batch)
        expect(records).toHaveLength(wanted.activation_records)
        expect([...new Set(records.map(({ tokens }) => tokens.length))]).toEqual(wanted.lengths)
        expect(largest(records.flatMap(({ activations }) => activations))).toBe(wanted.max_value_in_file)
        expect(density).toBe(wanted.frac_nonzero_in_file)
        read++
      }
    }
    expect(read).toBe(Object.keys(expected.features).length)
  })

  it.each(['h.0', 'h.1.mlp'])('delphi: every listed activation of %s', (module) => {
    interface Expected {
      width: number
      contexts: number
      ctx_len: number
      nonzero_total: number
      latents_that_fire: number
      sum_f16: number
      per_latent: Record<string, { count: number; max_f16: number }>
      triples: Record<string, [number, number, number][]>
      first_tokens: number[]
      first_tokens_text: string[]
      last_tokens: number[]
    }
    const { modules } = JSON.parse(text(IMPORTS, 'delphi-cache', 'expected.json')) as {
      modules: Record<string, Expected>
    }
    const wanted = modules[module]!
    const folder = join(IMPORTS, 'delphi-cache', module)
    const source = readImport(folder, 'delphi', null, (at) => new ByteLevelTokenizer(at))
    if (source.kind !== 'cache') throw new Error('expected a cache')
    expect(source.features).toBe(wanted.width)
    const firings = new Map(source.shards.flatMap((shard) => [...shard.firings]))
    for (const { contexts, length } of source.shards)
      expect([contexts, length]).toEqual([wanted.contexts, wanted.ctx_len])
    expect(firings.size).toBe(wanted.latents_that_fire)
    let total = 0
    let sum = 0
    for (const [feature, { places, activations }] of firings) {
      total += places.length
      for (const activation of activations) sum += activation
      const { count, max_f16: max } = wanted.per_latent[String(feature)]!
      expect([places.length, largest(activations)]).toEqual([count, max])
    }
    expect(total).toBe(wanted.nonzero_total)
    expect(sum).toBeCloseTo(wanted.sum_f16, 3)
    expect(Object.keys(wanted.triples).length).toBeGreaterThan(5)
    for (const [feature, triples] of Object.entries(wanted.triples)) {
      const { places, activations } = firings.get(Number(feature))!
      expect(
        Array.from(places, (place, at) => [
          Math.floor(place / wanted.ctx_len),
          place % wanted.ctx_len,
          activations[at],
        ]),
      ).toEqual(triples)
    }
    const { tokens } = source.shards[0]!
    expect(Array.from(tokens.slice(0, wanted.first_tokens.length))).toEqual(wanted.first_tokens)
    expect(Array.from(tokens.slice(-wanted.last_tokens.length))).toEqual(wanted.last_tokens)
    expect(wanted.first_tokens.map((id) => Buffer.from(source.vocabulary[id]!).toString('utf8'))).toEqual(
      wanted.first_tokens_text,
    )
  })
})

describe('files that are damaged', () => {
  const neuron = text(FIXTURES, 'imports', 'neuron-record', '17.json')
  const batch = text(FIXTURES, 'imports', 'sae-dashboard', 'batch-2.json')

  it.each([
    ['cut short', (): unknown => readNeuronRecord(neuron.slice(0, 5000), 'a.json'), 'json-malformed'],
    ['of another kind', (): unknown => readNeuronRecord(batch, 'a.json'), 'json-schema'],
    [
      'with fewer values than tokens',
      (): unknown =>
        readDashboardBatch(
          batch.replace('"values":[0.0,', '"values":[').replace('"values": [0.0,', '"values": ['),
          'b.json',
        ),
      'json-schema',
    ],
    [
      'with an index that is none',
      (): unknown =>
        readNeuronpedia(
          { features: ['{"modelId":"m","layer":"0-x","index":"-1"}'], activations: [], explanations: [] },
          'c',
        ),
      'json-schema',
    ],
  ])('%s: say so', (_name, read, code) => {
    expect(read).toThrow(DataError)
    expect(read).toThrow(expect.objectContaining({ code }))
  })
})
