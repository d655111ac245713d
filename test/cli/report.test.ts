import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { copyOf, temporaryFolder } from '../support/paths.ts'
import { ReportPage } from '../support/report-page.ts'
import { contentOf, gloss, query, sharedStudy } from '../support/small-study.ts'

interface Overview {
  readonly study: { readonly scored: number; readonly score: { readonly median: number } }
  readonly table: {
    readonly feature: readonly number[]
    readonly score: readonly (number | null)[]
    readonly explanation: readonly string[]
  }
}
interface Block {
  readonly texts: readonly string[]
  readonly features: readonly {
    readonly feature: number
    readonly examples: readonly {
      readonly tokens: readonly number[]
      readonly activations: readonly number[]
    }[]
    readonly simulated: readonly {
      readonly activations: readonly number[]
      readonly predicted: readonly number[]
    }[]
    readonly explanations: readonly {
      readonly scores: readonly { readonly scorer: string; readonly value: number }[]
    }[]
  }[]
}

const folder = sharedStudy(['run'])

function pageOf(path: string): ReportPage {
  return new ReportPage(readFileSync(path, 'utf8'))
}

describe('gloss report', () => {
  it('writes every feature with the scores that the database has', async () => {
    const { code, stdout, stderr } = await gloss(['report'], { folder })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^exports\/report\.html {3}96 features {3}[\d.]+ k bytes\n$/)
    const page = pageOf(join(folder, 'exports', 'report.html'))
    const { table, study } = page.unpack('overview') as Overview
    const stored = query(
      folder,
      `SELECT feature_id AS feature, value FROM score JOIN explanation ON explanation.id = explanation_id
       WHERE scorer = 'simulation' AND value IS NOT NULL`,
    )
    expect(stored.length).toBeGreaterThan(10)
    expect(study.scored).toBe(stored.length)
    const shown = new Map(table.feature.map((feature, row) => [feature, table.score[row]]))
    expect(shown.size).toBe(96)
    for (const { feature, value } of stored) expect(shown.get(feature as number)).toBe(value)
    // Best score first.
    const scores = table.score.filter((score) => score !== null)
    expect(scores).toEqual(scores.toSorted((a, b) => b - a))
  })

  it('shows the strongest examples, and what the explanation predicts for held-out ones', async () => {
    await gloss(['report'], { folder })
    const page = pageOf(join(folder, 'exports', 'report.html'))
    const blocks = (page.unpack('firsts') as number[]).map(
      (_, block) => page.unpack(`block-${block}`) as Block,
    )
    const features = blocks.flatMap((block) => block.features)
    expect(features.map(({ feature }) => feature)).toEqual(
      Array.from({ length: 96 }, (_, feature) => feature),
    )
    const scored = features.filter(({ simulated }) => simulated.length > 0)
    expect(scored.length).toBeGreaterThan(10)
    for (const { feature, examples, simulated } of scored) {
      const [top] = query(
        folder,
        `SELECT max(value) AS max FROM example, json_each(activations)
         WHERE feature_id = ${feature} AND use = 'explain'`,
      )
      expect(Math.max(...examples[0]!.activations)).toBeCloseTo(top!['max'] as number, 1)
      expect(simulated).toHaveLength(12)
      for (const { activations, predicted } of simulated) expect(predicted).toHaveLength(activations.length)
    }
    expect(
      scored.some(({ simulated }) => simulated.some(({ predicted }) => predicted.some((level) => level > 0))),
    ).toBe(true)
  })

  it('is the same bytes again, and changes nothing of the study', async () => {
    const copy = copyOf(folder)
    const before = contentOf(copy).filter((line) => !line.startsWith('exports'))
    const out = temporaryFolder()
    for (const name of ['a.html', 'b.html'])
      expect((await gloss(['report', '--out', join(out, name)], { folder: copy })).code).toBe(0)
    expect(readFileSync(join(out, 'a.html')).equals(readFileSync(join(out, 'b.html')))).toBe(true)
    expect(contentOf(copy).filter((line) => !line.startsWith('exports'))).toEqual(before)
  })

  it('writes charts as SVG and PNG', async () => {
    const out = temporaryFolder()
    const { stdout } = await gloss(
      ['report', '--json', '--out', join(out, 'r.html'), '--charts', join(out, 'figures')],
      {
        folder,
      },
    )
    const made = JSON.parse(stdout) as { file: string; features: number; charts: string[] }
    expect(made).toMatchObject({ file: join(out, 'r.html'), features: 96 })
    expect(readdirSync(join(out, 'figures')).toSorted()).toEqual(
      ['density', 'loss', 'score-by-density', 'scores'].flatMap((name) => [`${name}.png`, `${name}.svg`]),
    )
    expect(made.charts).toHaveLength(8)
  })

  it('leaves the report of before where it is killed on the way', async () => {
    const out = join(temporaryFolder(), 'deep')
    mkdirSync(out)
    const path = join(out, 'report.html')
    expect((await gloss(['report', '--out', path], { folder })).code).toBe(0)
    const before = readFileSync(path)
    const { signal } = await gloss(['report', '--out', path], {
      folder,
      meanwhile: (child) => {
        const watch = setInterval(() => {
          if (!existsSync(`${path}.partial`)) return
          clearInterval(watch)
          child.kill('SIGKILL')
        }, 1)
      },
    })
    expect(signal).toBe('SIGKILL')
    expect(readFileSync(path).equals(before)).toBe(true)
  })
})
