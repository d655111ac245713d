import { describe, expect, it, onTestFinished } from 'vitest'
import { pastTools } from '../../src/cli/llm.ts'
import { Random } from '../../src/core/random.ts'
import type { QuestionScorerName } from '../../src/core/scores.ts'
import type { ScoreRecord } from '../../src/core/store.ts'
import { explain } from '../../src/pipeline/explain.ts'
import { score } from '../../src/pipeline/score.ts'
import { type ScorePage, scorePage } from '../../src/pipeline/score-page.ts'
import type { Llm, Study } from '../../src/pipeline/study.ts'
import { verifyScores } from '../../src/pipeline/verify.ts'
import { scorePageLines } from '../../src/tui/score-page.ts'
import { PLAIN } from '../../src/tui/style.ts'
import { started } from '../fake-llm/asking.ts'
import { Oracle } from '../fake-llm/oracle.ts'
import { eventsOf, FIRING_SHARE, judgeAt, PLANTED_RULES, plantedStudy } from '../support/planted-study.ts'

const ALL = { kind: 'all' } as const
const ASKING = ['detection', 'fuzzing', 'intruder', 'logits'] as const satisfies QuestionScorerName[]

/** An oracle that errs in a third of its answers, and leaves one in fifteen out. */
function erring(): Parameters<typeof started>[0] {
  const oracle = new Oracle(PLANTED_RULES, 'true')
  return {
    answer: (request) => {
      const asked = request.messages.at(-1)!.content
      return oracle
        .answer(request)
        .split('\n')
        .flatMap((line) => {
          const [, number, word] = /^(\d+): (yes|no|[A-E])$/.exec(line) ?? []
          if (number === undefined) return [line]
          const chance = new Random(5, asked, number).uniform()
          if (chance < 1 / 15) return []
          const wrong = word === 'yes' ? 'no' : word === 'no' ? 'yes' : 'E'
          return [`${number}: ${chance < 0.4 ? wrong : word}`]
        })
        .join('\n')
    },
  }
}

/** Believes in yes as chance has it, and says so at every token. */
function believing(before: string): Record<string, number> {
  const yes = new Random(9, before.slice(before.lastIndexOf('\nDescription: '))).below(9) / 10
  return { yes: yes / 2, ' yes': yes / 2, no: (0.9 - yes) / 2, ' no': (0.9 - yes) / 2 }
}

async function scored(
  scorer: QuestionScorerName,
  by: 'oracle' | 'table' | 'logprobs',
  questionsPerCall?: number,
): Promise<Study> {
  const planted = plantedStudy()
  const { config } = planted
  const study = { ...planted, config: { ...config, score: { questionsPerCall } } }
  onTestFinished(() => study.store.close())
  let llm: Llm | null = null
  if (by !== 'table') {
    const server = await started(
      by === 'oracle'
        ? erring()
        : { rules: PLANTED_RULES, oracleMode: 'true', dialect: 'openai', nextToken: believing },
    )
    const judge = judgeAt(server, study, { tier: by === 'oracle' ? 'integersSparse' : 'chatLogprobs' })
    onTestFinished(() => judge.chat.close())
    llm = judge
  }
  await eventsOf(explain(study, llm, ALL))
  await eventsOf(score(study, llm, ALL, scorer))
  // What the settings are when somebody looks is another matter.
  return { ...study, config }
}

function rowsOf({ store }: Study, scorer: string): ScoreRecord[] {
  return store.scores.all('planted', scorer).filter((row) => row.scorer === scorer)
}

async function pageOf(study: Study, row: ScoreRecord): Promise<ScorePage> {
  const { featureId } = study.store.explanations.all('planted').find(({ id }) => id === row.explanationId)!
  return scorePage(study, pastTools(study), featureId, row.id)
}

interface Line {
  readonly truth: string
  readonly said: Readonly<Record<string, string>>
  readonly beliefs: Readonly<Record<string, number>>
}

/** What the printed lines of a page say of each question. */
function printed(page: ScorePage): Line[] {
  const text = scorePageLines(page, 80, PLAIN).join('\n')
  return text
    .slice(text.indexOf('\n questions'))
    .split(/\n question \d+: \w+\n/)
    .slice(1)
    .map((block) => {
      const facts = block.slice(block.indexOf('truth ')).split('\n request')[0]!
      const truth = /^truth (\w+)/.exec(facts)![1]!
      const found = [...facts.matchAll(/(\w+) (yes|no|[A-E]|·)(?: P\(yes\) ([\d.e-]+|·))?(?=\s|$)/g)]
      return {
        truth,
        said: Object.fromEntries(found.map(([, name, word]) => [name, word])),
        beliefs: Object.fromEntries(found.flatMap(([, name, , p]) => (p ? [[name, Number(p)]] : []))),
      }
    })
}

/** The share of right answers where the truth is one of `words`, over questions that everybody named answered. */
function share(lines: readonly Line[], who: string, words: readonly string[], all = [who]): number {
  const asked = lines.filter(
    ({ truth, said }) => words.includes(truth) && all.every((name) => said[name] !== '·'),
  )
  return asked.filter(({ truth, said }) => said[who] === truth).length / asked.length
}

function accuracy(lines: readonly Line[], who: string, all = [who]): number {
  return lines[0]!.truth.length === 1
    ? share(lines, who, ['A', 'B', 'C', 'D', 'E'], all)
    : (share(lines, who, ['yes'], all) + share(lines, who, ['no'], all)) / 2
}

describe.each(ASKING)('the page of a score by %s', (scorer) => {
  it.each(['oracle', 'table'] as const)('has what it takes to compute it by hand, by the %s', async (by) => {
    const study = await scored(scorer, by)
    const rows = rowsOf(study, scorer).filter(({ value }) => value !== null)
    expect(rows.length).toBeGreaterThan(25)
    const page = await pageOf(study, rows[3]!)
    expect(page.notRepeatable).toBeNull()
    expect(page.examples).toEqual([])
    expect(page.formula).toMatch(scorer === 'intruder' ? /^Share of the answered/ : /^Balanced accuracy/)
    const lines = printed(page)
    expect(lines).toHaveLength(page.questions.length)
    expect(lines.filter(({ said }) => said['score'] !== '·')).toHaveLength(rows[3]!.n)
    expect(accuracy(lines, 'score')).toBeCloseTo(rows[3]!.value!, 12)
    if (by === 'oracle') expect(rows[3]!.n).toBeLessThan(page.questions.length)
    const compared = page.controls.filter(({ name, gain }) => gain !== null && name !== 'constant')
    expect(compared.map(({ name }) => name).toSorted()).toEqual(
      by === 'table' ? ['shuffled'] : ['blank', 'shuffled', 'tokenTable'],
    )
    for (const { name, value, gain } of compared) {
      expect(accuracy(lines, name, ['score', name]), name).toBeCloseTo(value!, 12)
      expect(accuracy(lines, 'score', ['score', name]) - value!, name).toBeCloseTo(gain!, 12)
    }
    // The same as JSON has it.
    expect(lines.map(({ truth, said }) => [truth, said['score'] === '·' ? null : said['score']])).toEqual(
      page.questions.map(({ truth, answers }) => [truth, answers['score']]),
    )
    for (const line of scorePageLines(page, 80, PLAIN)) expect(line.length).toBeLessThanOrEqual(80)
  })
})

it('a window is shown as the request has it', async () => {
  const page = await pageOf(...(await firstOf('fuzzing')))
  const sent = page.requests.filter(({ purpose }) => purpose === 'score').map(({ body }) => body!)
  for (const { windows } of page.questions)
    for (const { shown, tokens, highlighted } of windows) {
      expect(sent.some((body) => body.includes(JSON.stringify(shown).slice(1, -1)))).toBe(true)
      expect(shown).toBe(
        tokens.map((token, index) => (highlighted.includes(index) ? `«${token}»` : token)).join(''),
      )
    }
})

async function firstOf(scorer: QuestionScorerName): Promise<[Study, ScoreRecord]> {
  const study = await scored(scorer, 'oracle')
  return [study, rowsOf(study, scorer)[0]!]
}

it('tables of bigrams answer too, and have the token table beside them', async () => {
  const planted = plantedStudy()
  onTestFinished(() => planted.store.close())
  const study = { ...planted, baseline: 'bigram' as const }
  await eventsOf(explain(study, null, ALL))
  await eventsOf(score(study, null, ALL, 'fuzzing'))
  const rows = rowsOf(study, 'fuzzing')
  expect(rows).toHaveLength(PLANTED_RULES.length)
  for (const row of rows) {
    // Planted features fire on words: what stands before them adds nothing.
    expect(row).toMatchObject({ undefined: null, value: 1 })
    const table = study.store.scores.controlsOf(row.id).find(({ name }) => name === 'tokenTable')!
    expect(table).toMatchObject({ value: 1, gain: 0, gainLow: 0, gainHigh: 0 })
  }
})

describe('statistics beside the headline', () => {
  it('have P(yes) of every question where it was read, and the area under its curve follows', async () => {
    const study = await scored('detection', 'logprobs')
    const row = rowsOf(study, 'detection.auc').find(({ value }) => value !== null)!
    const page = await pageOf(study, row)
    expect(page.formula).toMatch(/^Area under the ROC curve/)
    const lines = printed(page)
    const of = (word: string): number[] =>
      lines.filter(({ truth }) => truth === word).map(({ beliefs }) => beliefs['score']!)
    const [yes, no] = [of('yes'), of('no')]
    const wins = yes.flatMap((a) => no.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)))
    expect(wins.reduce<number>((sum, one) => sum + one, 0) / wins.length).toBeCloseTo(row.value!, 12)
  })

  it('have the share of firing windows, and precision follows', async () => {
    const study = await scored('detection', 'oracle')
    const row = rowsOf(study, 'detection.precision')[0]!
    const page = await pageOf(study, row)
    expect(page.firingShare).toBe(FIRING_SHARE)
    expect(page.formula).toContain(`π = ${FIRING_SHARE} `)
    const lines = printed(page)
    const [rightly, falsely] = [
      FIRING_SHARE * share(lines, 'score', ['yes']),
      (1 - FIRING_SHARE) * (1 - share(lines, 'score', ['no'])),
    ]
    expect(rightly / (rightly + falsely)).toBeCloseTo(row.value!, 12)
  })
})

describe('scores of questions that an LLM was asked', () => {
  it.each([
    ['as many a call as the prompt says', undefined],
    ['seven a call', 7],
  ])('are found again from what is stored: %s', async (_, perCall) => {
    const study = await scored('fuzzing', 'oracle', perCall)
    const rows = 2 * PLANTED_RULES.length
    expect(await verifyScores(study, pastTools(study), ALL)).toEqual({
      checked: rows,
      equal: rows,
      differences: [],
      notChecked: [],
    })
    const page = await pageOf(study, rowsOf(study, 'fuzzing')[0]!)
    expect(page.notRepeatable).toBeNull()
    const calls = page.requests.filter(({ purpose }) => purpose === 'score')
    expect(calls).toHaveLength(Math.ceil(page.questions.length / (perCall ?? 20)))
    for (const { response } of calls) expect(response).toContain('choices')
  })
})
