import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import stringWidth from 'string-width'
import { beforeAll, describe, expect, it } from 'vitest'
import { errorBody, FakeOpenAi, honestJudge } from '../support/fake-openai.ts'
import { glossHere } from '../support/in-process.ts'
import { gloss, type Outcome, query, sharedStudy, writeSmallStudy } from '../support/small-study.ts'

/** Colours, a title, a clipboard write, line editing, bidirectional overrides, C1 controls, what is invisible. */
const HOSTILE =
  '\u001b[31mred\u001b[0m \u001b]0;owned\u0007 \u001b]52;c;ZXZpbA==\u001b\\ safe\rEVIL \u0000 \b\u007f \u009b2J \u202Edcba\u202C \u2066x\u2069 a\u200Bb\u200Dc \uFEFF\u00AD\u2028'
const REGISTER = 'evil\u001b[32m\u202E'
const MODEL = 'judge\u001b[35m\u0007'

/** Characters that no output may hold but as a visible mark, each with the text before it. A line feed ends lines. */
function obeyed(text: string): string[] {
  const found = text.matchAll(/.{0,20}(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]/gu)
  return [...found].map(([excerpt]) => JSON.stringify(excerpt))
}

const folder = sharedStudy(['tokenize', 'train', 'collect', 'sample'], (empty) => {
  writeSmallStudy(empty, { corpus: ['corpus.jsonl', 'hostile.jsonl', 'texts'] })
  const documents = Array.from({ length: 24 }, (_, index) => ({
    name: `${HOSTILE} ${index}`,
    register: REGISTER,
    text: `${HOSTILE} number ${index}\n`.repeat(12),
  }))
  writeFileSync(
    join(empty, 'hostile.jsonl'),
    documents.map((document) => `${JSON.stringify(document)}\n`).join(''),
  )
  mkdirSync(join(empty, 'texts'))
  writeFileSync(join(empty, 'texts', 'no\u001b[2Jtext\u202E.bin'), Buffer.of(0xff, 0xfe))
  writeFileSync(join(empty, 'texts', 'plain.txt'), HOSTILE.replace('\0', ''))
})

let run: Outcome
let explained: number[]
beforeAll(async () => {
  const fake = await FakeOpenAi.start((request) => {
    const fate = Number.parseInt(request.key.slice(0, 4), 16) % 6
    if (fate === 0) return { raw: errorBody(`${HOSTILE} refused`), status: 400 }
    if (fate === 1) return { answer: `${HOSTILE} no explanation here` }
    return { answer: honestJudge(request).replace('</explanation>', ` ${HOSTILE}</explanation>`) }
  })
  // The corpus is read anew, so that what is said about its files is part of the progress.
  run = await gloss(
    ['run', '--only', 'random:24', '--llm', fake.url, '--llm-model', MODEL, '--max-tokens', '1M'],
    { folder },
  )
  await fake.stop()
  explained = query(folder, 'SELECT feature_id AS id FROM explanation WHERE text IS NOT NULL ORDER BY 1').map(
    ({ id }) => id as number,
  )
}, 180_000)

describe('hostile text', () => {
  it('is in the study', () => {
    expect(run.code).toBe(0)
    expect(explained.length).toBeGreaterThan(8)
    const texts = query(folder, 'SELECT text FROM explanation WHERE text IS NOT NULL')
    for (const { text } of texts) expect(text).toContain('\u001b]0;owned\u0007')
    expect(query(folder, 'SELECT DISTINCT register FROM document')).toContainEqual({ register: REGISTER })
  })

  it('is shown as marks in the progress, with failures and files that were left out', () => {
    expect(obeyed(run.stderr)).toEqual([])
    expect(run.stderr).toMatch(/^ {2}tokenize: no␛\[2Jtext⟨202E⟩\.bin was left out: not UTF-8 text$/m)
    expect(run.stderr).toMatch(/^ {2}\w+: feature \d+: .*␛\[31mred␛\[0m ␛\]0;owned␇.* refused/m)
    expect(run.stderr).toMatch(/^score: .*judge␛\[35m␇$/m)
  })

  it('is shown as marks in the summary', async () => {
    expect(obeyed(run.stdout)).toEqual([])
    const { stdout } = await gloss(['status'], { folder })
    expect(obeyed(stdout)).toEqual([])
    expect(stdout).toMatch(/evil␛\[32m⟨202E⟩ \d+/)
  })

  it('is shown as marks in the table', async () => {
    const { stdout, stderr } = await gloss(['show'], { folder })
    expect(stderr).toBe('')
    expect(obeyed(stdout)).toEqual([])
    expect(stdout).toContain('␛')
    for (const line of stdout.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80)
  })

  it.each([60, 200])('is shown as marks on the page of every feature, %d columns wide', async (columns) => {
    let all = ''
    for (let feature = 0; feature < 96; feature++) {
      const { stdout } = await glossHere(['show', String(feature)], { folder, columns, isTTY: true })
      // The program's own colours come without anything around them.
      // oxlint-disable-next-line no-control-regex
      const text = stdout.replaceAll(/\u001b\[[\d;]+m/g, '')
      expect(obeyed(text)).toEqual([])
      for (const line of text.split('\n')) expect(stringWidth(line), line).toBeLessThanOrEqual(columns)
      all += text
    }
    for (const mark of ['␛[31m', '␇', '␍', '␀', '⟨009B⟩', '⟨202E⟩', '⟨200B⟩', '⟨FEFF⟩'])
      expect(all).toContain(mark)
    expect(all).toContain('by judge␛[35m␇ (')
  })

  it('comes whole in JSON, escaped there too', async () => {
    const { stdout } = await gloss(['show', String(explained[0]), '--json'], { folder })
    expect(obeyed(stdout)).toEqual([])
    const page = JSON.parse(stdout) as { explanations: { llm: string; text: string }[] }
    expect(page.explanations[0]).toMatchObject({ llm: MODEL })
    expect(page.explanations[0]!.text).toContain(HOSTILE.trim().slice(0, 40))
    for (const verb of ['show', 'status'])
      expect(obeyed((await gloss([verb, '--json'], { folder })).stdout)).toEqual([])
  })

  it('reaches the log as JSON', async () => {
    const log = join(folder, 'events.jsonl')
    await gloss(['run', '--log', log, '--quiet'], { folder })
    expect(obeyed(readFileSync(log, 'utf8'))).toEqual([])
  })
})
