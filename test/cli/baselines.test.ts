import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { glossHere } from '../support/in-process.ts'
import { copyOf } from '../support/paths.ts'
import {
  contentOf,
  gloss,
  query,
  sharedStudy,
  smallStudy,
  tablesOf,
  writeSmallStudy,
} from '../support/small-study.ts'

/** 128 units, negative on about half of the tokens. */
const HOOK = 'blocks.0.hook_mlp_out'
const KINDS = ['sae', 'neurons', 'random', 'shuffled'] as const

const setSchema = z.strictObject({
  set: z.string(),
  kind: z.enum(KINDS),
  hook: z.literal(HOOK),
  features: z.number(),
  current: z.boolean(),
  scored: z.number(),
  median: z.number().nullable(),
})
const interval = z.strictObject({ low: z.number(), high: z.number() }).nullable()
const comparedSchema = z.looseObject({
  set: z.string(),
  kind: z.string(),
  n: z.number(),
  clusters: z.number(),
})
const comparisonSchema = z.strictObject({
  sets: z.tuple([comparedSchema, comparedSchema]),
  delta: z.strictObject({ value: z.number(), interval }),
  matched: z
    .strictObject({
      value: z.number(),
      interval,
      strata: z.number(),
      features: z.tuple([z.number(), z.number()]),
    })
    .nullable(),
  aboveMedian: z.number(),
  mannWhitney: z.strictObject({ u: z.number(), p: z.number() }).nullable(),
  sameCorpus: z.literal(true),
})
const statusSchema = z.looseObject({
  set: z.string(),
  features: z.number(),
  scored: z.number(),
  dead: z.number(),
  tooRare: z.number(),
  score: z.looseObject({ median: z.number() }),
  sets: z.array(setSchema),
  against: comparisonSchema.optional(),
  registerScores: z
    .array(
      z.strictObject({
        register: z.string().nullable(),
        features: z.number(),
        scored: z.number(),
        score: z.looseObject({ median: z.number(), n: z.number() }).nullable(),
        shuffled: z.number().nullable(),
        gain: z.number().nullable(),
        tokenShare: z.number().nullable(),
      }),
    )
    .optional(),
})

async function statusOf(folder: string, ...flags: string[]): Promise<z.infer<typeof statusSchema>> {
  const { stdout, stderr } = await glossHere(['status', '--json', ...flags], { folder })
  expect(stderr).toBe('')
  return statusSchema.parse(JSON.parse(stdout))
}

/** A study with all kinds of sets, each made by one command; the last is the current one. */
async function runAllKinds(folder: string): Promise<void> {
  for (const kind of KINDS) {
    const { code, stderr } = await gloss(['run', '--quiet', '--kind', kind], { folder })
    expect(stderr).toBe('')
    expect(code).toBe(0)
  }
}

describe('a study with its baselines', () => {
  const folder = sharedStudy(['run'], (empty) => void writeSmallStudy(empty, { hook: HOOK }))
  beforeAll(() => runAllKinds(folder), 900_000)

  it('has every kind of set, scored like any other, by one command each', { timeout: 240_000 }, async () => {
    const { sets, set } = await statusOf(folder)
    expect(sets.map(({ kind }) => kind).toSorted()).toEqual([...KINDS].toSorted())
    for (const one of sets) {
      expect(one.features).toBe(one.kind === 'neurons' ? 128 : 96)
      expect(one.scored, one.kind).toBeGreaterThan(20)
      expect(one.median, one.kind).not.toBeNull()
      expect(one.set.startsWith(one.kind === 'sae' ? 'topk-' : `${one.kind}-`)).toBe(true)
    }
    expect(sets.filter(({ current }) => current)).toMatchObject([{ set, kind: 'shuffled' }])
  })

  it('shows each of them by name, and changes nothing by looking', { timeout: 240_000 }, async () => {
    const before = tablesOf(folder)
    const { sets, set: current } = await statusOf(folder)
    for (const { set, kind, features, scored, median } of sets) {
      const shown = await statusOf(folder, '--set', kind)
      expect(shown).toMatchObject({ set, features, scored, score: { median } })
    }
    const feature = query(folder, `SELECT feature_id FROM explanation WHERE set_id GLOB 'neurons-*'`)[0]!
    const { stdout } = await glossHere(
      ['show', String(feature['feature_id']), '--set', 'neurons', '--json'],
      {
        folder,
      },
    )
    expect(JSON.parse(stdout)).toMatchObject({ set: { kind: 'neurons' } })
    expect(tablesOf(folder)).toBe(before)
    expect((await statusOf(folder)).set).toBe(current)
  })

  it('says where each set comes from', { timeout: 240_000 }, async () => {
    const rows = query(
      folder,
      `SELECT kind, architecture, shuffled_seed AS shuffled, model, weights_hash AS weights, set_hash AS own
       FROM feature_set JOIN provenance ON provenance.id = provenance_id ORDER BY feature_set.id`,
    )
    const [neurons, random, shuffled, sae] = rows as [object, object, object, Record<string, unknown>]
    expect(neurons).toMatchObject({ kind: 'neurons', architecture: 'neurons', shuffled: null })
    expect(random).toMatchObject({ kind: 'random', shuffled: null, weights: sae['weights'] })
    expect(shuffled).toMatchObject({ kind: 'sae', architecture: 'topk', shuffled: 0 })
    expect(shuffled).toMatchObject({ model: 'tiny-1l with weights shuffled by seed 0' })
    expect((shuffled as Record<string, unknown>)['weights']).not.toBe(sae['weights'])
    expect(new Set(rows.map(({ own }) => own)).size).toBe(4)
  })

  it('has random directions as dense as the features', { timeout: 240_000 }, async () => {
    const densities = (set: string): number[] =>
      query(
        folder,
        `SELECT density FROM feature WHERE set_id GLOB '${set}-*' AND firings > 0 ORDER BY id`,
      ).map(({ density }) => Number(density))
    const [own, random] = [densities('topk'), densities('random')]
    expect(random.length).toBe(96)
    // Thresholds come from the tokens of one chunk, densities from the whole corpus.
    const ratios = own.map((density, j) => random[j]! / density).toSorted((a, b) => a - b)
    const middle = ratios[Math.floor(ratios.length / 2)]!
    expect(middle).toBeGreaterThan(0.8)
    expect(middle).toBeLessThan(1.25)
  })

  it('compares sets, the other way round with the other sign', { timeout: 240_000 }, async () => {
    const { against } = await statusOf(folder, '--set', 'sae', '--against', 'neurons')
    const turned = (await statusOf(folder, '--set', 'neurons', '--against', 'sae')).against!
    expect(against!.sets.map(({ kind }) => kind)).toEqual(['sae', 'neurons'])
    expect(turned.delta.value).toBeCloseTo(-against!.delta.value, 12)
    expect(turned.matched!.value).toBeCloseTo(-against!.matched!.value, 12)
    expect(turned.mannWhitney!.p).toBe(against!.mannWhitney!.p)
    const { low, high } = against!.delta.interval!
    expect(low).toBeLessThanOrEqual(against!.delta.value)
    expect(high).toBeGreaterThanOrEqual(against!.delta.value)
    const [own, other] = against!.sets
    expect(own.clusters).toBeLessThanOrEqual(own.n)
    expect(other.clusters).toBeLessThanOrEqual(other.n)
    expect((await statusOf(folder, '--set', 'sae', '--against', 'neurons')).against).toEqual(against)

    const { stdout } = await glossHere(['status', '--set', 'sae', '--against', 'neurons'], { folder })
    expect(stdout).toMatch(/features against neurons: δ \S+ \[\S+ \S+\] at matched density and token share/)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('has scores by register, each feature once', { timeout: 240_000 }, async () => {
    const { registerScores, features, dead, tooRare, scored } = await statusOf(folder, '--registers')
    const sum = (of: (row: NonNullable<typeof registerScores>[number]) => number): number =>
      registerScores!.reduce((total, row) => total + of(row), 0)
    expect(sum((row) => row.features)).toBe(features - dead - tooRare)
    expect(sum((row) => row.scored)).toBe(scored)
    expect(registerScores!.length).toBeGreaterThan(2)
    for (const row of registerScores!) expect(row.score === null).toBe(row.scored < 5)
    const { stdout } = await glossHere(['status', '--registers'], { folder })
    expect(stdout).toMatch(/^ register +features +scored +median ρ/m)
  })

  it('works on a set that is named, and makes it the current one', { timeout: 240_000 }, async () => {
    const copy = copyOf(folder)
    const before = tablesOf(copy)
    const { code, stderr } = await gloss(['run', '--set', 'neurons'], { folder: copy })
    expect(code).toBe(0)
    expect(stderr.match(/already done/g)).toHaveLength(6)
    expect(tablesOf(copy)).toBe(before)
    expect(await statusOf(copy)).toMatchObject({ features: 128 })
    // Without a name, run is about the set that the settings lead to.
    expect((await gloss(['run', '--quiet'], { folder: copy })).code).toBe(0)
    expect((await statusOf(copy)).set).toMatch(/^topk-96-/)
  })

  it('makes the shuffled model again where it was deleted', { timeout: 240_000 }, async () => {
    const copy = copyOf(folder)
    const models = join(copy, 'models')
    expect(readdirSync(models)).toHaveLength(1)
    const before = contentOf(copy)
    rmSync(models, { recursive: true })
    const { code } = await gloss(['run', '--quiet', '--kind', 'shuffled'], { folder: copy })
    expect(code).toBe(0)
    expect(existsSync(join(models, readdirSync(models)[0]!, 'model.safetensors'))).toBe(true)
    expect(contentOf(copy)).toEqual(before)
  })

  it('is the same bytes again', { timeout: 900_000 }, async () => {
    const again = smallStudy({ hook: HOOK })
    await runAllKinds(again)
    expect(contentOf(again)).toEqual(contentOf(folder))
  })

  it.each([
    [
      ['status', '--set', 'nothing'],
      2,
      /expected a feature set of this study, found "nothing"; it has neurons-128-/,
    ],
    [
      ['status', '--against', 'shuffled'],
      2,
      /expected another feature set to compare shuffled-.* with, found itself/,
    ],
    [['run', '--set', 'sae', '--kind', 'random'], 2, /expected --set or --kind, found both/],
    [['run', '--kind', 'other'], 2, /Allowed choices are sae, neurons, random, shuffled/],
  ] as const)('refuses %j', { timeout: 240_000 }, async (args, code, message) => {
    const found = await gloss(args, { folder })
    expect(found.code).toBe(code)
    expect(found.stderr).toMatch(message)
    expect(found.stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it('does not mix a set with other tokens', { timeout: 240_000 }, async () => {
    const copy = copyOf(folder)
    const before = tablesOf(copy)
    await gloss(['tokenize', '--quiet', '--max-tokens', '20k'], { folder: copy })
    const { code, stderr } = await gloss(['collect', '--set', 'neurons'], { folder: copy })
    expect(code).toBe(2)
    expect(stderr).toMatch(/expected the tokens that neurons-\S+ was made on, found another corpus; bring/)
    expect(tablesOf(copy)).toBe(before)
  })

  it('asks for more of an id where a name fits several sets', { timeout: 240_000 }, async () => {
    const copy = copyOf(folder)
    await gloss(['train', '--quiet', '--kind', 'neurons', '--seed', '1'], { folder: copy })
    const { code, stderr } = await gloss(['status', '--set', 'neurons'], { folder: copy })
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /found "neurons", which could be neurons-128-\w+, neurons-128-\w+; give more of its id/,
    )
    const against = await gloss(
      [
        'status',
        '--set',
        'sae',
        '--against',
        stderr
          .match(/neurons-128-\w+/g)!
          .find((id) => query(copy, `SELECT 1 FROM explanation WHERE set_id = '${id}'`).length === 0)!,
      ],
      { folder: copy },
    )
    expect(against.code).toBe(2)
    expect(against.stderr).toMatch(
      /expected scores of neurons-\S+ by the explainer, .* run gloss run --set neurons-/,
    )
  })
})

describe('random directions before the autoencoder was collected', () => {
  it('fire equally often, and say so', async () => {
    const folder = smallStudy()
    const { code, stderr } = await gloss(['run', '--kind', 'random'], { folder })
    expect(code).toBe(0)
    expect(stderr).toMatch(/has not been collected, so that all directions are made to fire equally often/)
    const rows = query(folder, 'SELECT density FROM feature')
    const mean = rows.reduce((sum, { density }) => sum + Number(density), 0) / rows.length
    expect(mean / (6 / 96)).toBeGreaterThan(0.8)
    expect(mean / (6 / 96)).toBeLessThan(1.25)
  })
})
