import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { PROGRAM, temporaryFolder } from '../support/paths.ts'
import { writeReviewStudy } from '../support/review-study.ts'
import { gloss, type Outcome, query } from '../support/small-study.ts'

/** Rates by lines. */
async function rate(
  folder: string,
  rater: string,
  answers: readonly string[],
  ...flags: string[]
): Promise<Outcome> {
  const child = spawn(
    process.execPath,
    [PROGRAM, 'review', '--session', 'pilot', '--rater', rater, '--plain', ...flags],
    { cwd: folder },
  )
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  child.stdin.end(answers.map((answer) => `${answer}\n`).join(''))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal, ...output }
}

const NEW = ['--rubric', 'fast', '--items', '12', '--seed', '3']

function events(folder: string): Record<string, unknown>[] {
  return query(folder, 'SELECT rater, item, kind, payload FROM rating_event ORDER BY rowid')
}

describe('gloss review --plain', () => {
  it('asks by lines, stores every answer, and goes on where it was', async () => {
    const folder = writeReviewStudy(temporaryFolder())
    const first = await rate(folder, 'ana', ['some word', '2', '', '0', 'yes'], ...NEW)
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toContain('session pilot, rater ana, rubric fast: 0 of 13 items done')
    expect(first.stdout).toMatch(/^ top +.*<< \w+>>⁹/m)
    expect(first.stdout).toContain('? one meaning? 0-2: Is the unit interpretable? 0 no, 1 maybe, 2 yes')
    expect(events(folder).map(({ item, kind }) => [item, kind])).toEqual([
      ['item 001', 'set'],
      ['item 001', 'set'],
      ['item 001', 'submit'],
      ['item 002', 'set'],
      ['item 002', 'set'],
    ])
    const second = await rate(folder, 'ana', [':back', ':quit'])
    expect(second.stdout).toContain('1 of 13 items done')
    expect(second.stdout).toMatch(/^item 002 \(2 of 13\)/m)
    expect(second.stdout).toMatch(/^ your hypothesis: \(none\)\n one meaning\?: yes/m)
    expect(second.stdout).toMatch(/^item 001 \(1 of 13\) submitted/m)
  })

  it('undoes, skips, flags, comments, answers by name, and says what is wrong', async () => {
    const folder = writeReviewStudy(temporaryFolder())
    const { stdout, code } = await rate(
      folder,
      'ana',
      [
        'x',
        '7',
        'one meaning?=maybe',
        ':undo',
        ':redo',
        ':flag',
        ':comment why not',
        ':skip too hard',
        ':goto 1',
        ':dance',
        ':clear one meaning?',
        ':goto x',
        '',
      ],
      ...NEW,
    )
    expect(code).toBe(0)
    expect(stdout).toContain('! one meaning? goes from 0 to 2')
    expect(stdout).toContain('item 001 (1 of 13) skipped: too hard · flagged · comment: why not')
    expect(stdout).toContain('! no command :dance; :help lists them')
    expect(stdout).toContain('! expected a place, as :goto 17')
    expect(stdout).toContain('! missing: one meaning?')
    const kinds = events(folder).map(({ kind }) => kind)
    expect(kinds).toEqual(['set', 'set', 'undo', 'redo', 'flag', 'comment', 'skip', 'clear', 'clear'])
  })

  it('draws the same session from the same seed, and never changes one', async () => {
    const [a, b] = [writeReviewStudy(temporaryFolder()), writeReviewStudy(temporaryFolder())]
    await rate(a, 'ana', [], ...NEW)
    await rate(b, 'ben', [], ...NEW)
    const hash = (folder: string): unknown => query(folder, 'SELECT hash, manifest FROM rating_session')
    expect(hash(a)).toEqual(hash(b))
    expect(await rate(a, 'ana', [], '--items', '5')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the session pilot is drawn already') as string,
    })
    expect((await rate(a, 'ana', [], '--rubric', 'scaling')).stderr).toContain(
      'expected the rubric that session pilot',
    )
    const database = new Database(join(a, 'gloss.db'))
    expect(() => database.exec("UPDATE rating_session SET manifest = '{}'")).toThrow('never changed')
    database.close()
  })

  it('refuses to change or remove what was said', async () => {
    const folder = writeReviewStudy(temporaryFolder())
    await rate(folder, 'ana', ['x'], ...NEW)
    const database = new Database(join(folder, 'gloss.db'))
    expect(() => database.exec("UPDATE rating_event SET rater = 'ben'")).toThrow('never changed')
    expect(() => database.exec('DELETE FROM rating_event')).toThrow('never removed')
    database.close()
  })

  it.each([
    [['review', '--session', 'pilot', '--plain'], 'expected --rater WHO with --session'],
    [['review', '--rater', 'ana'], 'expected --session NAME with --rubric and --rater'],
    [['review', '--plain'], 'expected --session NAME with --plain'],
    [
      ['review', '--session', 'pilot', '--rater', 'ana', '--plain'],
      'expected --rubric with a new session: one of detection, fast, fuzzing, intruder, monosemanticity, scaling',
    ],
    [
      ['review', '--session', 'pilot', '--rater', 'ana', '--rubric', 'mine', '--plain'],
      'expected one of the rubrics detection, fast',
    ],
    [
      ['review', '--session', 'a/b', '--rater', 'ana', '--rubric', 'fast', '--plain'],
      'expected a session of letters',
    ],
    [
      ['review', '--session', 'pilot', '--rater', 'a\u001bb', '--rubric', 'fast', '--plain'],
      'expected a rater of letters',
    ],
    [
      ['review', '--session', 'pilot', '--rater', 'ana', '--rubric', 'fast', '--sets', 'none', '--plain'],
      'expected feature sets of this study (planted)',
    ],
    [
      [
        'review',
        '--session',
        'pilot',
        '--rater',
        'dora',
        '--rubric',
        'fast',
        '--raters',
        'ana,ben',
        '--plain',
      ],
      "expected one of the session's raters ana, ben",
    ],
    [['review'], 'expected a terminal, found none'],
    [['ratings'], 'expected rating sessions, found none'],
    [['ratings', 'merge'], 'expected gloss ratings, or gloss ratings merge FILE'],
    [['ratings', 'join', 'x.db'], 'expected gloss ratings, or gloss ratings merge FILE'],
  ])('%j is misuse', async (args, message) => {
    const folder = writeReviewStudy(temporaryFolder(), { features: 12 })
    const { code, stderr } = await gloss(args, { folder })
    expect(stderr).toContain(message)
    expect(stderr.split('\n')).toHaveLength(2)
    expect(code).toBe(2)
  })

  it('takes a rubric of the user, and keys of gloss.yaml', async () => {
    const folder = writeReviewStudy(temporaryFolder())
    writeFileSync(
      join(folder, 'mine.yaml'),
      'name: mine\ndescription: one question\nfields:\n  - { name: nice, kind: score, phase: own, label: nice, most: 1, metric: nominal }\n',
    )
    const { stdout } = await rate(folder, 'ana', ['1', ''], '--rubric', 'mine.yaml')
    expect(stdout).toContain('rubric mine')
    expect(events(folder)).toHaveLength(2)
    const config = join(folder, 'gloss.yaml')
    writeFileSync(config, `${readFileSync(config, 'utf8')}review: { keys: { undo: s } }\n`)
    expect((await gloss(['review'], { folder })).stderr).toContain(
      'review.keys: s would be both undo and skip',
    )
  })
})

/** Answers to a whole session under the fast rubric: a verdict that depends on the item, and on the rater. */
function verdicts(items: number, shift: (item: number) => number): string[] {
  return Array.from({ length: items }, (_, item) => ['0', String((item + shift(item)) % 3), '']).flat()
}

describe('gloss ratings', () => {
  it('merges copies into the same, in any order, and says how far raters agree', async () => {
    const folder = writeReviewStudy(temporaryFolder(), { baselines: 20 })
    await rate(folder, 'ana', [], ...NEW, '--items', '30', '--repeats', '0.2')
    const [copyA, copyB] = [temporaryFolder(), temporaryFolder()]
    for (const copy of [copyA, copyB]) cpSync(folder, copy, { recursive: true })
    await rate(
      copyA,
      'ana',
      verdicts(36, () => 0),
    )
    await rate(
      copyB,
      'ben',
      verdicts(36, (item) => Number(item % 5 === 0)),
    )
    const merged = await gloss(['ratings', 'merge', join(copyB, 'gloss.db')], { folder: copyA })
    expect(merged).toMatchObject({ code: 0, stdout: '108 new events, 0 known, 0 new sessions\n' })
    expect((await gloss(['ratings', 'merge', join(copyB, 'gloss.db')], { folder: copyA })).stdout).toBe(
      '0 new events, 108 known, 0 new sessions\n',
    )
    await gloss(['ratings', 'merge', join(copyA, 'gloss.db')], { folder: copyB })
    const a = await gloss(['ratings', '--json'], { folder: copyA })
    expect(a.stdout).toBe((await gloss(['ratings', '--json'], { folder: copyB })).stdout)

    const [report] = JSON.parse(a.stdout) as [
      {
        raters: { rater: string; submitted: number; repeats: { kappa: number | null; pairs: number }[] }[]
        agreement: { name: string; units: number; alpha: { value: number; low: number; high: number } }[]
        automatic: { scorer: string; n: number; spearman: { value: number | null } }[]
        baselines: { against: string; features: number; baselines: number }[]
      },
    ]
    expect(report.raters.map(({ rater, submitted }) => [rater, submitted])).toEqual([
      ['ana', 36],
      ['ben', 36],
    ])
    const [verdict] = report.agreement
    expect(verdict).toMatchObject({ name: 'verdict', units: 30 })
    expect(verdict!.alpha.value).toBeLessThan(1)
    expect(verdict!.alpha.low).toBeLessThan(verdict!.alpha.value)
    expect(verdict!.alpha.high).toBeGreaterThan(verdict!.alpha.value)
    expect(report.raters[0]!.repeats[0]!.pairs).toBe(6)
    expect(report.automatic).toMatchObject([{ scorer: 'simulation', n: 10 }])
    expect(report.baselines).toMatchObject([
      { against: 'neuron', features: 10, baselines: 10 },
      { against: 'random', features: 10, baselines: 10 },
    ])

    const { stdout } = await gloss(['ratings'], { folder: copyA })
    expect(stdout).toContain('session pilot   rubric fast   36 items')
    expect(stdout).toMatch(/^ ana +36 of 36 /m)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('refuses a session that was drawn differently, and takes nothing of it', async () => {
    const [a, b] = [writeReviewStudy(temporaryFolder()), writeReviewStudy(temporaryFolder())]
    await rate(a, 'ana', ['x'], ...NEW)
    await rate(b, 'ben', ['x'], '--rubric', 'fast', '--items', '12', '--seed', '4')
    const { code, stderr } = await gloss(['ratings', 'merge', join(b, 'gloss.db')], { folder: a })
    expect(stderr).toContain('expected the session pilot to be the same in both copies')
    expect(code).toBe(1)
    expect(events(a)).toHaveLength(1)
  })

  it.each([
    ['no file', () => {}, 'expected a copy of the study'],
    ['no database', (path: string) => writeFileSync(path, 'x'.repeat(5000)), 'is damaged or no database'],
    [
      'no ratings',
      (path: string) => new Database(path).exec('CREATE TABLE t (x)').close(),
      'expected ratings in',
    ],
  ])('says what is wrong with a copy: %s', async (_name, write, message) => {
    const folder = writeReviewStudy(temporaryFolder(), { features: 12 })
    write(join(folder, 'copy.db'))
    const { code, stderr } = await gloss(['ratings', 'merge', 'copy.db'], { folder })
    expect(stderr).toContain(message)
    expect(code).toBe(1)
  })
})
