import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Random } from '../../src/core/random.ts'
import type { SessionManifest } from '../../src/review/session.ts'
import { copyOf, PROGRAM, temporaryFolder } from '../support/paths.ts'
import { gloss, query, sharedStudy, tablesOf } from '../support/small-study.ts'

/** A study with token tables for explanations, scored by simulation. */
const study = sharedStudy(['run'])

async function done(folder: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await gloss(args, { folder })
  expect(code, stderr).toBe(0)
  return stdout
}

async function rate(
  folder: string,
  session: string,
  rater: string,
  lines: readonly string[],
  ...flags: string[]
) {
  const child = spawn(
    process.execPath,
    [PROGRAM, 'review', '--session', session, '--rater', rater, '--plain', ...flags],
    { cwd: folder },
  )
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stdin.end(lines.map((line) => `${line}\n`).join(''))
  const [code] = (await once(child, 'close')) as [number | null]
  expect(code).toBe(0)
  return stdout
}

function manifestOf(folder: string, session: string): SessionManifest {
  const [{ manifest }] = query(
    folder,
    `SELECT manifest FROM rating_session WHERE name = '${session}'`,
  ) as unknown as [{ manifest: string }]
  return JSON.parse(manifest) as SessionManifest
}

/** The lines that answer a whole session, submissions among them. */
function linesFor(manifest: SessionManifest, answer: (right: number) => string): string[] {
  return manifest.items.flatMap(({ task }) => [
    ...task!.questions.map((question) => answer(question.answer)),
    '',
  ])
}

interface Report {
  readonly task: {
    readonly people: readonly { rater: string; features: number; score: { value: number } }[]
    readonly judges: readonly {
      llm: string | null
      features: number
      judge: number
      equal: { value: number }
    }[]
    readonly scores: readonly { feature: number; rater: string; value: number }[]
  }
  readonly automatic: readonly { measure: string; scorer: string; n: number }[]
}

describe.each([
  ['detection', ['n', 'y'], 0.5],
  ['fuzzing', ['no', 'yes'], 0.5],
  ['intruder', ['1', '2', '3', '4', '5'], 0.2],
] as const)('gloss review --rubric %s --plain', (task, answers, chance) => {
  it('gives who is right a score of 1, a coin chance, beside the token table, in every table', async () => {
    const folder = copyOf(study)
    const before = tablesOf(folder)
    const status = await done(folder, 'status', '--json')
    await rate(folder, 'pilot', 'ana', [], '--rubric', task, '--items', '12')
    const manifest = manifestOf(folder, 'pilot')
    const rated = manifest.items.filter(({ role }) => role === 'rating')
    expect(rated).toHaveLength(12)
    const copy = temporaryFolder()
    cpSync(folder, copy, { recursive: true })
    await rate(
      folder,
      'pilot',
      'ana',
      linesFor(manifest, (right) => answers[right]!),
    )
    const coin = new Random(1, 'coin')
    await rate(
      copy,
      'pilot',
      'coin',
      linesFor(manifest, () => coin.pick(answers)),
    )
    // People's answers are no scores of the study: nothing but the windows that were asked about is new.
    expect(JSON.parse(await done(folder, 'status', '--json'))).toEqual(JSON.parse(status))
    expect(
      tablesOf(folder)
        .split('\n')
        .filter((line) => line.includes('"scorer"')),
    ).toEqual(before.split('\n').filter((line) => line.includes('"scorer"')))

    const features = rated.map(({ feature }) => feature).join()
    await done(folder, 'score', '--scorer', task, '--only', features)
    await done(folder, 'ratings', 'merge', join(copy, 'gloss.db'))
    const [report] = JSON.parse(await done(folder, 'ratings', '--json')) as [Report]
    const people = Object.fromEntries(report.task.people.map((person) => [person.rater, person]))
    expect(people['ana']).toMatchObject({ features: 12, score: { value: 1, low: 1, high: 1 } })
    expect(people['coin']!.features).toBe(12)
    expect(Math.abs(people['coin']!.score.value - chance)).toBeLessThan(0.1)
    expect(report.task.judges).toMatchObject([{ llm: null, features: 12, notCompared: [] }])
    expect(report.task.judges[0]!.judge).toBeGreaterThan(chance)
    expect(report.automatic.map(({ measure, scorer }) => `${measure} ${scorer}`)).toEqual(
      expect.arrayContaining([`score ${task}`, 'score simulation']) as string[],
    )
    const text = await done(folder, 'ratings')
    expect(text).toContain(
      `${task} by people   ${manifest.items[0]!.task!.questions.length} questions a feature`,
    )
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)

    const { feature } = rated[0]!
    const page = await done(folder, 'show', String(feature))
    expect(page).toMatch(
      new RegExp(`^ ${task} 1\\.00 \\[1\\.00 1\\.00\\] +chance ${chance === 0.5 ? '.50' : '.20'}`, 'm'),
    )
    expect(page).toContain(' by a person: ana · session pilot')
    const { explanations } = JSON.parse(await done(folder, 'show', String(feature), '--json')) as {
      explanations: { humanScores: { rater: string; scorer: string; value: number }[]; scores: object[] }[]
    }
    expect(explanations[0]!.humanScores).toMatchObject(
      task === 'detection'
        ? [{ rater: 'ana', value: 1 }, { scorer: 'detection.precision' }, { rater: 'coin' }, {}]
        : [{ rater: 'ana', scorer: task, value: 1 }, { rater: 'coin' }],
    )

    await done(folder, 'export', '--format', 'jsonl')
    const read = (name: string): string => readFileSync(join(folder, 'exports', 'jsonl', name), 'utf8')
    const rows = read('human_scores.jsonl')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(rows.filter(({ scorer }) => scorer === task)).toHaveLength(24)
    expect(rows.find((row) => row['rater'] === 'ana')).toMatchObject({ value: 1, session: 'pilot' })
    const dictionary = JSON.parse(read('data-dictionary.json')) as {
      table: string
      columns: { name: string }[]
    }[]
    expect(dictionary.find(({ table }) => table === 'human_scores')!.columns.map(({ name }) => name)).toEqual(
      Object.keys(rows[0]!),
    )
    expect(read('scores.jsonl')).not.toContain('"pilot"')
  }, 240_000)
})

describe('a task', () => {
  it('is refused where there is nothing to ask about', async () => {
    const folder = copyOf(study)
    const { code, stderr } = await gloss(
      ['review', '--session', 'x', '--rater', 'ana', '--rubric', 'detection', '--only', '99999', '--plain'],
      { folder },
    )
    expect(stderr).toMatch(/^gloss: expected .*found/)
    expect(code).toBe(2)
  })
})
