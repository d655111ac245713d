import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { bundledMigrations } from '../../src/cli/assets.ts'
import type { Example } from '../../src/core/records.ts'
import { CONTROLS } from '../../src/core/scores.ts'
import type {
  ControlRecord,
  ExplanationRecord,
  FeatureRecord,
  ScoreRecord,
  Store,
} from '../../src/core/store.ts'
import { TABLE_NAMES } from '../../src/export/tables.ts'
import { exportTables, type TableFormat } from '../../src/pipeline/export-tables.ts'
import { importTables } from '../../src/pipeline/import-tables.ts'
import { openOwnTables } from '../../src/pipeline/own-table-files.ts'
import type { Study } from '../../src/pipeline/study.ts'
import { openStore } from '../../src/store/sqlite-store.ts'

const MIGRATIONS = bundledMigrations()
const NOW = new Date('2026-01-02T03:04:05Z')
const VOCABULARY = [' a', 'b\n', '"', '=1', '\uFEFF', '日', '\u0000'].map((text) => Buffer.from(text))
/** Two halves of a character. */
VOCABULARY.push(Buffer.of(0xe2, 0x82), Buffer.of(0xac))

const text = fc.string({ unit: 'binary', maxLength: 12 })
const number = fc.double({ noNaN: true, noDefaultInfinity: true })
const maybe = fc.option(number, { nil: null })
const token = fc.nat(VOCABULARY.length - 1)
const effects = fc.array(fc.tuple(token, number), { maxLength: 3 })

const feature = fc.record({
  density: number,
  max: number,
  firings: fc.nat(),
  state: fc.constantFrom('alive', 'dead', 'tooRare'),
  tokenShare: maybe,
  singleToken: fc.constantFrom(null, true, false),
  histogram: fc.array(fc.nat(), { maxLength: 4 }),
  logits: fc.option(fc.record({ top: effects, bottom: effects }), { nil: null }),
})

const example = fc
  .record({
    use: fc.constantFrom('explain', 'score', 'choose'),
    slice: fc.constantFrom('top', 'interval 12', 'random', 'other', 'negative'),
    document: fc.nat(2),
    context: fc.nat(9),
    position: fc.nat(9),
    nominal: fc.nat(8),
    silent: fc.boolean(),
    window: fc.array(fc.tuple(token, number), { minLength: 1, maxLength: 4 }),
  })
  .map(({ window, ...one }): Example => ({
    ...one,
    tokens: window.map(([id]) => id),
    activations: window.map(([, value]) => value),
  }))

const score = fc.record({
  value: maybe,
  low: maybe,
  high: maybe,
  n: fc.nat(),
  flag: fc.constantFrom(null, 'constantPrediction'),
  ceiling: maybe,
  digitMass: maybe,
  tier: fc.constantFrom('table', 'promptLogprobs', 'integersSparse'),
  coverage: fc.dictionary(text, fc.tuple(fc.nat(9), fc.nat(9)), { maxKeys: 2 }),
  controls: fc
    .subarray([...CONTROLS])
    .map((names) => names.map((name) => ({ name, value: names.length / 7 }))),
})

const study = fc.array(
  fc.record({
    feature,
    examples: fc.array(example, { maxLength: 4 }),
    explanations: fc.array(
      fc.record({
        text: fc.option(text, { nil: null }),
        explainer: fc.constantFrom('pairs', 'table', 'mine'),
        scores: fc.array(score, { maxLength: 2 }),
      }),
      { maxLength: 3 },
    ),
  }),
  { minLength: 1, maxLength: 3 },
)
type Planted = typeof study extends fc.Arbitrary<infer Value> ? Value : never

/** A store with what was planted in it. */
function plant(features: Planted): Store {
  const store = openStore(':memory:', MIGRATIONS)
  const none = {
    weightsHash: null,
    protocol: null,
    protocolHash: null,
    prompt: null,
    promptHash: null,
    llm: null,
  }
  const provenanceId = store.provenance.put({
    version: '1',
    seed: 3,
    model: '=m',
    tokenizerHash: 't',
    corpusHash: 'c',
    setId: 's-1',
    setHash: 'h',
    ...none,
  })
  store.featureSets.put({
    id: 's-1',
    kind: 'sae',
    hook: 'hook',
    architecture: 'topk',
    features: features.length,
    dIn: 4,
    folder: 'features/s-1',
    metrics: null,
    provenanceId,
    shuffledSeed: null,
  })
  store.vocabulary.put('t', VOCABULARY)
  store.documents.put('c', [
    { name: 'x', register: null, tokens: 1 },
    { name: 'x', register: 'y', tokens: 1 },
    { name: '\u001B[1m', register: '=z', tokens: 1 },
  ])
  store.collections.put({
    setId: 's-1',
    corpusHash: 'c',
    tokenizerHash: 't',
    tokens: 1,
    eligible: 1,
    documents: 3,
    contexts: 10,
    contextLength: 64,
    entries: 1,
    bytes: 1,
    provenanceId,
  })
  store.tokenCounts.put('s-1', new Map([[2, 5]]))
  let serial = 0
  for (const [id, { feature: statistics, examples, explanations }] of features.entries()) {
    store.features.put('s-1', [{ id, ...statistics } satisfies FeatureRecord])
    const sample = { feature: id, state: statistics.state, singleToken: statistics.singleToken, examples }
    store.examples.putSample('s-1', 'monosemanticity', provenanceId, sample)
    for (const { text: words, explainer, scores } of explanations) {
      const explanation: ExplanationRecord = {
        id: `e${serial++}`,
        setId: 's-1',
        featureId: id,
        explainer,
        llm: explainer === 'pairs' ? 'llm' : null,
        text: words,
        problem: words === null ? 'unreadable' : null,
        requestHash: null,
        provenanceId,
      }
      store.explanations.put(explanation, NOW)
      for (const { controls, ...one } of scores) {
        const record: ScoreRecord = {
          ...one,
          id: `s${serial++}`,
          explanationId: explanation.id,
          scorer: 'simulation',
          protocol: 'monosemanticity',
          undefined: one.value === null ? 'lowCoverage' : null,
          failedCalls: 1,
          failedControlCalls: 2,
          unreadableCalls: 3,
          provenanceId,
        }
        const beside = controls.map(({ name, value }): ControlRecord => ({
          scoreId: record.id,
          name,
          value,
          gain: null,
          gainLow: null,
          gainHigh: null,
          p: null,
          partner: null,
        }))
        store.scores.put([record], beside)
      }
    }
  }
  return store
}

async function drain<Result>(events: AsyncGenerator<unknown, Result>): Promise<Result> {
  for (;;) {
    const next = await events.next()
    if (next.done) return next.value
  }
}

async function exportTo(store: Store, folder: string, format: TableFormat): Promise<void> {
  const wanted = {
    format,
    tables: TABLE_NAMES,
    columns: null,
    sets: store.featureSets.all(),
    selection: { kind: 'all' },
    scorers: null,
    minimum: null,
    seed: 0,
  } as const
  await drain(exportTables(store, wanted, folder, '1', new AbortController().signal))
}

/** A store into which an export was imported. */
async function importFrom(folder: string): Promise<Store> {
  const store = openStore(':memory:', MIGRATIONS)
  const into: Pick<Study, 'store' | 'now' | 'signal' | 'protocol'> = {
    store,
    now: () => NOW,
    signal: new AbortController().signal,
    protocol: { name: 'monosemanticity' } as Study['protocol'],
  }
  await drain(importTables(into as Study, openOwnTables(folder)))
  return store
}

const TABLES = ['features', 'explanations', 'scores', 'examples', 'vocabulary'] as const

it('whatever a study holds comes back, and an imported study is exported to the bytes that it was imported from', async () => {
  await fc.assert(
    fc.asyncProperty(study, fc.constantFrom('jsonl', 'parquet'), async (planted, format) => {
      const folder = mkdtempSync(join(tmpdir(), 'gloss-tables-'))
      const stores: Store[] = []
      try {
        const at = (name: string): string => join(folder, name)
        stores.push(plant(planted))
        await exportTo(stores[0]!, at('first'), format)
        await exportTo(stores[0]!, at('first-lines'), 'jsonl')
        stores.push(await importFrom(at('first')))
        await exportTo(stores[1]!, at('second'), 'jsonl')
        stores.push(await importFrom(at('second')))
        await exportTo(stores[2]!, at('third'), 'jsonl')
        const rows = (name: string, table: string): string =>
          readFileSync(at(`${name}/${table}.jsonl`), 'utf8')
        for (const table of TABLES) expect(rows('third', table), table).toBe(rows('second', table))
        // Names and ids aside, the rows are those of the study that was exported first.
        const neutral = (line: string): string =>
          line
            .replaceAll('imported-s-1', 's-1')
            .replaceAll('"set_kind":"imported"', '"set_kind":"sae"')
            .replaceAll(/"imported:(\w+)(?:[~+]\d+)?"/g, '"$1"')
            .replaceAll(/"(?:explanation|score)_id":"\w+"/g, '')
            .replaceAll(/"explanation_usd":(?:null|0)/g, '')
        const ordered = (name: string, table: string): string[] =>
          rows(name, table).split('\n').map(neutral).toSorted()
        for (const table of TABLES)
          expect(ordered('second', table), table).toEqual(ordered('first-lines', table))
      } finally {
        for (const store of stores) store.close()
        rmSync(folder, { recursive: true, force: true })
      }
    }),
    { numRuns: 25 },
  )
}, 120_000)
