import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/core/hash.ts'
import { glossHere } from '../support/in-process.ts'
import { copyOf, PROGRAM, temporaryFolder } from '../support/paths.ts'
import { sharedStudy } from '../support/small-study.ts'

const folder = sharedStudy(['run'])

type Line = Record<string, unknown>

function lines(path: string): Line[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
}

async function exported(...flags: string[]): Promise<string> {
  const out = temporaryFolder()
  await glossHere(['export', '--out', out, '--quiet', ...flags], { folder })
  return out
}

describe('gloss export', () => {
  it('has every score of the database with its controls and its reason', async () => {
    const out = await exported('--format', 'jsonl', '--tables', 'all')
    const rows = lines(join(out, 'scores.jsonl'))
    const database = new Database(join(folder, 'gloss.db'), { readonly: true })
    const stored = database.prepare('SELECT id, value, low, undefined FROM score ORDER BY id').all() as Line[]
    expect(stored.length).toBeGreaterThan(50)
    expect(
      rows
        .map(({ score_id: id, value, low, undefined: reason }) => ({ id, value, low, undefined: reason }))
        .toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1)),
    ).toEqual(stored)
    const controls = database.prepare('SELECT score_id, name, value, gain FROM control').all() as Line[]
    const byId = new Map(rows.map((row) => [row['score_id'], row]))
    expect(controls.length).toBeGreaterThan(50)
    for (const { score_id: id, name, value, gain } of controls) {
      expect(byId.get(id)![`control_${String(name)}`]).toBe(value)
      expect(byId.get(id)![`gain_${String(name)}`]).toBe(gain)
    }
    const count = (table: string): unknown => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get()
    expect(lines(join(out, 'features.jsonl'))).toHaveLength(count('feature') as number)
    expect(lines(join(out, 'examples.jsonl'))).toHaveLength(count('example') as number)
    database.close()
  })

  it('writes a dictionary of exactly the columns and a manifest of exactly the files', async () => {
    const out = await exported('--format', 'jsonl')
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as {
      files: { file: string; rows: number; bytes: number; sha256: string }[]
      provenance: Record<string, unknown>
    }
    const dictionary = JSON.parse(readFileSync(join(out, 'data-dictionary.json'), 'utf8')) as {
      table: string
      columns: { name: string; description: string }[]
    }[]
    for (const { file, rows, bytes, sha256: hash } of manifest.files) {
      const content = readFileSync(join(out, file))
      expect([content.length, sha256(content)]).toEqual([bytes, hash])
      const read = lines(join(out, file))
      expect(read).toHaveLength(rows)
      const columns = dictionary.find(({ table }) => file.startsWith(table))!.columns
      for (const row of read) expect(Object.keys(row)).toEqual(columns.map(({ name }) => name))
      for (const { description } of columns) expect(description).toMatch(/\w/)
    }
    for (const row of lines(join(out, 'scores.jsonl')))
      expect(manifest.provenance).toHaveProperty([String(row['provenance_id'])])
  })

  it.each(['csv', 'jsonl', 'parquet', 'markdown'])('%s: the same bytes again', async (format) => {
    const [one, two] = [await exported('--format', format), await exported('--format', format)]
    const names = readdirSync(one)
    expect(names.length).toBeGreaterThan(2)
    expect(readdirSync(two)).toEqual(names)
    for (const name of names) expect(readFileSync(join(two, name))).toEqual(readFileSync(join(one, name)))
  })

  it('says the same in Parquet as in JSON lines', async () => {
    const [json, parquet] = [await exported('--format', 'jsonl'), await exported('--format', 'parquet')]
    for (const table of ['features', 'explanations']) {
      const bytes = new Uint8Array(readFileSync(join(parquet, `${table}.parquet`)))
      expect(await parquetReadObjects({ file: bytes.buffer })).toEqual(lines(join(json, `${table}.jsonl`)))
    }
  })

  it('filters and picks columns', async () => {
    const flags = [
      '--tables',
      'scores',
      '--scorer',
      'simulation.pearson',
      '--min-score',
      '0.3',
      '--only',
      '0-40',
    ]
    const out = await exported('--format', 'jsonl', ...flags, '--columns', 'value,feature,scorer')
    const rows = lines(join(out, 'scores.jsonl'))
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(['value', 'feature', 'scorer'])
      expect(row['scorer']).toBe('simulation.pearson')
      expect(row['value']).toBeGreaterThanOrEqual(0.3)
      expect(row['feature']).toBeLessThanOrEqual(40)
    }
  })

  it('writes one table to stdout', async () => {
    const out = await exported('--format', 'csv')
    const { stdout } = await glossHere(['export', '--tables', 'scores', '--out', '-'], { folder })
    expect(stdout).toBe(readFileSync(join(out, 'scores.csv'), 'utf8'))
  })

  it.each([
    [['--columns', 'valeu'], 'column-unknown'],
    [['--tables', 'score'], 'table-unknown'],
    [['--out', '-'], 'stdout-one-table'],
  ])('refuses %j', async (flags, code) => {
    await expect(glossHere(['export', ...flags], { folder })).rejects.toMatchObject({ code })
  })

  it.each(['csv', 'jsonl', 'parquet', 'markdown', 'huggingface', 'neuronpedia', 'sae-dashboard'])(
    '%s: leaves no half file under a final name when it is killed',
    async (format) => {
      const flags = [
        '--format',
        format,
        ...(['neuronpedia', 'sae-dashboard'].includes(format) ? [] : ['--tables', 'all']),
      ]
      const whole = await exported(...flags)
      const study = copyOf(folder)
      let cut = 0
      for (let round = 0; round < 6; round++) {
        const out = join(study, `out-${round}`)
        const child = spawn(process.execPath, [PROGRAM, 'export', ...flags, '--out', out], {
          cwd: study,
          stdio: 'ignore',
        })
        const ended = once(child, 'exit')
        while (child.exitCode === null && !existsSync(out)) await new Promise((done) => setTimeout(done, 1))
        await new Promise((done) => setTimeout(done, round * 20))
        child.kill('SIGKILL')
        await ended
        if (!existsSync(out)) continue
        const names = filesIn(out).filter((name) => !name.endsWith('.partial'))
        if (names.length < filesIn(whole).length) cut++
        for (const name of names)
          expect(readFileSync(join(out, name)).equals(readFileSync(join(whole, name))), name).toBe(true)
      }
      expect(cut).toBeGreaterThan(0)
    },
  )

  it('goes on after a kill as if nothing had been: the same bytes', async () => {
    const whole = await exported('--format', 'parquet')
    const out = temporaryFolder()
    const child = spawn(
      process.execPath,
      [PROGRAM, 'export', '--format', 'parquet', '--out', out, '--workspace', folder],
      { stdio: 'ignore' },
    )
    const ended = once(child, 'exit')
    while (child.exitCode === null && readdirSync(out).length === 0)
      await new Promise((done) => setTimeout(done, 1))
    child.kill('SIGKILL')
    await ended
    await glossHere(['export', '--format', 'parquet', '--out', out, '--quiet'], { folder })
    expect(filesIn(out)).toEqual(filesIn(whole))
    for (const name of filesIn(whole))
      expect(readFileSync(join(out, name)).equals(readFileSync(join(whole, name))), name).toBe(true)
  })
})

/** The files below a folder, by their paths in it. */
function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => !statSync(join(path, name)).isDirectory())
    .toSorted()
}
