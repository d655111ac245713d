import type { ReportEstimate, ReportRating, ReportSession } from '../report-ratings.ts'
import { make, scrolling } from './elements.ts'
import { correlation, count, interval } from './text.ts'

/** What people said of a feature; nothing where nobody said anything. */
export function ratingsPart(ratings: readonly ReportRating[]): HTMLElement[] {
  if (ratings.length === 0) return []
  return [make('h2', {}, 'Ratings'), make('div', { class: 'ratings' }, ...ratings.map(ratingSection))]
}

function ratingSection(rating: ReportRating): HTMLElement {
  const { session, rubric, rater, standing, flagged, comment, skippedBecause } = rating
  const part = make('section', { class: 'rating' })
  const about = [`session ${session}`, `rubric ${rubric}`, ROLES[rating.role] ?? '', standing]
  if (flagged) about.push('flagged')
  part.append(
    make('h3', {}, make('bdi', {}, rater)),
    make('p', { class: 'aside' }, about.filter(Boolean).join(' · ')),
  )
  if (rating.explanationOf !== null)
    part.append(
      make('p', { class: 'aside' }, 'Shown with the explanation of ', link(rating.explanationOf), '.'),
    )
  for (const [name, text] of rating.texts)
    part.append(make('p', {}, `${name}: `, text === '' ? 'none' : make('bdi', {}, `“${text}”`)))
  if (rating.scores.length > 0) part.append(scoresTable(rating))
  if (skippedBecause !== null) part.append(make('p', {}, 'Skipped: ', make('bdi', {}, skippedBecause)))
  if (comment !== null) part.append(make('p', {}, 'Comment: ', make('bdi', {}, comment)))
  return part
}

const ROLES: Readonly<Record<string, string>> = {
  repeat: 'a silent repeat',
  check: 'an attention check',
}

function link(feature: number): HTMLElement {
  return make('a', { href: `#feature-${feature}` }, `feature ${feature}`)
}

/** A row for each score, a column for each group or example that it was asked for. */
function scoresTable({ scores, rater, session }: ReportRating): HTMLElement {
  // What is about the feature as a whole stands before its parts.
  const parts = [...new Set(scores.map(({ part }) => part))].toSorted(
    (a, b) => Number(a !== null) - Number(b !== null),
  )
  const names = [...new Set(scores.map(({ name }) => name))]
  const head = make('tr', {}, make('th', { scope: 'col' }, 'score'), make('th', { scope: 'col' }, 'of'))
  for (const part of parts) head.append(make('th', { scope: 'col', class: 'number' }, part ?? 'as a whole'))
  const body = make('tbody')
  for (const name of names) {
    const own = scores.filter((score) => score.name === name)
    const row = make(
      'tr',
      {},
      make('th', { scope: 'row' }, name),
      make('td', { class: 'number' }, `0–${own[0]!.most}`),
    )
    for (const part of parts) {
      const found = own.find((score) => score.part === part)
      const text =
        found === undefined ? '' : found.value === null ? '·' : String(Number(found.value.toFixed(2)))
      row.append(make('td', { class: 'number' }, text))
    }
    body.append(row)
  }
  const table = make('table', { class: 'plain' }, make('thead', {}, head), body)
  return scrolling(`Scores by ${rater} in session ${session}`, table)
}

/** Agreement between raters, and of people with automatic scores; nothing where nobody has rated. */
export function sessionsPart(sessions: readonly ReportSession[]): HTMLElement[] {
  if (sessions.length === 0) return []
  return [
    make('h2', { id: 'ratings-heading' }, 'What people say'),
    make(
      'p',
      { class: 'aside' },
      'Krippendorff’s α between raters, attention checks and repeats left out; ICC where at least ten items were rated by all. Intervals: 95 %, bootstrap by feature. A dot: not defined.',
    ),
    make('div', { class: 'ratings' }, ...sessions.map(sessionSection)),
  ]
}

function sessionSection({
  session,
  rubric,
  items,
  raters,
  agreement,
  automatic,
}: ReportSession): HTMLElement {
  const part = make('section', { class: 'session' })
  const who = raters.map(({ rater, submitted, items: given, checks }) => {
    const failed = checks.shown === 0 ? '' : `, ${checks.failed} of ${checks.shown} checks failed`
    return `${rater} ${submitted} of ${given}${failed}`
  })
  part.append(
    make('h3', {}, make('bdi', {}, session)),
    make(
      'p',
      { class: 'aside' },
      `rubric ${rubric} · ${count(items)} items · `,
      make('bdi', {}, who.join(' · ')),
    ),
    numbersTable(
      `Agreement in session ${session}`,
      ['rated', 'α', 'units', 'ICC(2,1)', 'ICC(2,k)', 'k'],
      agreement.map(({ name, alpha, units, icc }) => [
        name,
        estimate(alpha),
        count(units),
        icc === null ? '·' : estimate(icc.single),
        icc === null ? '·' : estimate(icc.average),
        icc === null ? '·' : String(icc.k),
      ]),
    ),
  )
  if (automatic.length > 0)
    part.append(
      numbersTable(
        `People against automatic scores in session ${session}`,
        ['rated against', 'Spearman', 'Kendall τ', 'explanations'],
        automatic.map(({ measure, scorer, protocol, tier, spearman, kendall, n }) => [
          `${measure} against ${scorer} (${protocol}, ${tier})`,
          estimate(spearman),
          estimate(kendall),
          count(n),
        ]),
      ),
    )
  return part
}

function numbersTable(
  label: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): HTMLElement {
  const body = make('tbody')
  for (const [name, ...cells] of rows)
    body.append(
      make(
        'tr',
        {},
        make('th', { scope: 'row' }, name!),
        ...cells.map((cell) => make('td', { class: 'number' }, cell)),
      ),
    )
  const heads = head.map((name, place) =>
    make('th', { scope: 'col', ...(place === 0 ? {} : { class: 'number' }) }, name),
  )
  return scrolling(
    label,
    make('table', { class: 'plain' }, make('thead', {}, make('tr', {}, ...heads)), body),
  )
}

function estimate({ value, low, high }: ReportEstimate): string {
  return `${correlation(value)} ${interval(low, high)}`.trim()
}
