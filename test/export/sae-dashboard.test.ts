import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/core/hash.ts'
import type { NeuronpediaActivation, NeuronpediaFeature } from '../../src/export/neuronpedia.ts'
import {
  dashboardBatch,
  dashboardFeature,
  runSettings,
  skippedIndexes,
} from '../../src/export/sae-dashboard.ts'
import { readDashboardBatch } from '../../src/import/sae-dashboard.ts'
import { FIXTURES } from '../support/paths.ts'

/** What sae-dashboard 0.8.0 wrote itself. */
const fixture = (name: string): Json =>
  JSON.parse(readFileSync(join(FIXTURES, 'imports', 'sae-dashboard', name), 'utf8')) as Json

const SOURCE = { modelId: 'tiny', layer: '3-set' }
const CORPUS = { contexts: 40, contextLength: 64, dataset: 'corpus' }
const FEATURE: NeuronpediaFeature = {
  index: 7,
  density: 0.25,
  max: 4,
  hookName: 'blocks.3.hook_resid_post',
  histogram: [3, 1],
  top: [['a', 1.5]],
  bottom: [['b', -1.5]],
}
const record = (
  slice: NeuronpediaActivation['slice'],
  bin: NeuronpediaActivation['bin'],
): NeuronpediaActivation => ({
  index: 7,
  slice,
  tokens: [slice, 'x'],
  values: [0, 1],
  qualifying: 1,
  bin,
})
const RECORDS = [
  record('interval 1', [0, 2, 0.75]),
  record('random', null),
  record('interval 2', [2, 4, 0.25]),
  record('other', null),
  record('top', null),
]

/** Keys in their order, and the types of values; of a list, those of its first element. */
function shapeOf(value: Json): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0] as Json)]
  if (value === null || typeof value !== 'object') return typeof value
  return Object.entries(value).map(([key, member]) => [key, shapeOf(member)])
}

/** Whether a value has the keys, order and types of what the writer itself wrote; an empty list or null is of any type. */
function expectShape(ours: unknown, theirs: unknown, path: string): void {
  if (!Array.isArray(theirs) || !Array.isArray(ours)) {
    if (ours === 'object' || theirs === 'object') return
    expect(ours, path).toEqual(theirs)
    return
  }
  if (ours.length === 0 || theirs.length === 0) return
  const keyed = (list: unknown[]): boolean =>
    Array.isArray(list[0]) && typeof list[0][0] === 'string' && list[0].length === 2
  if (!keyed(theirs)) return expectShape(ours[0], theirs[0], `${path}[]`)
  const [mine, others] = [ours as [string, unknown][], theirs as [string, unknown][]]
  expect(
    mine.map(([key]) => key),
    path,
  ).toEqual(others.map(([key]) => key))
  for (const [at, [key, value]] of mine.entries()) expectShape(value, others[at]![1], `${path}.${key}`)
}

describe("sae-dashboard's files", () => {
  const feature = dashboardFeature(FEATURE, RECORDS, CORPUS) as Record<string, Json>

  it('have the keys, order and types of its own', () => {
    expectShape(shapeOf(dashboardBatch(SOURCE, [feature])), shapeOf(fixture('batch-2.json')), 'batch')
    expectShape(shapeOf(skippedIndexes(SOURCE, [1])), shapeOf(fixture('skipped_indexes.json')), 'skipped')
    const run = { ...CORPUS, batches: 1, top: 16, perInterval: 4, intervals: 12 }
    expectShape(shapeOf(runSettings(SOURCE, run)), shapeOf(fixture('run_settings.json')), 'settings')
    const missing = { ...feature }
    delete missing['vector']
    expect(() =>
      expectShape(
        shapeOf(missing),
        shapeOf((fixture('batch-2.json') as { features: Json[] }).features[0]!),
        'x',
      ),
    ).toThrow()
  })

  it('hold the strongest, then intervals from the highest down, with shares of all tokens', () => {
    const activations = feature['activations'] as Record<string, Json>[]
    expect(
      activations.map(({ tokens, bin_min, bin_max, bin_contains }) => [
        (tokens as string[])[0],
        bin_min,
        bin_max,
        bin_contains,
      ]),
    ).toEqual([
      ['top', -1, 4, -1],
      ['interval 2', 2, 4, 0.0625],
      ['interval 1', 0, 2, 0.9375],
    ])
    expect(feature['freq_hist_data_bar_values']).toEqual([1, 3])
  })

  it('have nothing to draw of a feature that never fires, as its own have not', () => {
    const dead = dashboardFeature({ ...FEATURE, density: 0, max: 0, histogram: [0, 0] }, [], CORPUS)
    expect(dead).toMatchObject({
      freq_hist_data_bar_values: [],
      freq_hist_data_bar_heights: [],
      activations: [],
    })
  })

  it('are read back by our reader of its files', () => {
    const text = JSON.stringify(dashboardBatch(SOURCE, [feature]))
    expect(readDashboardBatch(text, 'batch')).toMatchObject({
      model: 'tiny',
      hook: '3-set',
      features: [
        { index: 7, density: 0.25, firings: 4, logits: { top: FEATURE.top, bottom: FEATURE.bottom } },
      ],
    })
  })
})
