import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/core/hash.ts'
import { honest, serve } from '../support/fake-openai.ts'
import { glossHere } from '../support/in-process.ts'
import { copyOf, temporaryFolder } from '../support/paths.ts'
import { query, sharedStudy } from '../support/small-study.ts'

const folder = sharedStudy(['run'])
const TABLES = ['features', 'explanations', 'scores', 'examples', 'vocabulary'] as const

type Row = Record<string, unknown>

async function json(study: string, ...args: string[]): Promise<Row> {
  const { stdout } = await glossHere([...args, '--json', '--quiet'], { folder: study })
  return JSON.parse(stdout) as Row
}

/** The folder of an export, which is a study's or a source's. */
async function exported(study: string, format: string, ...flags: string[]): Promise<string> {
  const out = temporaryFolder()
  const { folder: written } = await json(study, 'export', '--format', format, '--out', out, ...flags)
  return written as string
}

async function imported(path: string, ...flags: string[]): Promise<{ study: string; counts: Row }> {
  const study = join(temporaryFolder(), 'study')
  return { study, counts: await json(folder, 'import', path, '--workspace', study, ...flags) }
}

function rowsOf(exportFolder: string, table: string): Row[] {
  return readFileSync(join(exportFolder, `${table}.jsonl`), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row)
}

let exportedOnce: Promise<string> | undefined
/** An export of a few features, written once. */
function small(): Promise<string> {
  exportedOnce ??= glossHere(
    ['export', '--format', 'jsonl', '--tables', 'all', '--only', '0-30', '--out', 'small', '--quiet'],
    { folder },
  ).then(() => join(folder, 'small'))
  return exportedOnce
}

const jsonl = (study: string): Promise<string> => exported(study, 'jsonl', '--tables', TABLES.join(','))

/** What an import changes in a row: the names of what was made elsewhere, and the ids that come of them. */
function marked(row: Row): Row {
  const name = (value: unknown): string => `imported:${String(value)}`
  return {
    ...row,
    set: `imported-${String(row['set'])}`,
    ...('set_kind' in row ? { set_kind: 'imported' } : {}),
    ...('explainer' in row ? { explainer: name(row['explainer']), explanation_id: null } : {}),
    ...('score_id' in row ? { score_id: null, protocol: name(row['protocol']) } : {}),
  }
}

const withoutIds = (row: Row): Row => ({
  ...row,
  ...('explanation_id' in row ? { explanation_id: null } : {}),
  ...('score_id' in row ? { score_id: null } : {}),
})

/** Rows of one feature can stand in another order, since ids decide it. */
function ordered(rows: readonly Row[]): string[] {
  return rows.map((row) => JSON.stringify(Object.entries(row))).toSorted()
}

describe('gloss import of what gloss exported', () => {
  it.each(['jsonl', 'huggingface', 'neuronpedia', 'sae-dashboard'])(
    '%s: every row comes back, marked; from then on nothing changes',
    async (format) => {
      const all = format === 'jsonl' ? ['--tables', 'all'] : []
      const { study, counts } = await imported(await exported(folder, format, ...all))
      const [first, second] = [await jsonl(folder), await jsonl(study)]
      expect(rowsOf(first, 'scores').length).toBeGreaterThan(100)
      for (const table of TABLES)
        expect(ordered(rowsOf(second, table).map(withoutIds)), table).toEqual(
          ordered(rowsOf(first, table).map(marked)),
        )
      expect(counts).toMatchObject({
        features: 96,
        scores: rowsOf(first, 'scores').length,
        explanations: rowsOf(first, 'explanations').length,
        explainers: ['imported:table'],
        protocol: 'monosemanticity',
      })
      if (format !== 'jsonl') return
      const third = await jsonl((await imported(await exported(study, format, ...all))).study)
      for (const table of TABLES)
        expect(readFileSync(join(third, `${table}.jsonl`)), table).toEqual(
          readFileSync(join(second, `${table}.jsonl`)),
        )
    },
    240_000,
  )

  it('keeps imported scores apart from those that are made here, which are the same on the same examples', async () => {
    const { study } = await imported(await exported(folder, 'jsonl', '--tables', 'all'))
    const before = await json(study, 'status')
    expect(before).toMatchObject({ explainer: 'imported:table', tier: 'table' })
    expect(before['score']).toMatchObject({ protocol: 'imported:monosemanticity' })
    expect(before['score']).toEqual({
      ...((await json(folder, 'status'))['score'] as object),
      protocol: 'imported:monosemanticity',
    })
    const after = await json(study, 'score')
    expect(after['score']).toMatchObject({ protocol: 'monosemanticity' })
    const scores = query(
      study,
      `SELECT explanation_id || ' ' || scorer AS key, protocol, value, low, high, n, undefined, ceiling FROM score`,
    )
    const of = (protocol: string): Row[] =>
      scores
        .filter((row) => row['protocol'] === protocol)
        .map((row): Row => ({ ...row, protocol: null }))
        .toSorted((a, b) => (String(a['key']) < String(b['key']) ? -1 : 1))
    expect(of('imported:monosemanticity')).toHaveLength(scores.length / 2)
    expect(of('monosemanticity')).toEqual(of('imported:monosemanticity'))
    // The same again does nothing; nothing made elsewhere is taken for recomputed.
    await json(study, 'score')
    expect(query(study, 'SELECT count(*) AS n FROM score')).toEqual([{ n: scores.length }])
    await expect(
      glossHere(['compare', 'explainer=imported:table', 'protocol=monosemanticity'], { folder: study }),
    ).rejects.toMatchObject({ code: 'scores-ambiguous' })
    const verified = await json(study, 'score', '--verify')
    expect(verified['checked']).toBe(verified['equal'])
    const { stdout } = await glossHere(['show', String(aliveFeature())], { folder: study })
    expect(stdout).toContain('imported:monosemanticity')
    await json(study, 'report')
  })

  it('asks the questions that were asked where examples came from', async () => {
    const study = copyOf(folder)
    const only = ['--only', '0-60']
    await json(study, 'score', '--scorer', 'detection', ...only)
    const { study: there } = await imported(await exported(study, 'jsonl', '--tables', 'all', ...only))
    await json(there, 'score', '--scorer', 'detection')
    const of = (path: string, protocol: string): Row[] =>
      query(
        path,
        `SELECT feature_id, value, low, high, n, undefined, coverage FROM score
           JOIN explanation ON explanation.id = explanation_id
         WHERE scorer = 'detection' AND protocol = '${protocol}' ORDER BY feature_id`,
      )
    const asked = of(study, 'monosemanticity')
    expect(asked.filter(({ value }) => value !== null).length).toBeGreaterThan(20)
    expect(of(there, 'monosemanticity')).toEqual(asked)
    expect(of(there, 'imported:monosemanticity')).toEqual(asked)
  })

  it('brings several feature sets, and only the features that were exported', async () => {
    const two = copyOf(folder)
    await glossHere(['run', '--kind', 'random', '--quiet'], { folder: two })
    const out = await exported(two, 'jsonl', '--tables', 'all', '--only', '0-40')
    const { study, counts } = await imported(out)
    expect(counts['sets']).toHaveLength(2)
    for (const set of counts['sets'] as string[]) {
      expect(set).toMatch(/^imported-(?:topk|random)-96-/)
      const ids = query(study, `SELECT id FROM feature WHERE set_id = '${set}'`)
      expect(ids.map(({ id }) => id)).toEqual(Array.from({ length: 41 }, (_, id) => id))
    }
    // The others come later, to the same sets.
    const rest = await exported(two, 'jsonl', '--tables', 'all', '--only', '41-95')
    await json(folder, 'import', rest, '--workspace', study)
    const documents = (of: string): Row[] =>
      query(
        of,
        `SELECT replace(example.set_id, 'imported-', '') AS set_id, feature_id, position, document.name FROM example
         JOIN collection ON collection.set_id = example.set_id
         JOIN document ON document.corpus_hash = collection.corpus_hash AND document.id = example.document`,
      )
    expect(ordered(documents(study))).toEqual(ordered(documents(two)))
  })

  it.each([
    ['a file that was changed', 'tables-changed', (out: string) => edit(out, 'scores', '0.', '0.1')],
    [
      'a row of another form',
      'row-schema',
      (out: string) => {
        edit(out, 'features', '"state":"alive"', '"state":"asleep"')
        sign(out)
      },
    ],
    [
      'a value beside the reason why there is none',
      'row-schema',
      (out: string) => {
        edit(out, 'scores', '"undefined":null', '"undefined":"lowCoverage"')
        sign(out)
      },
    ],
    [
      'an explanation of no feature',
      'tables-inconsistent',
      (out: string) => {
        edit(out, 'explanations', /"feature":\d+/, '"feature":99999')
        sign(out)
      },
    ],
    [
      'a manifest that leads elsewhere',
      'json-schema',
      (out: string) => edit(out, 'manifest.json', '"file": "features.jsonl"', '"file": "../features.jsonl"'),
    ],
    ['no manifest', 'import-format-unknown', (out: string) => rmSync(join(out, 'manifest.json'))],
  ])('refuses %s', async (_name, code, damage) => {
    const out = copyOf(await small())
    damage(out)
    await expect(imported(out)).rejects.toMatchObject({ code })
  })

  it.each([
    [['--format', 'csv', '--tables', 'all'], [], 'tables-missing'],
    [['--format', 'jsonl'], [], 'tables-missing'],
    [['--format', 'jsonl', '--tables', 'all'], ['--protocol', 'quick'], 'protocol-imported'],
  ])('refuses %j with %j', async (flags, more, code) => {
    const out = temporaryFolder()
    await glossHere(['export', ...flags, '--out', out, '--quiet'], { folder })
    await expect(imported(out, ...more)).rejects.toMatchObject({ code })
  })
})

describe('imported explanations', () => {
  it(
    'are scored by an LLM where they came without their tokens, and by nothing else',
    { timeout: 60_000 },
    async () => {
      const source = await exported(folder, 'neuronpedia')
      const { study, counts } = await imported(source, '--format', 'neuronpedia')
      expect(counts).toMatchObject({ scores: 0, explainers: ['imported:table'], protocol: 'imported' })
      await expect(glossHere(['score'], { folder: study })).rejects.toMatchObject({ code: 'llm-missing' })
      await expect(
        glossHere(['explain', '--explainer', 'imported:table'], { folder: study }),
      ).rejects.toMatchObject({ code: 'explainer-imported' })
      await expect(
        glossHere(['score', '--explainer', 'imported:pairs'], { folder: study }),
      ).rejects.toMatchObject({ code: 'explainer-unknown' })
      const fake = await serve(honest)
      const asked = ['--llm', fake.url, '--llm-model', 'judge', '--only', 'random:6']
      const estimate = await json(study, 'score', '--explainer', 'imported', ...asked, '--dry-run')
      expect(JSON.stringify(estimate)).toContain('requests')
      expect(fake.seen).toHaveLength(0)
      const scored = await json(study, 'score', '--explainer', 'imported', ...asked)
      expect(scored).toMatchObject({ explainer: 'imported:table', scored: 6, failed: 0 })
      expect(scored['score']).toMatchObject({ protocol: 'imported' })
      expect(fake.seen.length).toBeGreaterThan(6)
      const sent = fake.seen.length
      await json(study, 'score', ...asked)
      expect(fake.seen).toHaveLength(sent)
      const verified = await json(study, 'score', '--verify')
      expect(verified).toMatchObject({ equal: verified['checked'] })
      expect(verified['checked']).toBeGreaterThan(0)
      await json(study, 'explain', '--explainer', 'table')
      await json(study, 'score', '--explainer', 'table')
      await expect(
        json(study, 'compare', 'explainer=imported:table', 'explainer=table', '--mixed'),
      ).resolves.toBeTruthy()
    },
  )
})

describe('exports that another tool lays out', () => {
  it.each(['sae-dashboard', 'huggingface'])('%s: the same bytes again', async (format) => {
    const [one, two] = [await exported(folder, format), await exported(folder, format)]
    const names = readdirSync(one, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(one.length))
    expect(names.length).toBeGreaterThan(7)
    for (const name of names)
      expect(readFileSync(join(two, name)), name).toEqual(readFileSync(join(one, name)))
  })
})

function aliveFeature(): number {
  const [row] = query(folder, `SELECT feature_id AS id FROM example LIMIT 1`)
  return row!['id'] as number
}

/** Changes the first occurrence of a text in a table, or in another file of an export. */
function edit(out: string, name: string, from: string | RegExp, to: string): void {
  const path = join(out, name.includes('.') ? name : `${name}.jsonl`)
  const before = readFileSync(path, 'utf8')
  const after = before.replace(from, to)
  if (after === before) throw new Error(`${String(from)} is not in ${name}`)
  writeFileSync(path, after)
}

/** Makes the manifest fit its files, so that what is wrong in them has to be found by reading. */
function sign(out: string): void {
  const path = join(out, 'manifest.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as { files: { file: string; sha256: string }[] }
  for (const one of manifest.files) one.sha256 = sha256(readFileSync(join(out, one.file)))
  writeFileSync(path, JSON.stringify(manifest))
}
