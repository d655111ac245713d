import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Deed,
  errorBody,
  type FakeOpenAi,
  honest,
  honestJudge,
  type SeenRequest,
  serve,
} from '../support/fake-openai.ts'
import { copyOf, temporaryFolder } from '../support/paths.ts'
import { gloss, query, sharedStudy, tablesOf, writeSmallStudy } from '../support/small-study.ts'

const KEY = 'gloss-key-0123456789abcdef'
const ENVIRONMENT = { GLOSS_API_KEY: KEY }
const FEATURES = 'random:8'

/** A study that is sampled and waits to be explained. */
const prepared = sharedStudy(['tokenize', 'train', 'collect', 'sample'])

const isSimulation = ({ body }: SeenRequest): boolean =>
  body.messages.at(-1)!.content.startsWith('Description: ')
const llm = (fake: FakeOpenAi, ...more: string[]): string[] => [
  'run',
  '--only',
  FEATURES,
  '--llm',
  fake.url,
  '--llm-model',
  'judge',
  ...more,
]

interface Counts {
  scored: number
  undefined: number
  failed: number
  pending: number
  score: { median: number; n: number } | null
  gain: { shuffled: number | null; tokenTable: number | null }
  aboveBaseline: number | null
  cost: { usd: null; requests: number; promptTokens: number }
  failures: { reason: string; count: number }[]
}

async function counts(
  folder: string,
  args: string[],
  environment: Record<string, string> = ENVIRONMENT,
): Promise<Counts> {
  const { code, stdout, stderr } = await gloss([...args, '--json'], { folder, environment })
  expect(stderr).not.toContain('gloss:')
  expect(code).toBe(0)
  return JSON.parse(stdout) as Counts
}

describe('gloss run with an LLM', () => {
  it('explains and scores, with a token table beside every score, and sends nothing twice', async () => {
    const fake = await serve(honest)
    const folder = copyOf(prepared)
    // Enough features for every density decile to offer partners for the shuffled control.
    const args = ['run', '--only', 'random:40', '--llm', fake.url, '--llm-model', 'judge']
    const found = await counts(folder, args)
    expect(found).toMatchObject({ scored: 40, undefined: 0, failed: 0, failures: [] })
    expect(found.score!.median).toBeGreaterThan(0.3)
    expect(found.gain.shuffled).toBeGreaterThan(0.3)
    expect(found.gain.tokenTable).not.toBeNull()
    expect(found.aboveBaseline).not.toBeNull()
    expect(found.cost.requests).toBe(fake.seen.length)
    expect(found.cost.promptTokens).toBeGreaterThan(1000)
    // One explanation a feature, a call for every 20 examples to score it, as many for the shuffled control and for the blank one.
    const perFeature = query(
      folder,
      `SELECT count(DISTINCT example.id) AS examples, count(DISTINCT control.score_id) AS shuffled
       FROM explanation JOIN example USING (set_id, feature_id)
         LEFT JOIN score ON score.explanation_id = explanation.id AND scorer = 'simulation'
         LEFT JOIN control ON score_id = score.id AND control.name = 'shuffled' AND control.value IS NOT NULL
       WHERE use = 'score' GROUP BY explanation.id`,
    )
    const callsOf = (row: Record<string, unknown>): number =>
      Math.ceil(Number(row['examples']) / 20) * (2 + Number(row['shuffled']))
    expect(perFeature.filter(({ shuffled }) => shuffled === 1).length).toBeGreaterThan(30)
    expect(fake.seen.length).toBe(40 + perFeature.reduce((sum, row) => sum + callsOf(row), 0))
    expect(fake.seen.every(({ attempt }) => attempt === 1)).toBe(true)
    const scores = `SELECT count(*) AS n FROM score WHERE scorer = 'simulation' AND tier = 'integersSparse' AND value IS NOT NULL`
    expect(query(folder, scores)[0]!['n']).toBe(40)
    const gains = `SELECT count(*) AS n FROM control WHERE name = 'tokenTable' AND gain IS NOT NULL`
    expect(query(folder, gains)[0]!['n']).toBe(40)

    const before = { sent: fake.seen.length, tables: tablesOf(folder) }
    await counts(folder, args)
    expect(fake.seen.length).toBe(before.sent)
    expect(tablesOf(folder)).toBe(before.tables)
  })

  it('sends no slice, activation or key in a simulation, and the key only as a header', async () => {
    const fake = await serve(honest)
    const folder = copyOf(prepared)
    await counts(folder, llm(fake))
    for (const request of fake.seen) {
      expect(request.headers.authorization).toBe(`Bearer ${KEY}`)
      const text = JSON.stringify(request.body)
      expect(text).not.toContain(KEY)
      if (isSimulation(request)) expect(text).not.toMatch(/interval|\btop\b|random/i)
    }
    for (const file of ['gloss.db', 'gloss.yaml'])
      expect(readFileSync(join(folder, file)).includes(KEY)).toBe(false)
  })

  it('counts each failure, and a second run asks again only for what got no reply', async () => {
    // By the key of a request: some get no reply at all, some garbage, some succeed only after a reset or a 429.
    const fate = ({ key }: SeenRequest): number => Number.parseInt(key.slice(0, 4), 16) % 8
    let repaired = false
    const fake = await serve((request) => {
      switch (fate(request)) {
        case 0:
          return repaired
            ? honest(request)
            : { raw: errorBody('overloaded'), status: 503, headers: { 'retry-after-ms': '1' } }
        case 1:
          return { answer: 'I would rather not.' }
        case 2:
          return request.attempt === 1 ? { reset: 'before' } : honest(request)
        case 3:
          return request.attempt === 1
            ? { raw: errorBody('slow down'), status: 429, headers: { 'retry-after-ms': '1' } }
            : honest(request)
        default:
          return honest(request)
      }
    })
    const folder = copyOf(prepared)
    const log = join(folder, 'events.jsonl')
    const first = await counts(folder, llm(fake, '--log', log))
    const unanswered = new Set(fake.seen.filter((request) => fate(request) === 0).map(({ key }) => key))
    const garbage = new Set(fake.seen.filter((request) => fate(request) === 1).map(({ key }) => key))
    expect(unanswered.size).toBeGreaterThan(2)
    expect(garbage.size).toBeGreaterThan(2)
    for (const request of fake.seen) expect(request.attempt).toBeLessThanOrEqual(5)
    expect(query(folder, 'SELECT count(*) AS n FROM request WHERE response IS NULL')[0]!['n']).toBe(
      unanswered.size,
    )
    expect(first.scored + first.undefined + first.failed).toBe(8)
    const failures = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.includes('item-failed'))
    expect(failures.length).toBeGreaterThanOrEqual(unanswered.size)

    repaired = true
    const sentBefore = fake.seen.length
    const answeredBefore = new Set(fake.seen.map(({ key }) => key).filter((key) => !unanswered.has(key)))
    const second = await counts(folder, llm(fake))
    const sentAgain = fake.seen.slice(sentBefore).map(({ key }) => key)
    expect(sentAgain.length).toBeGreaterThan(0)
    expect(sentAgain.filter((key) => answeredBefore.has(key))).toEqual([])
    expect(second.failed).toBe(0)
    expect(second.scored).toBeGreaterThanOrEqual(first.scored)
    expect(query(folder, 'SELECT count(*) AS n FROM request WHERE response IS NULL')[0]!['n']).toBe(0)

    const sentInAll = fake.seen.length
    await counts(folder, llm(fake))
    expect(fake.seen.length).toBe(sentInAll)

    // What came of it is what a server with the same garbage and no faults leads to.
    await fake.stop()
    const quiet = await serve(
      (request) => (fate(request) === 1 ? { answer: 'I would rather not.' } : honest(request)),
      Number(new URL(fake.url).port),
    )
    const other = copyOf(prepared)
    await counts(other, llm(quiet))
    expect(tablesOf(other)).toBe(tablesOf(folder))
    expect(second.undefined + second.scored).toBe(8)
  })

  it('keeps an unreadable reply, marks it, and leaves the score missing', async () => {
    const fake = await serve((request) =>
      isSimulation(request) ? honest(request) : { answer: 'It fires on things.' },
    )
    const folder = copyOf(prepared)
    const found = await counts(folder, llm(fake))
    expect(found).toMatchObject({
      scored: 0,
      undefined: 8,
      failed: 0,
      failures: [{ reason: 'noExplanation', count: 8 }],
    })
    expect(query(folder, 'SELECT DISTINCT text, problem FROM explanation')).toEqual([
      { text: null, problem: 'unreadable' },
    ])
    expect(query(folder, 'SELECT DISTINCT value, undefined FROM score')).toEqual([
      { value: null, undefined: 'noExplanation' },
    ])
    expect(fake.seen).toHaveLength(8)
    await counts(folder, llm(fake))
    expect(fake.seen).toHaveLength(8)
  })

  it('never takes a missing answer for a zero', async () => {
    // Answers all but the first line of every simulation; a cut body now and then.
    const fake = await serve((request) => {
      const answer = honestJudge(request)
      return { answer: isSimulation(request) ? answer.split('\n').slice(1).join('\n') : answer }
    })
    const folder = copyOf(prepared)
    const found = await counts(folder, llm(fake))
    expect(found.scored).toBe(8)
    for (const { n, coverage, unreadable } of query(
      folder,
      `SELECT n, coverage, unreadable_calls AS unreadable FROM score WHERE scorer = 'simulation'`,
    )) {
      const answered = Object.values(JSON.parse(String(coverage)) as Record<string, [number, number]>).reduce(
        (sum, [some]) => sum + some,
        0,
      )
      expect(answered).toBeLessThan(60)
      expect(n).toBe(9 * answered)
      // Three of the score, three of the blank control.
      expect(unreadable).toBe(6)
    }
  })

  it('calls a score failed where its calls got no reply, and undefined where replies said nothing', async () => {
    const fake = await serve((request) =>
      isSimulation(request)
        ? { raw: errorBody('no'), status: 500, headers: { 'retry-after-ms': '1' } }
        : honest(request),
    )
    const folder = copyOf(prepared)
    const few = ['--only', 'random:3']
    expect(await counts(folder, llm(fake, ...few))).toMatchObject({
      scored: 0,
      failed: 3,
      undefined: 0,
      failures: [{ reason: 'callsFailed', count: 3 }],
    })
    fake.script = (request) => (isSimulation(request) ? { answer: 'no idea' } : honest(request))
    expect(await counts(folder, llm(fake, ...few))).toMatchObject({
      scored: 0,
      failed: 0,
      undefined: 3,
      failures: [{ reason: 'lowCoverage', count: 3 }],
    })
  })

  it('stops at once where the endpoint refuses, before its first answer and after it', async () => {
    const folder = copyOf(prepared)
    const fake = await serve(() => ({ raw: errorBody('who?'), status: 401 }))
    const refused = await gloss(llm(fake), { folder, environment: ENVIRONMENT })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/^gloss: http:\S+ answered 401 [^\n]*the key was not accepted: check it$/m)
    expect(fake.seen.length).toBeLessThanOrEqual(16)

    fake.script = (request) =>
      fake.seen.length > 25 ? { raw: errorBody('quota', 'insufficient_quota'), status: 429 } : honest(request)
    const stopped = await gloss(llm(fake, '--concurrency', '2'), { folder, environment: ENVIRONMENT })
    expect(stopped.code).toBe(3)
    expect(stopped.stderr).toContain(
      "the account's quota is used up: raise it; what was answered is stored, run the same command again to go on",
    )
    fake.script = honest
    expect((await counts(folder, llm(fake))).scored).toBe(8)
  })

  it('says so where nothing is there to answer', async () => {
    const fake = await serve(honest)
    await fake.stop()
    const { code, stderr } = await gloss(llm(fake), { folder: copyOf(prepared), environment: ENVIRONMENT })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^gloss: http:\S+ cannot be reached \(ECONNREFUSED\); check the address and that the server runs$/m,
    )
  })

  it('sends no key to an endpoint that only gloss.yaml names, and takes the endpoint from the environment', async () => {
    const fake = await serve(honest)
    const folder = copyOf(prepared)
    writeSmallStudy(folder, { llm: { url: fake.url, model: 'judge' } })
    // The corpus was written anew: tokens and everything after it are the same.
    expect((await gloss(['explain', '--only', 'random:2'], { folder, environment: ENVIRONMENT })).code).toBe(
      0,
    )
    expect(fake.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined])
    await gloss(['explain', '--only', 'random:4'], {
      folder,
      environment: { ...ENVIRONMENT, GLOSS_LLM: fake.url, GLOSS_LLM_MODEL: 'other' },
    })
    expect(fake.seen.at(-1)!.headers.authorization).toBe(`Bearer ${KEY}`)
    expect(fake.seen.at(-1)!.body.model).toBe('other')
  })
})

describe('a killed run', () => {
  it('ends, after as many kills as it takes, with the tables of an uninterrupted one', async () => {
    const slow = (request: SeenRequest): Deed => ({ answer: honestJudge(request), delayMs: 8 })
    const fake = await serve(slow)
    const straight = copyOf(prepared)
    await counts(straight, llm(fake, '--concurrency', '2'))
    const killed = copyOf(prepared)
    const sentFor = new Map<string, number>()
    const begun = fake.seen.length
    let kills = 0
    for (;;) {
      const seenBefore = fake.seen.length
      const outcome = await gloss(llm(fake, '--concurrency', '2', '--quiet'), {
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
      // Everything that was stored stays stored.
      for (const { hash } of query(killed, 'SELECT hash FROM request WHERE response IS NOT NULL'))
        sentFor.set(String(hash), kills)
    }
    expect(kills).toBeGreaterThan(3)
    expect(tablesOf(killed)).toBe(tablesOf(straight))
    // Only requests in flight at a kill are sent again: at most two a kill.
    expect(fake.seen.length - begun).toBeLessThanOrEqual(begun + 2 * kills)
  }, 300_000)

  it('goes on in every stage, to the same bytes', async () => {
    const straight = temporaryFolder()
    writeSmallStudy(straight)
    await gloss(['run', '--quiet'], { folder: straight })
    const killed = temporaryFolder()
    writeSmallStudy(killed)
    let kills = 0
    for (let after = 400; ; after += 450) {
      const outcome = await gloss(['run', '--quiet'], {
        folder: killed,
        meanwhile: (child) => {
          const timer = setTimeout(() => child.kill('SIGKILL'), after)
          child.on('exit', () => clearTimeout(timer))
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
  }, 300_000)
})

describe('a stopped run', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'finishes what is in flight on %s, exits with 3, and goes on',
    async (signal) => {
      const fake = await serve((request) => ({ answer: honestJudge(request), delayMs: 40 }))
      const folder = copyOf(prepared)
      const stopped = await gloss(llm(fake, '--concurrency', '2'), {
        folder,
        environment: ENVIRONMENT,
        meanwhile: (child) => {
          const watch = setInterval(() => {
            if (fake.seen.length >= 3) {
              clearInterval(watch)
              child.kill(signal)
            }
          }, 1)
        },
      })
      expect(stopped.code).toBe(3)
      expect(stopped.stderr).toContain('stopping; what is in flight is finished first')
      expect(stopped.stderr).toMatch(/^gloss: stopped[^\n]*run the same command again to go on$/m)
      expect(stopped.stderr).not.toMatch(/\n\s+at /)
      const stored = query(folder, 'SELECT count(*) AS n FROM request WHERE response IS NOT NULL')[0]![
        'n'
      ] as number
      expect(stored).toBe(fake.seen.length)
      fake.script = honest
      expect((await counts(folder, llm(fake))).scored).toBe(8)
      expect(fake.seen.every(({ attempt }) => attempt === 1)).toBe(true)
    },
  )

  it('quits at once on a second signal', async () => {
    const fake = await serve(() => ({ hang: true }))
    const started = Date.now()
    const { code } = await gloss(llm(fake), {
      folder: copyOf(prepared),
      environment: ENVIRONMENT,
      meanwhile: (child) => {
        const watch = setInterval(() => {
          if (fake.seen.length === 0) return
          clearInterval(watch)
          child.kill('SIGINT')
          setTimeout(() => child.kill('SIGINT'), 200)
        }, 1)
      },
    })
    expect(code).toBe(3)
    expect(Date.now() - started).toBeLessThan(20_000)
  })
})
