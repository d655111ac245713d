import { describe, expect, it } from 'vitest'
import { type Deed, honestJudge, type SeenRequest, serve } from '../support/fake-openai.ts'
import { copyOf } from '../support/paths.ts'
import { gloss, query, sharedStudy, tablesOf } from '../support/small-study.ts'

const ENVIRONMENT = { GLOSS_API_KEY: 'gloss-key-0123456789abcdef' }

/** A study that is explained by the token table. */
const prepared = sharedStudy(['tokenize', 'train', 'collect', 'sample', 'explain', 'score'])

interface Row {
  readonly value: number
  readonly low: number
  readonly high: number
  readonly drawn: number
  /** Score examples that there are, the further ones too. */
  readonly available: number
}

/** Scores with the number of examples behind each. */
function rows(folder: string, protocol: string): Row[] {
  return query(
    folder,
    `SELECT score.value, low, high, (SELECT sum(each.value ->> 1) FROM json_each(coverage) AS each) AS drawn,
       (SELECT count(*) FROM example WHERE example.feature_id = explanation.feature_id AND use = 'score') AS available
     FROM score JOIN explanation ON explanation.id = explanation_id WHERE scorer = 'simulation' AND protocol = '${protocol}' AND score.value IS NOT NULL ORDER BY score.id`,
  ) as unknown as Row[]
}

describe('gloss score --precision', () => {
  it('stops at a look, not before the wanted half-width unless examples run out, and says what it took', async () => {
    const folder = copyOf(prepared)
    const standard = tablesOf(folder)
    const scored = await gloss(['score', '--precision', '0.08'], { folder })
    expect([scored.code, scored.stderr]).toEqual([0, expect.not.stringContaining('gloss:')])
    expect(scored.stderr).toMatch(
      /±0\.08 reached by \d+ of \d+, [\d,]+ examples instead of [\d,]+ \([\d,]+ (?:saved|added)\)/,
    )
    const found = rows(folder, 'monosemanticity@0.08')
    expect(found.length).toBe(rows(folder, 'monosemanticity').length)
    const [most] = query(
      folder,
      `SELECT max(n) AS n FROM (SELECT count(*) AS n FROM example WHERE use = 'score' GROUP BY feature_id)`,
    )
    expect(most!.n).toBe(180)
    const full = found.filter(({ drawn }) => [40, 60, 90, 120, 180].includes(drawn))
    expect(full.length).toBeGreaterThan(found.length / 2)
    for (const { low, high, drawn, available } of found)
      if (drawn < available) expect((high - low) / 2).toBeLessThanOrEqual(0.08)
    expect(found.some(({ drawn, available }) => drawn < available)).toBe(true)
    for (const { drawn } of found) expect(drawn).toBeLessThanOrEqual(180)
    // Not all stop at once, or nothing would be adapted.
    expect(new Set(full.map(({ drawn }) => drawn)).size).toBeGreaterThan(2)
    // Status is about these scores now; those of the standard examples are still there.
    expect((await gloss(['status'], { folder })).stdout).toContain('(monosemanticity@0.08)')
    const before = tablesOf(folder)
    const now = new Set(before.split('\n'))
    for (const line of standard.split('\n').filter((one) => one.includes('"simulation"')))
      expect(now).toContain(line)
    const again = await gloss(['score', '--precision', '0.08'], { folder })
    expect(again.stderr).toMatch(/±0\.08 reached by .* already done/)
    expect(tablesOf(folder)).toBe(before)
    const { stdout } = await gloss(['score', '--precision', '0.08', '--json'], { folder })
    expect(JSON.parse(stdout)).toMatchObject({
      adaptive: { halfWidth: 0.08, scored: found.length, standardExamples: expect.any(Number) },
    })
    expect((await gloss(['score', '--quiet'], { folder })).code).toBe(0)
    expect((await gloss(['status'], { folder })).stdout).toContain('(monosemanticity)')
  }, 240_000)

  it('gives the same, calls and all, after as many kills as it takes', async () => {
    const slow = (request: SeenRequest): Deed => ({ answer: honestJudge(request), delayMs: 8 })
    const fake = await serve(slow)
    const args = ['run', '--precision', '0.06', '--only', 'random:5', '--concurrency', '2', '--llm', fake.url]
    const command = [...args, '--llm-model', 'm']
    const straight = copyOf(prepared)
    const first = await gloss(command, { folder: straight, environment: ENVIRONMENT })
    expect([first.code, first.stderr]).toEqual([0, expect.not.stringContaining('gloss:')])
    const begun = fake.seen.length
    const said = /([\d,]+) calls instead of ([\d,]+)/.exec(first.stderr)!
    // What is said of calls is what was sent for the scores themselves.
    const sent = fake.seen.filter(({ body }) => body.messages.at(-1)!.content.startsWith('Description: '))
    expect(Number(said[1])).toBeLessThanOrEqual(sent.length)
    expect(Number(said[2])).toBe(15)

    const killed = copyOf(prepared)
    let kills = 0
    for (;;) {
      const seenBefore = fake.seen.length
      const outcome = await gloss([...command, '--quiet'], {
        folder: killed,
        environment: ENVIRONMENT,
        meanwhile: (child) => {
          const watch = setInterval(() => {
            if (fake.seen.length - seenBefore >= 6 + kills) {
              clearInterval(watch)
              child.kill('SIGKILL')
            }
          }, 1)
          child.on('exit', () => clearInterval(watch))
        },
      })
      if (outcome.signal === null) {
        expect(outcome.code).toBe(0)
        break
      }
      kills++
    }
    expect(kills).toBeGreaterThan(2)
    expect(tablesOf(killed)).toBe(tablesOf(straight))
    expect(fake.seen.length - begun).toBeLessThanOrEqual(begun + 2 * kills)
  }, 180_000)

  it('is refused where it makes no sense', async () => {
    const folder = copyOf(prepared)
    for (const [args, message] of [
      [['--precision', '0'], 'expected a half-width between 0 and 1'],
      [['--precision', 'x'], 'expected a half-width between 0 and 1'],
      [
        ['--precision', '0.1', '--dry-run', '--llm', 'http://127.0.0.1:1', '--llm-model', 'm'],
        'expected --dry-run without --precision',
      ],
      [
        ['--precision', '0.1', '--protocol', 'bills'],
        'expected with --precision a protocol of slices that scores 40, 60, 90, 120, 180 examples, found bills with 10',
      ],
    ] as const) {
      const { code, stderr } = await gloss(['score', ...args], { folder, environment: ENVIRONMENT })
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
    }
  }, 180_000)
})
