import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import stringWidth from 'string-width'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { GENERATED_REGISTERS } from '../../src/corpus/generated-registers.ts'
import { ROOT } from '../support/paths.ts'
import { contentOf, gloss, type Outcome } from '../support/small-study.ts'

const STAGES = ['tokenize', 'train', 'collect', 'sample', 'explain', 'score']
const FLAGS = ['--tokens', '100k', '--train-tokens', '20k', '--features', '256', '--k', '8']

const statusSchema = z.looseObject({
  features: z.number(),
  scored: z.number(),
  undefined: z.number(),
  failed: z.number(),
  dead: z.number(),
  tooRare: z.number(),
  pending: z.number(),
  score: z.looseObject({ median: z.number(), n: z.number() }),
  gain: z.looseObject({ shuffled: z.number() }),
  cost: z.looseObject({ requests: z.literal(0) }),
})

describe('gloss demo', () => {
  // One demo for all tests; those after the first run only read it.
  const base = mkdtempSync(join(tmpdir(), 'gloss-demo-'))
  const folder = join(base, 'study')
  let first: Outcome

  beforeAll(async () => {
    first = await gloss(['demo', '--dir', 'study', ...FLAGS], { folder: base })
    return () => rmSync(base, { recursive: true, force: true })
  }, 180_000)

  it('goes through every stage and ends with the table, the summary and what to do next', () => {
    expect(first.code).toBe(0)
    for (const stage of STAGES)
      expect(first.stderr).toMatch(new RegExp(`^${stage}: .* {2}\\d\\S* s {2}done$`, 'm'))
    expect(first.stderr).toMatch(
      /^gloss demo {3}model tiny-1l \(1 layer, 512 neurons\) {3}\d+ cores {3}no LLM set/,
    )
    const lines = first.stdout.split('\n')
    const header = lines.findIndex((line) => line.startsWith(' feature '))
    expect(lines[header]).toMatch(/^ feature +density +max +top tokens +explanation +ρ \[95 % CI\] +control$/)
    const rows = lines.slice(header + 1, header + 17)
    for (const row of rows)
      expect(row).toMatch(
        /^ +\d+ +[\d.]+ % +[\d.]+ {2}.* {2}baseline: .*\.\d\d \[−?[\d.]+ −?[\d.]+\] +(?:≈ )?−?\.\d\d$/,
      )
    expect(lines[header + 17]).toMatch(/^ … 16 of 256 features/)
    expect(first.stdout).toMatch(/^ 256 features: \d+ scored/m)
    expect(first.stdout).toMatch(/^ median ρ \.\d\d {2}quartiles /m)
    expect(first.stdout).toMatch(
      /^ controls: shuffled −?\.\d\d · token table \.\d\d · bigram \.\d\d · position /m,
    )
    expect(first.stdout).toMatch(/^ time: tokenize .* in all /ms)
    expect(first.stdout).toMatch(/^ Next {3}cd study\n {8}npx gloss show \d+ /m)
    for (const line of lines.filter((text) => !text.includes('npx')))
      expect(stringWidth(line), line).toBeLessThanOrEqual(80)
  })

  it('shows features from the best score to the worst', () => {
    const scores = [...first.stdout.matchAll(/ (−?)(\.\d\d|1\.00) \[/g)].map(
      ([, sign, digits]) => (sign ? -1 : 1) * Number(digits),
    )
    expect(scores).toHaveLength(16)
    expect(scores).toEqual(scores.toSorted((a, b) => b - a))
    expect(scores[0]).toBeGreaterThan(0.6)
  })

  it('accounts for every feature, finds the registers whose rule is known, and spends nothing', async () => {
    const { code, stdout } = await gloss(['status', '--json'], { folder })
    expect(code).toBe(0)
    const status = statusSchema.parse(JSON.parse(stdout))
    const { scored, undefined: without, failed, dead, tooRare, pending } = status
    expect(status.features).toBe(256)
    expect(scored + without + failed + dead + tooRare + pending).toBe(256)
    expect(pending).toBe(0)
    expect(status.score.n).toBe(scored)
    expect(status.gain.shuffled).toBeGreaterThan(0.2)
    const { registers } = z
      .looseObject({ registers: z.record(z.string(), z.number()) })
      .parse(JSON.parse(stdout))
    expect(
      Object.keys(registers).filter((name) => GENERATED_REGISTERS.includes(name)).length,
    ).toBeGreaterThan(2)
  })

  it('does nothing when it is given again, with or without its flags, and prints the same', async () => {
    const before = contentOf(folder)
    for (const flags of [FLAGS, []]) {
      const again = await gloss(['demo', '--dir', 'study', ...flags], { folder: base })
      expect(again.code).toBe(0)
      for (const stage of STAGES) expect(again.stderr).toMatch(new RegExp(`^${stage}: .* already done$`, 'm'))
      expect(again.stdout).toBe(first.stdout)
    }
    expect(contentOf(folder)).toEqual(before)
  })

  it('draws examples that share no document between uses and repeat no window', () => {
    const script = join(ROOT, 'test', 'bench', 'sample-proof.mjs')
    const { stdout, status } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' })
    expect(stdout).toMatch(/monosemanticity: \d{4,} examples of \d{2,} features\nno fault\n$/)
    expect(status).toBe(0)
  })

  it('prints the commands that it names', async () => {
    const feature = /npx gloss show (\d+)/.exec(first.stdout)![1]!
    expect((await gloss(['show', feature], { folder })).stdout).toContain(` feature ${feature} `)
    expect((await gloss(['show'], { folder })).code).toBe(0)
    expect((await gloss(['status'], { folder })).stdout).toContain(' 256 features: ')
  })
})
