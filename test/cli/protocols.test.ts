import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { honest, serve } from '../support/fake-openai.ts'
import { copyOf, ROOT, temporaryFolder } from '../support/paths.ts'
import { gloss, query, sharedStudy, tablesOf } from '../support/small-study.ts'

const ENVIRONMENT = { GLOSS_API_KEY: 'gloss-key-0123456789abcdef' }

/** A study that is collected. */
const prepared = sharedStudy(['tokenize', 'train', 'collect'])

const MINE = readFileSync(join(ROOT, 'prompts', 'protocols', 'quick.yaml'), 'utf8').replace(
  'name: quick',
  'name: mine',
)

/** What the proof of samples prints. */
function proof(folder: string): string {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'test', 'bench', 'sample-proof.mjs'), folder],
    { encoding: 'utf8' },
  )
  return stdout + stderr
}

describe('gloss run --protocol bills', () => {
  it('samples, explains and scores with the token table, by Pearson', async () => {
    const folder = copyOf(prepared)
    const { code, stdout, stderr } = await gloss(['run', '--protocol', 'bills'], { folder })
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('gloss:')])
    expect(stdout).toContain('(bills)')
    const scorers = query(
      folder,
      `SELECT scorer, count(value) AS n, min(ceiling) AS ceiling FROM score WHERE protocol = 'bills' GROUP BY scorer`,
    )
    expect(scorers.map(({ scorer }) => scorer)).toEqual([
      'simulation',
      'simulation.absolute_deviation',
      'simulation.fire_only',
      'simulation.r2',
      'simulation.spearman',
    ])
    expect(Number(scorers[0]!.n)).toBeGreaterThan(20)
    // Levels that are rounded down lose little of Pearson's correlation.
    expect(Number(scorers[0]!.ceiling)).toBeGreaterThan(0.8)
    const [lengths] = query(
      folder,
      `SELECT min(json_array_length(tokens)) AS least, max(json_array_length(tokens)) AS most FROM example`,
    )
    expect(lengths).toEqual({ least: 64, most: 64 })
    expect(proof(folder)).toContain('no fault')
    const shown = query(folder, `SELECT feature_id AS id FROM example LIMIT 1`)[0]!.id
    const page = await gloss(['show', String(shown), '--json'], { folder })
    const { examples } = JSON.parse(page.stdout) as { examples: { levels: number[] }[] }
    expect(Math.max(...examples.flatMap(({ levels }) => levels))).toBe(10)
    // The same study again by another protocol: states and scores are that protocol's.
    const alive = (): unknown => query(folder, `SELECT count(*) AS n FROM feature WHERE state = 'alive'`)[0]
    const before = alive()
    expect((await gloss(['run', '--quiet'], { folder })).code).toBe(0)
    expect((await gloss(['status'], { folder })).stdout).toContain('(monosemanticity)')
    expect((await gloss(['run', '--quiet', '--protocol', 'bills'], { folder })).code).toBe(0)
    expect(alive()).toEqual(before)
    expect((await gloss(['status'], { folder })).stdout).toContain('(bills)')
    expect(proof(folder)).toMatch(/bills[\s\S]*monosemanticity[\s\S]*no fault/)
  }, 300_000)

  it('asks an LLM on a scale to 10, one block a call, and refuses tiers that cannot tell a 10 from a 1', async () => {
    const fake = await serve(honest)
    const folder = copyOf(prepared)
    const run = (...more: string[]) =>
      gloss(
        ['run', '--protocol', 'bills', '--only', 'random:3', '--llm', fake.url, '--llm-model', 'm', ...more],
        { folder, environment: ENVIRONMENT },
      )
    const refused = await run('--tier', 'chatLogprobs')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain(
      'expected a scale of 9 at most with --tier chatLogprobs, found 10 in bills',
    )
    expect(fake.seen).toHaveLength(0)

    const { code, stderr } = await run()
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('gloss:')])
    const asked = fake.seen.map(({ body }) => body.messages.at(-1)!.content)
    const simulations = asked.filter((content) => content.startsWith('Description: '))
    // One block a call where it counts; the choice among explanations sees its ten at once.
    expect(new Set(simulations.map((content) => content.split('\n').length))).toEqual(new Set([3, 12]))
    expect(simulations.length).toBeGreaterThanOrEqual(3 * 10)
    const explanations = asked.filter((content) => !content.startsWith('Description: '))
    expect(explanations.some((content) => content.includes(':10»'))).toBe(true)
    expect(explanations.some((content) => content.includes('without the tokens on which it is silent'))).toBe(
      true,
    )
    const rows = query(
      folder,
      `SELECT value FROM score WHERE scorer = 'simulation' AND tier = 'integersSparse'`,
    )
    expect(rows).toHaveLength(3)
    for (const { value } of rows) expect(Number(value)).toBeGreaterThan(0)
  }, 300_000)
})

describe('a protocol of the user', () => {
  it('is taken from a path, kept in the study, and known by its name from then on', async () => {
    const folder = copyOf(prepared)
    const elsewhere = temporaryFolder()
    const path = join(elsewhere, 'anything.yaml')
    writeFileSync(path, MINE)
    const first = await gloss(['sample', '--protocol', path], { folder })
    expect([first.code, first.stderr]).toEqual([0, expect.not.stringContaining('gloss:')])
    expect(first.stderr).toContain('22 to explain, 40 to score')
    expect(readFileSync(join(folder, 'protocols', 'mine.yaml'), 'utf8')).toBe(MINE)
    expect((await gloss(['explain', '--protocol', 'mine', '--quiet'], { folder })).code).toBe(0)
    expect((await gloss(['score', '--protocol', 'mine', '--quiet'], { folder })).code).toBe(0)
    expect((await gloss(['status'], { folder })).stdout).toContain('(mine)')

    // Another recipe of the same name is none of these examples'.
    writeFileSync(path, `${MINE}\n# changed\n`)
    const changed = await gloss(['sample', '--protocol', path], { folder })
    expect([changed.code, changed.stderr]).toEqual([2, expect.stringContaining('found another')])
    writeFileSync(join(folder, 'protocols', 'mine.yaml'), `${MINE}\n# changed\n`)
    for (const verb of ['sample', 'explain', 'score']) {
      const edited = await gloss([verb, '--protocol', 'mine'], { folder })
      expect([edited.code, edited.stderr]).toEqual([
        2,
        expect.stringContaining('expected the protocol mine as it was when examples were drawn'),
      ])
    }
  }, 300_000)

  it('is refused with what is wrong, and nothing else happens', async () => {
    const folder = copyOf(prepared)
    const before = tablesOf(folder)
    const refused = async (name: string, text: string | null, message: RegExp): Promise<void> => {
      if (text !== null) writeFileSync(join(folder, 'p.yaml'), text)
      const { code, stderr } = await gloss(['sample', '--protocol', name], { folder })
      expect(code).toBe(2)
      expect(stderr).toMatch(message)
      expect(stderr.split('\n').length).toBeLessThanOrEqual(3)
      expect(existsSync(join(folder, 'protocols'))).toBe(false)
    }
    await refused(
      'nothing',
      null,
      /expected one of the protocols bills, .*monosemanticity, .*found "nothing"/,
    )
    await refused('gone.yaml', null, /expected a protocol at .*gone\.yaml, found no file/)
    await refused('p.yaml', MINE.replace('mine', 'bills'), /expected a name that no protocol of gloss has/)
    await refused('p.yaml', MINE.replace('window: 9', 'window: 8'), /p\.yaml: window: .*odd/)
    await refused('p.yaml', 'name: [', /p\.yaml is no valid YAML/)
    expect(tablesOf(folder)).toBe(before)
    mkdirSync(join(folder, 'protocols'))
    writeFileSync(join(folder, 'protocols', 'other.yaml'), MINE)
    const { code, stderr } = await gloss(['sample', '--protocol', 'other'], { folder })
    expect([code, stderr]).toEqual([2, expect.stringContaining('expected the name other')])
  }, 300_000)

  it('can be what a new study begins with', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'p.yaml'), MINE)
    for (const [dir, named, expected] of [
      ['a', 'p.yaml', 'mine'],
      ['b', 'bills', 'bills'],
    ] as const) {
      expect((await gloss(['init', dir, '--protocol', named], { folder })).code).toBe(0)
      expect(readFileSync(join(folder, dir, 'gloss.yaml'), 'utf8')).toContain(`protocol: ${expected}`)
    }
    expect(existsSync(join(folder, 'a', 'protocols', 'mine.yaml'))).toBe(true)
    expect((await gloss(['init', 'c', '--protocol', 'none'], { folder })).code).toBe(2)
  }, 180_000)
})
