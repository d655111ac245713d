import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
import type { ReportRating, ReportSession } from '../export/report-ratings.ts'
import { type RatedItem, ratedItems } from './rated-items.ts'
import { ratingReports } from './rating-report.ts'
import { openRatingSession } from './rating-session.ts'

/** What people said of each feature of a set. */
export function reportRatings(store: Store, set: FeatureSetRecord): ReadonlyMap<number, ReportRating[]> {
  const byFeature = new Map<number, ReportRating[]>()
  for (const rated of ratedItems(store)) {
    const { setId, feature } = rated.item
    if (setId !== set.id) continue
    const others = byFeature.get(feature)
    if (others) others.push(ratingOf(rated))
    else byFeature.set(feature, [ratingOf(rated)])
  }
  return byFeature
}

/** The statistics of the sessions that ask about a set and that somebody has begun. */
export function reportSessions(store: Store, set: FeatureSetRecord): ReportSession[] {
  const names = store.ratings
    .sessionNames()
    .filter(
      (name) =>
        store.ratings.raters(name).length > 0 &&
        openRatingSession(store, name)?.manifest.items.some(({ setId }) => setId === set.id),
    )
  return ratingReports(store, names).map(({ session, rubric, items, raters, agreement, automatic }) => ({
    session,
    rubric,
    items,
    raters: raters.map(({ rater, items: given, submitted, checks }) => ({
      rater,
      items: given,
      submitted,
      checks,
    })),
    agreement: agreement.map(({ name, metric, alpha, units, icc }) => ({ name, metric, alpha, units, icc })),
    automatic,
  }))
}

function ratingOf(rated: RatedItem): ReportRating {
  const { item, rubric, questions, totals } = rated
  const fields = new Set(rubric.fields.map(({ name }) => name))
  return {
    session: rated.session,
    rubric: rubric.name,
    rater: rated.rater,
    role: item.role,
    standing: rated.standing,
    explanationOf: rated.revealed && item.role === 'check' ? item.explanationOf : null,
    texts: questions.flatMap(({ field, value }) =>
      typeof value === 'string' ? [[field.name, escapeForTerminal(value)] as const] : [],
    ),
    scores: [
      ...questions.flatMap(({ field, part, value, state }) =>
        field.kind === 'score' && state !== 'inapplicable' && state !== 'hidden'
          ? [{ name: field.name, part, value: typeof value === 'number' ? value : null, most: field.most }]
          : [],
      ),
      ...totals
        .filter(({ name }) => !fields.has(name))
        .map(({ name, part, value }) => ({
          name,
          part,
          value,
          most: rubric.totals.find((total) => total.name === name)!.most,
        })),
    ],
    comment: rated.comment === null ? null : escapeForTerminal(rated.comment),
    skippedBecause: rated.skippedBecause === null ? null : escapeForTerminal(rated.skippedBecause),
    flagged: rated.flagged,
  }
}
