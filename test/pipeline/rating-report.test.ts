import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { bundledMigrations } from '../../src/cli/assets.ts'
import type { Store } from '../../src/core/store.ts'
import { FeatureBrowser } from '../../src/pipeline/browse.ts'
import { RatingDesk } from '../../src/pipeline/rating-desk.ts'
import { ratingReports, type SessionReport } from '../../src/pipeline/rating-report.ts'
import { createRatingSession, openRatingSession } from '../../src/pipeline/rating-session.ts'
import type { SessionItem } from '../../src/review/session.ts'
import { openStore } from '../../src/store/sqlite-store.ts'
import { ROOT, temporaryFolder } from '../support/paths.ts'
import { writeReviewStudy } from '../support/review-study.ts'

const SECONDS = 7

function openStudy(folder: string): Store {
  writeReviewStudy(folder, { baselines: 30 })
  const store = openStore(join(folder, 'gloss.db'), bundledMigrations())
  createRatingSession(
    store,
    {
      name: 'pilot',
      rubricText: readFileSync(join(ROOT, 'prompts', 'rubrics', 'scaling.yaml'), 'utf8'),
      draw: { seed: 2, items: 60, repeats: 0.2, checks: 0.1, overlap: 0, raters: null },
      protocol: 'monosemanticity',
      sets: store.featureSets.all(),
      selection: { kind: 'all' },
    },
    new Date(0),
  )
  return store
}

/** Rates every item with an explanation, each example as `score` says. */
function rateAll(store: Store, rater: string, score: (item: SessionItem) => number): void {
  let clock = 0
  const session = openRatingSession(store, 'pilot')!
  const desk = new RatingDesk(store, session, rater, () => new Date(clock))
  for (const [place, item] of session.manifest.items.entries()) {
    desk.goTo(place)
    clock += SECONDS * 1000
    for (const { field, part, state } of desk.view().questions)
      if (state === 'open') desk.act({ do: 'set', field, part, value: score(item) })
    desk.act({ do: 'submit' })
  }
}

/** The simulation score that the study gave a feature, as a rating. */
const asScored = ({ feature }: SessionItem): number => Math.round(3 * Math.sin(feature + 1) ** 2)

let store: Store
let report: SessionReport
beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'gloss-ratings-'))
  store = openStudy(folder)
  rateAll(store, 'attentive', (item) => (item.role === 'check' ? 0 : asScored(item)))
  rateAll(store, 'careless', (item) => (item.role === 'repeat' ? 3 - asScored(item) : asScored(item)))
  report = ratingReports(store, ['pilot'])[0]!
  return () => {
    store.close()
    rmSync(folder, { recursive: true })
  }
})

describe('the report on a session', () => {
  it('finds who rated explanations that were not the unit’s', () => {
    const [attentive, careless] = report.raters
    const checks = store.ratings.session('pilot')!
    const shown = openRatingSession(store, checks.name)!.manifest.items.filter(({ role }) => role === 'check')
    expect(shown.length).toBeGreaterThan(3)
    expect(attentive!.checks).toEqual({ failed: 0, shown: shown.length })
    expect(careless!.checks).toEqual({
      failed: shown.filter((item) => asScored(item) > 1).length,
      shown: shown.length,
    })
  })

  it('knows how long an item took', () => {
    for (const rater of report.raters) expect(rater.secondsPerItem).toBe(SECONDS)
  })

  it('has agreement of 1 for raters who agree, checks and repeats left out', () => {
    const specificity = report.agreement.find(({ name }) => name === 'specificity')!
    expect(specificity.alpha).toEqual({ value: 1, low: 1, high: 1 })
    const mean = report.agreement.find(({ name }) => name === 'mean')!
    expect(mean.icc).toMatchObject({ k: 2, items: mean.units })
    expect(mean.icc!.single.value!).toBeCloseTo(1, 12)
    expect(mean.icc!.average.value!).toBeCloseTo(1, 12)
    expect(mean.icc!.single.low!).toBeCloseTo(1, 12)
  })

  it('sees from repeats who does not agree with themselves', () => {
    const [attentive, careless] = report.raters.map(({ repeats }) =>
      repeats.find(({ name }) => name === 'mean')!,
    )
    expect(attentive!.pairs).toBeGreaterThan(1)
    expect(attentive!.kappa.value).toBe(1)
    expect(careless!.kappa.value!).toBeLessThan(0)
    expect(careless!.kappa.high!).toBeGreaterThanOrEqual(careless!.kappa.value!)
  })

  it('compares with the automatic score of the explanation that was shown', () => {
    const [judged] = report.automatic
    expect(judged).toMatchObject({ measure: 'mean', scorer: 'simulation', tier: 'integersSparse' })
    expect(judged!.spearman.value).toBeGreaterThan(0.9)
    expect(judged!.spearman.low).toBeGreaterThan(0.7)
    expect(judged!.kendall.value).toBeGreaterThan(0.75)
  })

  it('is the same again', () => {
    expect(ratingReports(store, ['pilot'])[0]).toEqual(report)
  })
})

describe('the list of features', () => {
  it('comes to know who rated what, and how far they differ', () => {
    const own = openStudy(temporaryFolder())
    onTestFinished(() => own.close())
    rateAll(own, 'ana', () => 3)
    rateAll(own, 'ben', () => 1)
    const browser = new FeatureBrowser(own, own.featureSets.get('planted')!, 'monosemanticity')
    expect(browser.rows).toHaveLength(40)
    for (const _ of browser.load());
    const rated = openRatingSession(own, 'pilot')!.manifest.items.filter(
      ({ role, setId }) => role === 'rating' && setId === 'planted',
    )
    expect([...browser.ratings.keys()].toSorted((a, b) => a - b)).toEqual(
      rated.map(({ feature }) => feature).toSorted((a, b) => a - b),
    )
    expect(browser.ratings.get(rated[0]!.feature)).toEqual({ raters: 2, disagreement: 2 / 3 })
    expect(browser.explanations.get(3)).toBe('the word dream')
    expect(browser.topTokens.get(3)![0]).toBe(' dream')
  })
})
