import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { beforeAll, describe, expect, it } from 'vitest'
import { bundledMigrations } from '../../src/cli/assets.ts'
import { RatingDesk } from '../../src/pipeline/rating-desk.ts'
import { reportRatings, reportSessions } from '../../src/pipeline/report-ratings.ts'
import {
  createRatingSession,
  openRatingSession,
  type RatingSession,
} from '../../src/pipeline/rating-session.ts'
import { openStore } from '../../src/store/sqlite-store.ts'
import type { Store } from '../../src/core/store.ts'
import { glossHere } from '../support/in-process.ts'
import { ROOT, temporaryFolder } from '../support/paths.ts'
import { writeReviewStudy } from '../support/review-study.ts'

type Line = Record<string, unknown>

const COMMENT = '=1+1, "quoted"\n<script>'
const RUBRICS = ['fast', 'monosemanticity', 'scaling'] as const
const RATERS = ['ana', 'ben'] as const

/** What a rater says of a field: any number that tells raters, items, fields and parts apart. */
function valueOf(rater: string, place: number, field: string, part: string | null, most: number): number {
  const code = Buffer.from(`${rater}${place}${field}${part}`).reduce((sum, byte) => sum + byte, 0)
  return code % (most + 1)
}

/** One item is commented and flagged, one skipped, one left half done, one said to mean nothing. */
function rate(store: Store, session: RatingSession, rater: string): void {
  let clock = 0
  const desk = new RatingDesk(store, session, rater, () => new Date((clock += 1000)))
  const answer = (place: number): void => {
    for (const { field, part, state, most } of desk.view().questions) {
      if (state !== 'open') continue
      if (most === null && place === 3) desk.act({ do: 'set', field, part, value: 0 })
      else if (most === null) desk.act({ do: 'write', field, text: `${rater} ${place}`, edit: place })
      else desk.act({ do: 'set', field, part, value: valueOf(rater, place, field, part, most) })
    }
  }
  for (const [place] of session.manifest.items.entries()) {
    if (place > 5) return
    desk.goTo(place)
    if (place === 1) {
      expect(desk.act({ do: 'skip', reason: 'unclear' })).toBeNull()
      continue
    }
    if (place === 0) {
      desk.act({ do: 'comment', text: COMMENT, edit: 1 })
      desk.goTo(place)
      desk.act({ do: 'flag' })
      desk.goTo(place)
    }
    answer(place)
    if (place === 2) continue
    // Rubrics with two phases: the first submission reveals.
    desk.act({ do: 'submit' })
    desk.goTo(place)
    answer(place)
    desk.act({ do: 'submit' })
  }
}

let folder: string
let store: Store
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gloss-ratings-'))
  writeReviewStudy(folder, { features: 40 })
  store = openStore(join(folder, 'gloss.db'), bundledMigrations())
  for (const rubric of RUBRICS) {
    const request = {
      name: `on-${rubric}`,
      rubricText: readFileSync(join(ROOT, 'prompts', 'rubrics', `${rubric}.yaml`), 'utf8'),
      draw: { seed: 1, items: 8, repeats: 0.2, checks: 0.2, overlap: 0, raters: null },
      protocol: 'monosemanticity',
      sets: store.featureSets.all(),
      selection: { kind: 'all' } as const,
    }
    const session = createRatingSession(store, request, new Date(0))
    for (const rater of RATERS) rate(store, session, rater)
  }
  return () => {
    store.close()
    rmSync(folder, { recursive: true })
  }
})

async function exported(format: string, table: string): Promise<string> {
  const out = temporaryFolder()
  await glossHere(['export', '--format', format, '--tables', table, '--out', out, '--quiet'], { folder })
  return join(out, `${table}.${format === 'markdown' ? 'md' : format}`)
}

async function ratings(): Promise<Line[]> {
  const text = readFileSync(await exported('jsonl', 'ratings'), 'utf8')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
}

describe('the table of ratings', () => {
  it('has what each rater said, of which feature, under every rubric', async () => {
    const rows = await ratings()
    const given = rows.filter(({ answer, measure_kind: kind }) => answer === 'given' && kind === 'score')
    for (const rubric of RUBRICS)
      for (const rater of RATERS)
        expect(
          given.filter((row) => row['rubric'] === rubric && row['rater'] === rater).length,
        ).toBeGreaterThan(2)
    for (const row of given) {
      const { items } = openRatingSession(store, String(row['session']))!.manifest
      const place = items.findIndex(({ code }) => code === row['item'])
      const { setId, feature, kind, role, explanationId } = items[place]!
      expect(row).toMatchObject({ set: setId, feature, kind, role, explanation_id: explanationId })
      expect(row['value']).toBe(
        valueOf(
          String(row['rater']),
          place,
          String(row['measure']),
          row['part'] as string | null,
          row['most'] as number,
        ),
      )
    }
  })

  it('keeps apart what is missing, fixed, inapplicable and computed', async () => {
    const rows = await ratings()
    const of = (item: number, rubric: string): Line[] =>
      rows.filter(
        (row) => row['rubric'] === rubric && row['rater'] === 'ana' && row['item'] === `item 00${item + 1}`,
      )
    expect(of(1, 'fast')).toEqual([
      expect.objectContaining({
        standing: 'skipped',
        skipped_because: 'unclear',
        answer: 'missing',
        value: null,
      }),
      expect.objectContaining({ measure: 'verdict', answer: 'missing', value: null, most: 2, text: null }),
    ])
    expect(of(2, 'fast')[1]).toMatchObject({ standing: 'open', answer: 'given' })
    // No hypothesis: every score is 0 by the rubric's rule, which is not what the rater typed.
    const none = of(3, 'monosemanticity')
    expect(none.find(({ measure }) => measure === 'hypothesis')).toMatchObject({ text: '', value: null })
    expect(none.find(({ measure }) => measure === 'confidence')).toMatchObject({ answer: 'fixed', value: 0 })
    const totals = rows.filter(({ measure, standing }) => measure === 'mean' && standing === 'submitted')
    expect(totals.length).toBeGreaterThan(3)
    for (const { session, rater, item, value, answer } of totals) {
      const parts = rows.filter(
        (row) =>
          row['session'] === session &&
          row['rater'] === rater &&
          row['item'] === item &&
          row['measure'] === 'specificity',
      )
      expect(answer).toBe('computed')
      expect(value).toBeCloseTo(parts.reduce((sum, row) => sum + Number(row['value']), 0) / parts.length, 12)
    }
    for (const row of rows) expect(row['value'] === null || typeof row['value'] === 'number').toBe(true)
  })

  it('says the same in Parquet, and is inert in CSV and Markdown', async () => {
    const bytes = new Uint8Array(readFileSync(await exported('parquet', 'ratings')))
    expect(await parquetReadObjects({ file: bytes.buffer })).toEqual(await ratings())
    expect(readFileSync(await exported('csv', 'ratings'), 'utf8')).toContain(`"'=1+1, ""quoted""\n<script>"`)
    expect(readFileSync(await exported('markdown', 'ratings'), 'utf8')).not.toContain('<script>')
  })

  it('is about the selected features alone', async () => {
    const out = temporaryFolder()
    const [{ feature } = { feature: -1 }] = (await ratings()) as unknown as { feature: number }[]
    await glossHere(
      [
        'export',
        '--format',
        'jsonl',
        '--tables',
        'ratings',
        '--only',
        String(feature),
        '--out',
        out,
        '--quiet',
      ],
      { folder },
    )
    const found = readFileSync(join(out, 'ratings.jsonl'), 'utf8').split('\n').filter(Boolean)
    expect(found.length).toBeGreaterThan(0)
    for (const line of found) expect(JSON.parse(line)).toMatchObject({ feature })
  })

  it('stands beside the log of every event', async () => {
    const bytes = new Uint8Array(readFileSync(await exported('parquet', 'rating_events')))
    const events = await parquetReadObjects({ file: bytes.buffer })
    const stored = [...store.exports.ratings()]
    expect(stored.length).toBeGreaterThan(50)
    expect(events.map(({ event_id: id, payload }) => [id, JSON.parse(String(payload))])).toEqual(
      stored.map(({ id, payload }) => [id, JSON.parse(payload)]),
    )
  })
})

describe('ratings in a report', () => {
  it('stand with the features that they are about', () => {
    const [set] = store.featureSets.all()
    const byFeature = reportRatings(store, set!)
    const said = [...byFeature.values()].flat()
    expect(said).toHaveLength(RUBRICS.length * RATERS.length * 6)
    const commented = said.filter(({ comment }) => comment !== null)
    expect(commented).toHaveLength(RUBRICS.length * RATERS.length)
    // Line breaks are made visible; markup is the page's matter, which makes text nodes of it.
    expect(commented[0]).toMatchObject({ comment: COMMENT.replace('\n', '⏎'), flagged: true })
    const [item] = openRatingSession(store, 'on-scaling')!.manifest.items
    const own = byFeature
      .get(item!.feature)!
      .find(({ session, rater }) => session === 'on-scaling' && rater === 'ben')!
    for (const { name, part, value, most } of own.scores)
      if (name === 'specificity') expect(value).toBe(valueOf('ben', 0, name, part, most))
  })

  it('have the agreement that gloss ratings prints, for sessions about the set alone', async () => {
    const [set] = store.featureSets.all()
    const sessions = reportSessions(store, set!)
    const { stdout } = await glossHere(['ratings', '--json'], { folder })
    const printed = JSON.parse(stdout) as { session: string; agreement: object[]; automatic: object[] }[]
    expect(sessions.map(({ session }) => session)).toEqual(RUBRICS.map((rubric) => `on-${rubric}`))
    for (const [place, { agreement, automatic }] of sessions.entries()) {
      expect(printed[place]!.automatic).toEqual(automatic)
      expect(printed[place]!.agreement).toMatchObject(agreement as object[])
    }
    expect(reportSessions(store, { ...set!, id: 'another' })).toEqual([])
    expect(reportRatings(store, { ...set!, id: 'another' }).size).toBe(0)
  })
})
