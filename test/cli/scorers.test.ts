import { describe, expect, it } from 'vitest'
import { started } from '../fake-llm/asking.ts'
import { copyOf } from '../support/paths.ts'
import { gloss, query, sharedStudy, tablesOf } from '../support/small-study.ts'

/** A study with token-table explanations, scored by nothing. */
const explained = sharedStudy(['tokenize', 'train', 'collect', 'sample', 'explain'])

async function done(folder: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await gloss(args, { folder })
  expect(code, stderr).toBe(0)
  return stdout
}

describe('scorers that ask questions', () => {
  it('score token tables offline, each with its chance, beside each other', async () => {
    const folder = copyOf(explained)
    for (const scorer of ['detection', 'fuzzing', 'intruder', 'logits'])
      await done(folder, 'score', '--scorer', scorer, '--only', 'random:30')
    const rows = query(
      folder,
      `SELECT scorer, count(*) AS n, count(score.value) AS scored, avg(score.value) AS mean,
         min(control.value) AS chance, max(control.value) AS most
       FROM score LEFT JOIN control ON score_id = score.id AND name = 'constant'
       WHERE scorer NOT LIKE '%.%' GROUP BY scorer`,
    )
    expect(rows).toMatchObject([
      { scorer: 'detection', n: 30, chance: 0.5, most: 0.5 },
      { scorer: 'fuzzing', n: 30, chance: 0.5, most: 0.5 },
      { scorer: 'intruder', n: 30, chance: 0.2, most: 0.2 },
      { scorer: 'logits', n: 30, scored: 30, chance: 0.5, most: 0.5 },
    ])
    expect(rows[0]!['mean']).toBeGreaterThan(0.6)
    expect(rows[1]!['mean']).toBeGreaterThan(0.6)

    // What was not asked for is as it was, and nothing is done twice.
    const before = tablesOf(folder)
    await done(folder, 'score', '--scorer', 'detection', '--only', 'random:30')
    expect(tablesOf(folder)).toBe(before)
    await done(folder, 'score', '--only', 'random:30')
    const [{ feature }] = query(
      folder,
      `SELECT feature_id AS feature FROM score JOIN explanation ON explanation.id = explanation_id
       WHERE scorer = 'detection' AND value IS NOT NULL LIMIT 1`,
    ) as [{ feature: number }]
    const page = await done(folder, 'show', String(feature))
    expect(page).toMatch(/^ ρ .*\n ρ where it fires [^]*? n \d+/m)
    expect(page).toMatch(/^ detection .*chance \.50/m)
    expect(page).not.toContain('hardAnswers')
  }, 180_000)

  it('ask about windows of the score side alone, verified and never twice', async () => {
    const folder = copyOf(explained)
    await done(folder, 'score', '--scorer', 'detection')
    await done(folder, 'score', '--scorer', 'detection-neighbours')
    await done(folder, 'score', '--scorer', 'detection-cooccurrence')
    const counts = query(
      folder,
      `SELECT protocol, count(*) AS n, count(DISTINCT feature_id) AS features FROM example
       WHERE slice = 'negative' GROUP BY protocol`,
    )
    expect(counts.map(({ protocol }) => protocol)).toEqual([
      'monosemanticity+cooccurrence',
      'monosemanticity+neighbours',
      'monosemanticity+random',
    ])
    for (const { n } of counts) expect(n).toBeGreaterThan(500)
    const wrong = {
      'documents of both uses': `SELECT count(*) AS n FROM example a JOIN example b USING (set_id, feature_id, document)
        WHERE a.use <> b.use`,
      'firing negatives': `SELECT count(*) AS n FROM example, json_each(activations)
        WHERE slice = 'negative' AND json_each.value > 0`,
      'silent others': `SELECT count(*) AS n FROM example
        WHERE slice <> 'negative' AND protocol LIKE '%+%' AND activations ->> nominal <= 0`,
      'places twice': `SELECT count(*) AS n FROM example a JOIN example b USING (set_id, feature_id, context, position)
        WHERE a.id < b.id AND (a.protocol = b.protocol OR a.protocol = 'monosemanticity')`,
    }
    for (const [what, sql] of Object.entries(wrong)) expect(query(folder, sql), what).toEqual([{ n: 0 }])
    const shares = query(folder, 'SELECT firing_share AS share FROM sample WHERE firing_share IS NOT NULL')
    expect(shares.length).toBeGreaterThan(50)
    for (const { share } of shares) {
      expect(share).toBeGreaterThan(0)
      expect(share).toBeLessThanOrEqual(1)
    }
  }, 180_000)

  it('refuse a tier and a name that they do not have', async () => {
    const unknown = await gloss(['score', '--scorer', 'recall'], { folder: explained })
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toContain('detection-neighbours')
  })
})

describe('a killed run of detection', () => {
  it('ends, after as many kills as it takes, with the tables of an uninterrupted one', async () => {
    const fake = await started({ latencyMs: 20 })
    const llm = ['--only', 'random:6', '--llm', fake.url, '--llm-model', 'fake-model', '--concurrency', '2']
    const prepared = copyOf(explained)
    await done(prepared, 'explain', ...llm)
    const straight = copyOf(prepared)
    const args = ['score', '--scorer', 'detection', ...llm]
    fake.reset()
    const untouched = tablesOf(straight)
    const found = JSON.parse(await done(straight, ...args, '--dry-run', '--json')) as {
      estimates: { requests: number }[]
    }
    const { estimates } = found
    // What is not drawn yet is drawn for an estimate, and not kept.
    expect(tablesOf(straight)).toBe(untouched)
    expect(fake.stats().requests).toBe(0)
    const half = ['--examples-per-call', '40', '--dry-run', '--json']
    const { estimates: larger } = JSON.parse(await done(straight, ...args, ...half)) as typeof found
    expect(larger[0]!.requests).toBeLessThan(0.7 * estimates[0]!.requests)
    await done(straight, ...args)
    const needed = fake.stats().requests
    expect(estimates[0]!.requests).toBe(needed)
    expect(needed).toBeGreaterThan(20)

    const killed = copyOf(prepared)
    fake.reset()
    let kills = 0
    for (;;) {
      const earlier = fake.stats().requests
      const { signal, code } = await gloss(args, {
        folder: killed,
        meanwhile: (child) => {
          const watch = setInterval(() => {
            if (fake.stats().requests - earlier >= 5 + kills) child.kill('SIGKILL')
          }, 2)
          child.once('close', () => clearInterval(watch))
        },
      })
      if (signal === null) {
        expect(code).toBe(0)
        break
      }
      kills++
    }
    expect(kills).toBeGreaterThan(1)
    expect(tablesOf(killed)).toBe(tablesOf(straight))
    // Only requests in flight at a kill are sent again.
    expect(fake.stats().requests).toBeLessThanOrEqual(needed + 2 * kills)
  }, 300_000)
})
