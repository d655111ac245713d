import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { glossHere } from '../support/in-process.ts'
import { copyOf } from '../support/paths.ts'
import { gloss, query, sharedStudy, tablesOf } from '../support/small-study.ts'

/** A study with token-table explanations, scored. */
const folder = sharedStudy(['run'])

describe('gloss score --verify', () => {
  it('recomputes every score of a study and finds it equal', async () => {
    const { code, stdout, stderr } = await gloss(['score', '--verify'], { folder })
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const rows = Number(query(folder, 'SELECT count(*) AS count FROM score')[0]!['count'])
    expect(stdout).toBe(
      ` ${rows} score rows recomputed from stored replies and examples\n   ${rows} equal in value, interval and controls\n`,
    )
  })

  it('ends with 1 and the list where a row was changed, and changes nothing itself', async () => {
    const copy = copyOf(folder)
    const database = new Database(join(copy, 'gloss.db'))
    database
      .prepare(
        "UPDATE score SET value = value - 0.25 WHERE id = (SELECT id FROM score WHERE scorer = 'simulation' AND value > 0.3 LIMIT 1)",
      )
      .run()
    database.close()
    const before = tablesOf(copy)
    const { code, stdout, stderr } = await gloss(['score', '--verify'], { folder: copy })
    expect(code).toBe(1)
    expect(stdout).toMatch(/feature +score +scorer +field +stored +recomputed/)
    expect(stdout).toMatch(/simulation +value/)
    expect(stderr).toMatch(/^gloss: expected stored scores .* found 1 of \d+ rows that differ/)
    expect(tablesOf(copy)).toBe(before)
    const { stdout: json } = await gloss(['score', '--verify', '--json'], { folder: copy })
    expect(JSON.parse(json)).toMatchObject({ differences: [{ scorer: 'simulation', field: 'value' }] })
  })
})

describe('gloss show --score', () => {
  it('prints what a score was made of, as text of 80 columns and as JSON', async () => {
    const [row] = query(
      folder,
      "SELECT score.id, feature_id AS feature FROM score JOIN explanation ON explanation.id = explanation_id WHERE scorer = 'simulation' AND value IS NOT NULL LIMIT 1",
    )
    const args = ['show', String(row!['feature']), '--score', String(row!['id'])]
    const { stdout } = await glossHere(args, { folder })
    for (const part of [
      'Spearman',
      'Interval:',
      'provenance',
      'protocolHash',
      'score examples, M ',
      'shuffled (',
    ])
      expect(stdout).toContain(part)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    const page = JSON.parse((await glossHere([...args, '--json'], { folder })).stdout) as {
      examples: { predicted: Record<string, number[]> }[]
      provenance: { seed: number }
    }
    expect(page.examples.length).toBeGreaterThanOrEqual(20)
    expect(Object.keys(page.examples[0]!.predicted)).toContain('bigram')
    expect(page.provenance.seed).toBe(0)
    // The id stands on the feature's page.
    expect((await glossHere(['show', String(row!['feature'])], { folder })).stdout).toContain(
      String(row!['id']),
    )
  })

  it('says what is wrong where there is no such score', async () => {
    await expect(glossHere(['show', '--score', 'x'], { folder })).rejects.toThrow(
      /expected a feature with --score/,
    )
  })
})

describe('gloss status', () => {
  it('has every control, strata by token share and other statistics', async () => {
    const status = JSON.parse((await glossHere(['status', '--json'], { folder })).stdout) as {
      controls: Record<string, number | null>
      byTokenShare: { from: number; features: number; n: number }[]
      statistics: { scorer: string; n: number; medianMissingAsZero: number }[]
      discoveries: unknown
      scored: number
    }
    expect(Object.keys(status.controls)).toEqual([
      'constant',
      'position',
      'composition',
      'tokenTable',
      'bigram',
      'shuffled',
      'blank',
    ])
    expect(status.controls['bigram']).toBeGreaterThan(0.2)
    expect(status.controls['blank']).toBeNull()
    expect(status.byTokenShare.reduce((sum, { n }) => sum + n, 0)).toBe(status.scored)
    expect(status.statistics.map(({ scorer }) => scorer)).toEqual(
      expect.arrayContaining(['simulation.pearson', 'simulation.weighted', 'simulation.fire_only']),
    )
    // A table's gain over itself is none, so there is no test of both.
    expect(status.discoveries).toBeNull()
  })

  it('--calibration shows the truth by predicted level', async () => {
    const { stdout } = await glossHere(['status', '--calibration'], { folder })
    expect(stdout).toMatch(/predicted +tokens +firing +true level +activation \/ M/)
    const { calibration } = JSON.parse(
      (await glossHere(['status', '--calibration', '--json'], { folder })).stdout,
    ) as { calibration: { tier: string; rows: { predicted: number; level: number }[] }[] }
    const rows = calibration[0]!.rows
    expect(rows[0]!.predicted).toBe(0)
    expect(rows.at(-1)!.level).toBeGreaterThan(rows[0]!.level)
  })
})
