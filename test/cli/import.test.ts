import Database from 'better-sqlite3'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { glossHere } from '../support/in-process.ts'
import { FIXTURES, temporaryFolder } from '../support/paths.ts'

async function json(folder: string, ...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await glossHere([...args, '--json', '--quiet'], { folder })
  return JSON.parse(stdout) as Record<string, unknown>
}

async function imported(name: string): Promise<{ folder: string; counts: Record<string, unknown> }> {
  const folder = join(temporaryFolder(), 'study')
  const counts = await json(FIXTURES, 'import', join(FIXTURES, 'imports', name), '--workspace', folder)
  return { folder, counts }
}

describe('gloss import', () => {
  it('makes a study of a folder that holds none, and the other verbs work on it', async () => {
    const { folder, counts } = await imported('sae-dashboard')
    expect(counts).toMatchObject({ features: 8, alive: 7, dead: 1, tooRare: 0, protocol: 'imported' })
    await json(folder, 'explain')
    const status = await json(folder, 'score')
    expect(status).toMatchObject({ kind: 'imported', features: 8, scored: 7, dead: 1, pending: 0, failed: 0 })
    expect(status['score']).toMatchObject({ protocol: 'imported', n: 7 })
    const page = await json(folder, 'show', '17')
    expect(page['state']).toBe('alive')
    const examples = page['examples'] as { slice: string; use: string; document: string }[]
    expect(examples.some(({ slice }) => slice === 'random')).toBe(false)
    const documents = (use: string): Set<string> =>
      new Set(examples.filter((one) => one.use === use).map(({ document }) => document))
    expect(documents('score').size).toBeGreaterThan(3)
    expect([...documents('explain')].filter((one) => documents('score').has(one))).toEqual([])
    await json(folder, 'export', '--format', 'jsonl')
    const rows = readFileSync(join(folder, 'exports', 'jsonl', 'scores.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
    for (const row of rows)
      expect(JSON.parse(row)).toMatchObject({
        set_kind: 'imported',
        hook: '1-tiny-res',
        model: 'tiny-random-gpt2',
        protocol: 'imported',
      })
  })

  it('stores the same again, whenever', async () => {
    const [one, two] = [await imported('neuron-record'), await imported('neuron-record')]
    expect(two.counts).toEqual(one.counts)
    expect(await json(two.folder, 'show', '17')).toEqual(await json(one.folder, 'show', '17'))
    const page = await json(one.folder, 'show', '17')
    await json(FIXTURES, 'import', join(FIXTURES, 'imports', 'neuron-record'), '--workspace', one.folder)
    expect(await json(one.folder, 'show', '17')).toEqual(page)
  })

  it.each(['collect', 'sample'])('%s says that there is nothing to do', async (verb) => {
    const { folder } = await imported('neuron-record')
    await expect(glossHere([verb], { folder })).rejects.toMatchObject({ code: 'set-imported' })
  })

  it('brings what questions need: windows that fire, and silent ones, of documents that no explainer saw', async () => {
    const { folder } = await imported('sae-dashboard')
    await json(folder, 'explain')
    for (const scorer of ['detection', 'fuzzing', 'intruder']) await json(folder, 'score', '--scorer', scorer)
    const database = new Database(join(folder, 'gloss.db'), { readonly: true })
    const scores = database
      .prepare(
        'SELECT scorer, count(value) AS scored, min(n) AS n FROM score GROUP BY scorer ORDER BY scorer',
      )
      .all()
    const examples = database
      .prepare('SELECT feature_id, use, protocol, document, slice, tokens, activations FROM example')
      .all() as {
      feature_id: number
      use: string
      protocol: string
      document: number
      slice: string
      tokens: string
      activations: string
    }[]
    database.close()
    expect(scores).toEqual([
      { scorer: 'detection', scored: 7, n: 52 },
      { scorer: 'detection.auc', scored: 0, n: 52 },
      { scorer: 'fuzzing', scored: 7, n: 26 },
      { scorer: 'fuzzing.auc', scored: 0, n: 26 },
      { scorer: 'intruder', scored: 7, n: 6 },
    ])
    const negatives = examples.filter(({ slice }) => slice === 'negative')
    expect(negatives.length).toBeGreaterThan(150)
    for (const { activations } of negatives)
      expect((JSON.parse(activations) as number[]).every((activation) => activation === 0)).toBe(true)
    const keysOf = (use: string, key: (one: (typeof examples)[number]) => string): string[] =>
      examples.filter((one) => one.use === use).map((one) => `${one.feature_id} ${key(one)}`)
    for (const key of [
      (one: (typeof examples)[number]) => `${one.document}`,
      (one: (typeof examples)[number]) => one.tokens,
    ]) {
      const explained = new Set(keysOf('explain', key))
      expect(explained.size).toBeGreaterThan(50)
      expect(keysOf('score', key).filter((each) => explained.has(each))).toEqual([])
    }
  })

  it.each([
    ['detection-neighbours', 'without its decoder'],
    ['detection-cooccurrence', 'without its collection'],
    ['logits', 'found 10 at the most'],
  ])('says what %s lacks', async (scorer, lack) => {
    const { folder } = await imported('sae-dashboard')
    await json(folder, 'explain')
    await expect(glossHere(['score', '--scorer', scorer], { folder })).rejects.toMatchObject({
      code: 'scorer-imported',
      message: expect.stringContaining(lack) as string,
    })
  })

  it('says that a protocol which draws blocks by rank has no windows to ask about', async () => {
    const folder = join(temporaryFolder(), 'study')
    const from = join(FIXTURES, 'imports', 'neuron-record')
    const counts = await json(FIXTURES, 'import', from, '--protocol', 'bills', '--workspace', folder)
    expect(counts).toMatchObject({ alive: 1, protocol: 'bills' })
    await json(folder, 'explain', '--protocol', 'bills')
    const asked = glossHere(['score', '--protocol', 'bills', '--scorer', 'detection'], { folder })
    await expect(asked).rejects.toMatchObject({
      code: 'scorer-protocol',
      message: expect.stringContaining('found bills') as string,
    })
  })

  it('refuses what is not there and what it does not know', async () => {
    const folder = temporaryFolder()
    const refused = (path: string): Promise<unknown> =>
      glossHere(['import', path, '--workspace', join(folder, 'study')], { folder })
    await expect(refused('nowhere')).rejects.toMatchObject({ code: 'file-missing' })
    await expect(refused(folder)).rejects.toMatchObject({ code: 'import-format-unknown' })
  })
})
