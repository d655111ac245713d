import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import stringWidth from 'string-width'
import { z } from 'zod'
import { gloss, query, smallStudy, tablesOf, writeSmallStudy } from '../support/small-study.ts'
import { temporaryFolder } from '../support/paths.ts'

const statusSchema = z.looseObject({
  features: z.number(),
  scored: z.number(),
  undefined: z.number(),
  failed: z.number(),
  dead: z.number(),
  tooRare: z.number(),
  pending: z.number(),
  score: z.looseObject({
    protocol: z.literal('monosemanticity'),
    scorer: z.literal('simulation'),
    median: z.number(),
    q1: z.number(),
    q3: z.number(),
    n: z.number(),
  }),
  controls: z.looseObject({ shuffled: z.number(), tokenTable: z.number(), position: z.number() }),
  controlMeans: z.looseObject({ position: z.number() }),
  gain: z.looseObject({ shuffled: z.number(), tokenTable: z.null() }),
  singleTokenShare: z.number(),
  tokenShare: z.number(),
  aboveBaseline: z.null(),
  registers: z.record(z.string(), z.number()),
  cost: z.strictObject({
    usd: z.literal(0),
    promptTokens: z.literal(0),
    completionTokens: z.literal(0),
    requests: z.literal(0),
    cached: z.literal(0),
    withoutReply: z.literal(0),
  }),
  stages: z.array(
    z.looseObject({
      name: z.string(),
      state: z.literal('done'),
      done: z.number(),
      total: z.number(),
      seconds: z.number(),
    }),
  ),
})

describe('gloss run with the token-table baseline', () => {
  // One study for all tests here; it is only read after the first run.
  const folder = mkdtempSync(join(tmpdir(), 'gloss-run-'))
  let first: Awaited<ReturnType<typeof gloss>>

  beforeAll(async () => {
    writeSmallStudy(folder)
    first = await gloss(['run'], { folder })
    return () => rmSync(folder, { recursive: true, force: true })
  }, 300_000)

  it('ends with every feature accounted for and the score above its controls', async () => {
    expect(first.stderr).not.toContain('gloss:')
    expect(first.code).toBe(0)
    const { code, stdout } = await gloss(['status', '--json'], { folder })
    expect(code).toBe(0)
    const status = statusSchema.parse(JSON.parse(stdout))
    expect(status.features).toBe(96)
    expect(
      status.scored + status.undefined + status.failed + status.dead + status.tooRare + status.pending,
    ).toBe(96)
    expect(status.scored).toBeGreaterThan(60)
    expect(status.pending).toBe(0)
    expect(status.gain.shuffled).toBeGreaterThan(0.4)
    expect(Math.abs(status.controls.shuffled)).toBeLessThan(0.15)
    expect(Math.abs(status.controlMeans.position)).toBeLessThan(0.04)
    expect(status.controls.tokenTable).toBe(status.score.median)
    expect(status.stages.map(({ name }) => name)).toEqual([
      'tokenize',
      'train',
      'collect',
      'sample',
      'explain',
      'score',
    ])
    for (const register of ['dna', 'base64', 'http']) expect(status.registers[register]).toBeGreaterThan(0)
  })

  it('writes what the contracts promise: plain progress on stderr, results on stdout, no colours', () => {
    expect(first.stdout).toContain('96 features')
    expect(first.stderr).toMatch(/^tokenize: /m)
    expect(`${first.stdout}${first.stderr}`).not.toContain('\u001b')
    expect(first.stderr).toMatch(/collect: about \d+ MB on disk/)
  })

  it('does nothing when it is run again', async () => {
    const before = tablesOf(folder)
    const again = await gloss(['run'], { folder })
    expect(again.code).toBe(0)
    for (const stage of ['tokenize', 'train', 'collect', 'sample', 'explain', 'score'])
      expect(again.stderr).toMatch(new RegExp(`^${stage}: .*already done$`, 'm'))
    expect(tablesOf(folder)).toBe(before)
  })

  it('gives the same bytes in another folder', async () => {
    const other = smallStudy()
    expect((await gloss(['run', '--quiet'], { folder: other })).stderr).toBe('')
    expect(tablesOf(other)).toBe(tablesOf(folder))
    const set = query(folder, 'SELECT folder FROM feature_set')[0]!['folder'] as string
    for (const file of [
      `${set}/sae_weights.safetensors`,
      `${set}/cfg.json`,
      'tokens/shard-00000.safetensors',
    ])
      expect(readFileSync(join(other, file)).equals(readFileSync(join(folder, file)))).toBe(true)
  }, 300_000)

  it('keeps the two uses of every feature apart, by a query', () => {
    const shared = query(
      folder,
      `SELECT a.feature_id FROM example a JOIN example b USING (set_id, feature_id, protocol, document) WHERE a.use = 'explain' AND b.use = 'score'`,
    )
    expect(shared).toEqual([])
    expect(query(folder, 'SELECT count(*) AS n FROM example')[0]!['n']).toBeGreaterThan(5000)
    const nominal = query(folder, `SELECT DISTINCT nominal FROM example WHERE use = 'score'`)
    expect(nominal).toHaveLength(9)
    expect(query(folder, `SELECT DISTINCT nominal FROM example WHERE use = 'explain'`)).toEqual([
      { nominal: 4 },
    ])
  })

  it('stores every score with its provenance and controls', () => {
    const [row] = query(folder, `SELECT p.* FROM score JOIN provenance p ON p.id = provenance_id LIMIT 1`)
    expect(row).toMatchObject({
      model: 'tiny-1l',
      protocol: 'monosemanticity',
      seed: 0,
      version: '0.1.0',
      llm: null,
    })
    for (const column of ['weights_hash', 'tokenizer_hash', 'corpus_hash', 'set_hash', 'protocol_hash'])
      expect(row![column]).toMatch(/^[0-9a-f]{64}$/)
    const controls = query(
      folder,
      `SELECT name, count(*) AS n, count(value) AS defined FROM control GROUP BY name`,
    )
    expect(controls.map(({ name }) => name)).toEqual([
      'bigram',
      'constant',
      'position',
      'shuffled',
      'tokenTable',
    ])
    expect(query(folder, `SELECT DISTINCT scorer FROM score ORDER BY 1`).map(({ scorer }) => scorer)).toEqual(
      ['simulation', 'simulation.fire_only', 'simulation.pearson', 'simulation.weighted'],
    )
    expect(
      query(folder, `SELECT count(*) AS n FROM score WHERE (value IS NULL) = (undefined IS NULL)`)[0]!['n'],
    ).toBe(0)
    expect(
      query(
        folder,
        `SELECT count(*) AS n FROM score WHERE scorer = 'simulation' AND NOT (low <= value AND value <= high)`,
      )[0]!['n'],
    ).toBeLessThan(5)
  })

  it('shows one feature and the table of all', async () => {
    const best = query(
      folder,
      `SELECT feature_id FROM score JOIN explanation e ON e.id = explanation_id WHERE scorer = 'simulation' ORDER BY value DESC LIMIT 1`,
    )[0]!['feature_id'] as number
    const page = await gloss(['show', String(best), '--json'], { folder })
    const shown = JSON.parse(page.stdout) as Record<string, unknown>
    expect(shown).toMatchObject({
      feature: best,
      explanations: [
        {
          explainer: 'table',
          llm: null,
          scores: [{ scorer: 'simulation', tier: 'table', undefined: null }, {}, {}, {}],
        },
      ],
    })
    for (const key of [
      'density',
      'max',
      'firings',
      'tokenShare',
      'singleToken',
      'histogram',
      'logits',
      'examples',
    ])
      expect(shown).toHaveProperty(key)
    const examples = shown['examples'] as { tokens: string[]; activations: number[]; levels: number[] }[]
    expect(examples).toHaveLength(109)
    for (const { tokens, activations, levels } of examples)
      expect([tokens.length, activations.length, levels.length]).toEqual([9, 9, 9])

    const { simulation, neighbours, withoutSimulation, withoutNeighbours } = shown as {
      simulation: { examples: { predicted: number[] | null }[] }
      neighbours: { feature: number; cosine: number }[]
      [reason: string]: unknown
    }
    expect([withoutSimulation, withoutNeighbours]).toEqual([null, null])
    expect(simulation.examples).toHaveLength(60)
    for (const { predicted } of simulation.examples) expect(predicted).toHaveLength(9)
    expect(neighbours).toHaveLength(8)
    const cosines = neighbours.map(({ cosine }) => cosine)
    expect(cosines).toEqual(cosines.toSorted((a, b) => b - a))
    expect(Math.max(...cosines.map(Math.abs))).toBeLessThanOrEqual(1 + 1e-6)
    expect(shown['provenance']).toMatchObject({ set: { model: 'tiny-1l' } })

    const text = await gloss(['show', String(best)], { folder })
    expect(text.stdout).toContain(`feature ${best}`)
    expect(text.stdout).toMatch(/ simulation {2}12 of 60 held-out examples[^]* neighbours [^]* provenance /)
    expect(text.stdout).toMatch(/activations\s+[▁▂▃▄▅▆▇█ ]+/)
    for (const line of text.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    const table = await gloss(['show'], { folder })
    expect(table.stdout.split('\n')).toHaveLength(96 + 2)
    for (const line of table.stdout.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80)
  })

  it('logs every event as a JSON line where asked to', async () => {
    const log = join(temporaryFolder(), 'events.jsonl')
    await gloss(['run', '--quiet', '--log', log], { folder })
    const events = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { at: string; type: string; stage: string })
    expect(events.map(({ type, stage }) => `${type} ${stage}`)).toEqual(
      ['tokenize', 'train', 'collect', 'sample', 'explain', 'score'].map((stage) => `stage-skip ${stage}`),
    )
    expect(new Date(events[0]!.at).getTime()).toBeGreaterThan(0)
  })

  it('leaves nothing but what the study is made of', () => {
    expect(existsSync(join(folder, 'gloss.lock.pid'))).toBe(false)
    expect(query(folder, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
    expect(query(folder, 'PRAGMA foreign_key_check')).toEqual([])
  })
})
