import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { databaseExists } from '../../src/store/database.ts'
import { glossHere } from '../support/in-process.ts'
import { copyOf, PROGRAM, temporaryFolder } from '../support/paths.ts'
import { gloss, query, sharedStudy, tablesOf } from '../support/small-study.ts'

const folder = sharedStudy(['run'])

/** Runs the program and kills it some milliseconds after `begun` is true. */
async function killed(args: string[], cwd: string, begun: () => boolean, wait: number): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd, stdio: 'ignore' })
  const ended = once(child, 'exit')
  while (child.exitCode === null && !begun()) await new Promise((done) => setTimeout(done, 1))
  await new Promise((done) => setTimeout(done, wait))
  child.kill('SIGKILL')
  await ended
}

it(
  'an import that was killed is repeated, and gives what it would have given',
  { timeout: 180_000 },
  async () => {
    const out = temporaryFolder()
    await glossHere(['export', '--format', 'jsonl', '--tables', 'all', '--out', out, '--quiet'], { folder })
    const whole = join(temporaryFolder(), 'study')
    await glossHere(['import', out, '--workspace', whole, '--quiet'], { folder })
    const study = join(temporaryFolder(), 'study')
    const args = ['import', out, '--workspace', study, '--quiet']
    let cut = 0
    for (let round = 0; round < 5; round++) {
      await killed(args, folder, () => databaseExists(join(study, 'gloss.db')), 100 + 250 * round)
      const stored = existsSync(join(study, 'gloss.db')) ? query(study, 'SELECT name FROM sqlite_schema') : []
      const done =
        stored.length > 0 && query(study, "SELECT 1 FROM study WHERE name = 'explainer'").length > 0
      if (!done) cut++
    }
    expect(cut).toBeGreaterThan(0)
    expect(await gloss(args, { folder })).toMatchObject({ code: 0 })
    // A feature set's examples have numbers by arrival.
    const content = (of: string): string[] =>
      tablesOf(of)
        .split('\n')
        .map((line) => line.replace(/^\[\["id",\d+\],\["set_id"/, '[["id",0],["set_id"'))
        .toSorted()
    expect(content(study)).toEqual(content(whole))
  },
)

it.each(['sae-dashboard', 'huggingface'])(
  '%s: an export that was killed leaves no half file, and its last one only when all are whole',
  async (format) => {
    const last = format === 'huggingface' ? 'manifest.json' : 'run_settings.json'
    const whole = temporaryFolder()
    await glossHere(['export', '--format', format, '--out', whole, '--quiet'], { folder })
    const filesOf = (of: string): string[] =>
      readdirSync(of, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(of.length))
        .filter((name) => !name.endsWith('.partial'))
    const study = copyOf(folder)
    let cut = 0
    for (let round = 0; round < 3; round++) {
      const out = join(study, `out-${round}`)
      await killed(['export', '--format', format, '--out', out], study, () => existsSync(out), 400 * round)
      if (!existsSync(out)) continue
      const names = filesOf(out)
      for (const name of names)
        expect(readFileSync(join(out, name)), name).toEqual(readFileSync(join(whole, name)))
      if (names.some((name) => name.endsWith(last)))
        expect(names.toSorted()).toEqual(filesOf(whole).toSorted())
      else cut++
    }
    expect(cut).toBeGreaterThan(0)
  },
  240_000,
)
