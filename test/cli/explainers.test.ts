import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Estimate } from '../../src/pipeline/estimate.ts'
import { started } from '../fake-llm/asking.ts'
import { Oracle } from '../fake-llm/oracle.ts'
import type { FakeLlmOptions } from '../fake-llm/options.ts'
import type { LlmRequest } from '../fake-llm/request.ts'
import type { FakeLlm } from '../fake-llm/server.ts'
import { sha256 } from '../../src/core/hash.ts'
import { copyOf, ROOT } from '../support/paths.ts'
import { gloss, query, sharedStudy, tablesOf, writeSmallStudy } from '../support/small-study.ts'

const PROTOCOL = 'monosemanticity-choose'
/** A study with examples to choose by that waits to be explained. Replies go by one name, whichever server gave them. */
const prepared = sharedStudy(
  ['tokenize', 'train', 'collect', 'sample'],
  (folder) =>
    void writeSmallStudy(folder, { protocol: PROTOCOL, llm: { group: 'lab', batchPollSeconds: 0.1 } }),
)

const oracle = new Oracle([], 'true')

const fate = (text: string, count: number): number => Number.parseInt(sha256(text).slice(0, 8), 16) % count
/** A request that follows an explanation. */
const isRevision = ({ messages }: LlmRequest): boolean => messages.at(-1)!.content.includes('predicted:')

/**
 * Reports the tokens that fire; of the first explanations some know fewer of them than others, so that one is the best
 * and a revision helps.
 */
function forgetful(request: LlmRequest): string {
  const answer = oracle.answer(request)
  const hex = /<explanation>fires on ([0-9a-f]+)</.exec(answer)?.[1]
  if (hex === undefined || isRevision(request)) return answer
  const tokens = JSON.parse(Buffer.from(hex, 'hex').toString('utf8')) as unknown[]
  const kept = tokens.slice(0, 1 + fate(request.messages.at(-1)!.content, 4))
  return `<explanation>fires on ${Buffer.from(JSON.stringify(kept)).toString('hex')}</explanation>`
}

const serve = (options: FakeLlmOptions = {}): Promise<FakeLlm> => started({ answer: forgetful, ...options })

const args = (llm: FakeLlm, explainer: string, ...more: string[]): string[] => [
  'run',
  '--only',
  'random:6',
  '--explainer',
  explainer,
  '--llm',
  llm.url,
  '--llm-model',
  'fake-model',
  '--quiet',
  ...more,
]

async function done(folder: string, command: readonly string[]): Promise<void> {
  expect(await gloss(command, { folder })).toMatchObject({ code: 0, stderr: '' })
}

const count = (folder: string, what: string): number =>
  Number(query(folder, `SELECT count(*) AS n FROM ${what}`)[0]!['n'])

describe.each(['best', 'revise'])('a run with the explainer %s', (explainer) => {
  it('goes on after every kill to the tables of an uninterrupted one, and pays for nothing twice', async () => {
    const llm = await serve({ latencyMs: 8 })
    const straight = copyOf(prepared)
    await done(straight, args(llm, explainer, '--concurrency', '2'))
    expect(count(straight, 'candidate WHERE chosen = 1')).toBe(6)
    expect(count(straight, 'candidate WHERE revises IS NOT NULL')).toBeGreaterThan(
      explainer === 'revise' ? 2 : -1,
    )
    const begun = llm.stats().requests
    const killed = copyOf(prepared)
    let kills = 0
    for (;;) {
      const before = llm.stats().requests
      const outcome = await gloss(args(llm, explainer, '--concurrency', '2'), {
        folder: killed,
        meanwhile: (child) => {
          const watch = setInterval(() => {
            if (llm.stats().requests - before < 5 + 2 * kills) return
            clearInterval(watch)
            child.kill('SIGKILL')
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
    expect(kills).toBeGreaterThan(3)
    expect(tablesOf(killed)).toBe(tablesOf(straight))
    expect(query(killed, 'SELECT * FROM candidate')).toEqual(query(straight, 'SELECT * FROM candidate'))
    // Only requests in flight at a kill are sent again: at most two a kill.
    expect(llm.stats().requests).toBeLessThanOrEqual(2 * begun + 2 * kills)
  }, 300_000)

  it('finds in batches what it finds without, and after money ran out what it finds with enough', async () => {
    const llm = await serve()
    const straight = copyOf(prepared)
    await done(straight, args(llm, explainer))
    const batches = await serve()
    const inBatches = copyOf(prepared)
    await done(inBatches, args(batches, explainer, '--batch'))
    expect(batches.stats().requests).toBe(0)
    // Explanations, what they predict, for a revision the same again, and scores: a batch or two for each step.
    expect(batches.batchStats().batches).toBeLessThan(12)
    expect(tablesOf(inBatches)).toBe(tablesOf(straight))

    const poor = copyOf(prepared)
    const settings = readFileSync(join(poor, 'gloss.yaml'), 'utf8')
    writeFileSync(
      join(poor, 'gloss.yaml'),
      settings.replace('group: lab', 'group: lab\n  prices: { input: 1, output: 1 }'),
    )
    const stopped = await gloss(args(llm, explainer, '--max-cost', '0.04', '--concurrency', '2'), {
      folder: poor,
    })
    expect(stopped.code).toBe(3)
    expect(stopped.stderr).toContain('--max-cost')
    expect(count(poor, 'request WHERE response IS NOT NULL')).toBeGreaterThan(2)
    await done(poor, args(llm, explainer))
    expect(tablesOf(poor)).toBe(tablesOf(straight))
  }, 300_000)

  it('stores what is in flight when it is stopped, and goes on', async () => {
    const llm = await serve({ latencyMs: 60 })
    const folder = copyOf(prepared)
    const stopped = await gloss(args(llm, explainer, '--concurrency', '8'), {
      folder,
      meanwhile: (child) => {
        const watch = setInterval(() => {
          if (llm.stats().requests < 10) return
          clearInterval(watch)
          child.kill('SIGINT')
        }, 1)
        child.on('exit', () => clearInterval(watch))
      },
    })
    expect(stopped.code).toBe(3)
    expect(stopped.stderr).toMatch(/^gloss: stopped[^\n]*run the same command again to go on$/m)
    expect(stopped.stderr).not.toMatch(/\n\s+at /)
    expect(count(folder, 'request WHERE response IS NOT NULL')).toBe(llm.stats().requests)
    await done(folder, args(llm, explainer))
    expect(llm.stats().answeredTwice).toBe(0)
  })

  it('is foretold by a dry run, which changes nothing', async () => {
    // Every explanation is another one, and all predict badly.
    let written = 0
    const llm = await serve({
      answer: (request) => {
        const answer = oracle.answer(request)
        if (!answer.startsWith('<')) return answer
        return `<explanation>Names of places in reports of kind ${written++}, most strongly before a comma</explanation>`
      },
    })
    const folder = copyOf(prepared)
    const before = tablesOf(folder)
    const { stdout } = await gloss([...args(llm, explainer), '--dry-run', '--json'], { folder })
    const { estimates } = JSON.parse(stdout) as { estimates: Estimate[] }
    expect(estimates.map(({ stage, features }) => [stage, features])).toEqual([
      ['explain', 6],
      ['score', 6],
    ])
    expect(llm.stats().requests).toBe(0)
    expect(tablesOf(folder)).toBe(before)
    await done(folder, args(llm, explainer))
    expect(estimates[0]!.requests + estimates[1]!.requests).toBe(llm.stats().requests)
  })
})

describe('--reask', () => {
  it('asks again for candidates that could not be read, and for nothing else', async () => {
    let clear = false
    const llm = await serve({
      answer: (request) =>
        !clear && forgetful(request).startsWith('<') && fate(request.messages.at(-1)!.content, 3) === 0
          ? 'I would rather not.'
          : forgetful(request),
    })
    const folder = copyOf(prepared)
    await done(folder, args(llm, 'best'))
    const unreadable = count(folder, "candidate WHERE problem = 'unreadable'")
    expect(unreadable).toBeGreaterThan(3)
    const sent = llm.stats().requests
    await done(folder, args(llm, 'best'))
    expect(llm.stats().requests).toBe(sent)
    clear = true
    await done(folder, [...args(llm, 'best'), '--reask'])
    expect(count(folder, 'candidate WHERE problem IS NOT NULL')).toBe(0)
    expect(count(folder, 'request WHERE attempt = 1')).toBe(unreadable)
  })
})

describe('explainers by name', () => {
  it('stay side by side, and score goes on with the last', async () => {
    const llm = await serve()
    const folder = copyOf(prepared)
    const few = ['--only', 'random:6', '--quiet']
    for (const explainer of ['pairs', 'delimiters', 'logits']) await done(folder, args(llm, explainer))
    await done(folder, ['explain', '--explainer', 'bigram', ...few])
    await done(folder, ['explain', ...few])
    await done(folder, ['explain', '--explainer', 'bigram', ...few])
    await done(folder, ['score', ...few])
    expect(
      query(
        folder,
        `SELECT explainer, count(DISTINCT explanation.id) AS n, count(score.id) AS scored FROM explanation
         LEFT JOIN score ON explanation_id = explanation.id AND scorer = 'simulation' GROUP BY explainer`,
      ),
    ).toEqual([
      { explainer: 'bigram', n: 6, scored: 6 },
      { explainer: 'delimiters', n: 6, scored: 6 },
      { explainer: 'logits', n: 6, scored: 6 },
      { explainer: 'pairs', n: 6, scored: 6 },
      { explainer: 'table', n: 6, scored: 0 },
    ])
    const status = async (): Promise<{ explainer: string; scored: number; tier: string }> =>
      JSON.parse((await gloss(['status', '--json'], { folder })).stdout) as never
    expect(await status()).toMatchObject({ explainer: 'bigram', scored: 6, tier: 'table' })
    // With an LLM, the last that asked one is meant: a baseline is not.
    const sent = llm.stats().requests
    const at = ['--llm', llm.url, '--llm-model', 'fake-model']
    await done(folder, ['score', '--explainer', 'logits', ...at, ...few])
    expect(await status()).toMatchObject({ explainer: 'logits', scored: 6, tier: 'integersSparse' })
    await done(folder, ['score', ...at, ...few])
    expect(await status()).toMatchObject({ explainer: 'logits' })
    expect(llm.stats().requests).toBe(sent)
    // A bigram table beats the token table that stands beside it, or is no worse.
    const [gain] = query(
      folder,
      `SELECT avg(gain) AS mean, count(gain) AS n FROM control JOIN score ON score.id = score_id
       JOIN explanation ON explanation.id = explanation_id WHERE explainer = 'bigram' AND name = 'tokenTable'`,
    )
    expect(gain).toMatchObject({ n: 6 })
    expect(Number(gain!['mean'])).toBeGreaterThan(0)
  }, 180_000)

  it('may be prompts of one’s own, known by their content', async () => {
    const llm = await serve()
    const folder = copyOf(prepared)
    const path = join(folder, 'mine.yaml')
    const pairs = readFileSync(join(ROOT, 'prompts/explain/pairs.yaml'), 'utf8')
    writeFileSync(path, pairs.replace('name: pairs', 'name: mine'))
    const at = ['--only', 'random:3', '--llm', llm.url, '--llm-model', 'fake-model', '--quiet']
    await done(folder, ['run', '--explain-prompt', 'mine.yaml', ...at])
    expect(query(folder, 'SELECT DISTINCT explainer FROM explanation')).toEqual([{ explainer: 'mine' }])
    const unnamed = await gloss(['score', ...at], { folder })
    expect(unnamed.code).toBe(2)
    expect(unnamed.stderr).toMatch(
      /^gloss: expected the prompt mine, [^\n]*add --explain-prompt FILE[^\n]*\n$/,
    )
    await done(folder, ['score', '--explain-prompt', path, ...at])
    appendFileSync(path, '# another edition\n')
    await done(folder, ['run', '--explain-prompt', path, ...at])
    expect(count(folder, 'explanation')).toBe(6)
    const { stdout } = await gloss(['status', '--json'], { folder })
    expect(JSON.parse(stdout)).toMatchObject({ explainer: 'mine', scored: 3 })
  })

  it.each([
    [
      ['explain', '--explainer', 'guess'],
      'expected one of the explainers best, delimiters, logits, pairs, revise, table, bigram, found "guess"',
    ],
    [
      ['explain', '--explainer', 'logits'],
      'expected an endpoint with the explainer logits, found none; add --llm URL',
    ],
    [['explain', '--explainer', 'table', '--dry-run'], 'expected an endpoint with --dry-run'],
    [['explain', '--explain-prompt', 'none.yaml'], 'none.yaml'],
    [
      [
        'run',
        '--explainer',
        'best',
        '--protocol',
        'monosemanticity',
        '--llm',
        'http://127.0.0.1:9/v1',
        '--llm-model',
        'x',
      ],
      'expected a protocol that draws examples to choose by, which the explainer best needs, found monosemanticity',
    ],
    [
      ['explain', '--protocol', 'monosemanticity'],
      'expected examples of the protocol monosemanticity, found none; run gloss sample',
    ],
  ])('%j ends with 2 and one line', async (command, message) => {
    const { code, stdout, stderr } = await gloss([...command, '--quiet'], { folder: copyOf(prepared) })
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^gloss: [^\n]*\n$/)
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })
})
