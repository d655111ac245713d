import { rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { quantile } from '../../src/autointerp/bootstrap.ts'
import { copyOf } from '../support/paths.ts'
import { gloss, query, sharedStudy } from '../support/small-study.ts'

const folder = sharedStudy(['run'])
beforeAll(async () => {
  expect((await gloss(['run', '--explainer', 'bigram', '--quiet'], { folder })).code).toBe(0)
})

function scoresBy(explainer: string): Map<number, number> {
  const rows = query(
    folder,
    `SELECT feature_id AS feature, value FROM score JOIN explanation ON explanation.id = explanation_id
     WHERE scorer = 'simulation' AND explainer = '${explainer}' AND value IS NOT NULL`,
  )
  return new Map(rows.map(({ feature, value }) => [feature as number, value as number]))
}

describe('gloss compare', () => {
  it('pairs the scores of two explainers', async () => {
    const { code, stdout } = await gloss(['compare', 'explainer=table', 'explainer=bigram', '--json'], {
      folder,
    })
    expect(code).toBe(0)
    const [table, bigram] = [scoresBy('table'), scoresBy('bigram')]
    const differences = [...table].flatMap(([feature, value]) =>
      bigram.has(feature) ? [bigram.get(feature)! - value] : [],
    )
    expect(differences.length).toBeGreaterThan(10)
    const { differ, paired } = JSON.parse(stdout) as {
      differ: string[]
      paired: {
        draws: string
        difference: {
          n: number
          clusters: number
          mean: number
          median: number
          interval: { low: number; high: number }
        }
      }
    }
    expect(differ).toContain('explainer')
    expect(paired.difference.n).toBe(differences.length)
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length
    expect(paired.difference.mean).toBeCloseTo(mean, 12)
    expect(paired.difference.median).toBeCloseTo(quantile(Float64Array.from(differences).toSorted(), 0.5), 12)
    expect(paired.difference.interval.low).toBeLessThanOrEqual(mean)
    expect(paired.difference.interval.high).toBeGreaterThanOrEqual(mean)
    expect(paired.draws).toBe('clusters')
    expect(paired.difference.clusters).toBeGreaterThan(1)
    expect(paired.difference.clusters).toBeLessThanOrEqual(differences.length)
  })

  it('draws features where only the database is at hand, and says so', async () => {
    const copy = copyOf(folder)
    rmSync(join(copy, 'features'), { recursive: true })
    const { code, stdout } = await gloss(['compare', 'explainer=table', 'explainer=bigram'], { folder: copy })
    expect(code).toBe(0)
    expect(stdout).toContain('interval over features')
    const whole = await gloss(['compare', 'explainer=table', 'explainer=bigram'], { folder })
    expect(whole.stdout).toMatch(/interval over [\d,]+ clusters of features alike/)
  })

  it('compares two workspaces, and finds no difference between copies', async () => {
    const copy = copyOf(folder)
    const { code, stdout } = await gloss(['compare', '.', copy], { folder })
    expect(code).toBe(0)
    expect(stdout).toMatch(/mean B − A \.00 \[\.00 \.00\]/)
    expect(stdout).toContain('changed, by intervals that do not overlap: 0')
    const other = await gloss(['compare', `${copy}:explainer=table`, 'explainer=bigram', '--json'], {
      folder,
    })
    const own = await gloss(['compare', 'explainer=table', 'explainer=bigram', '--json'], { folder })
    expect(JSON.parse(other.stdout).paired).toEqual(JSON.parse(own.stdout).paired)
    expect(basename(copy)).not.toBe('')
  })

  it.each([
    [
      ['explainer=none', 'explainer=table'],
      /expected scores of \S+ by simulation with explainer=none, found none/,
    ],
    [['tier=table', 'explainer=table'], /expected one way of scoring .*; add one of .*explainer=bigram/],
    [['nowhere', 'explainer=table'], /expected a folder with a gloss\.yaml or a list/],
    [['colour=red', 'explainer=table'], /expected one of the keys set, explainer/],
  ])('says what is wrong with %j', async (sides, message) => {
    const { code, stdout, stderr } = await gloss(['compare', ...sides], { folder })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})
