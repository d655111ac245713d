import type { Metric } from './krippendorff.ts'
import { type RaterFold, standingOf } from './fold.ts'
import { questionsOf, totalsOf } from './form.ts'
import { type Rubric, scoreFields } from './rubric.ts'
import { formItemOf, type SessionItem, type SessionManifest } from './session.ts'

/** Something that raters gave numbers to: a score field or a total of the rubric. */
export interface Measure {
  readonly name: string
  readonly kind: 'field' | 'total'
  readonly metric: Metric
}

/** One rater's number for one unit. */
export interface Rating {
  readonly rater: string
  readonly item: SessionItem
  readonly part: string | null
  readonly value: number
}

/** All that a session's raters said, by measure. */
export interface SessionRatings {
  readonly measures: readonly Measure[]
  /** Of submitted items. Every part of an item is a unit of its own. */
  readonly of: (measure: Measure) => readonly Rating[]
}

/** The measures of a rubric: every score field, every total that is no single field under its own name. */
export function measuresOf(rubric: Rubric): Measure[] {
  const fields = scoreFields(rubric).map(({ name, metric }): Measure => ({ name, kind: 'field', metric }))
  const totals = rubric.totals
    .filter(({ name }) => !fields.some((field) => field.name === name))
    .map(({ name }): Measure => ({ name, kind: 'total', metric: 'interval' }))
  return [...fields, ...totals]
}

/** Collects what was submitted. */
export function sessionRatings(
  manifest: SessionManifest,
  rubric: Rubric,
  raters: ReadonlyMap<string, RaterFold>,
): SessionRatings {
  const measures = measuresOf(rubric)
  const found = new Map<string, Rating[]>(measures.map(({ name }) => [name, []]))
  for (const [rater, state] of raters)
    for (const item of manifest.items) {
      if (standingOf(state, item.code) !== 'submitted') continue
      const form = formItemOf(item)
      for (const { field, part, value } of questionsOf(rubric, form, state))
        if (typeof value === 'number') found.get(field.name)!.push({ rater, item, part, value })
      for (const { name, part, value } of totalsOf(rubric, form, state))
        if (value !== null && measures.some((measure) => measure.kind === 'total' && measure.name === name))
          found.get(name)!.push({ rater, item, part, value })
    }
  return { measures, of: ({ name }) => found.get(name) ?? [] }
}

/** The ratings with one measure more in front: numbers that were computed of whole items. */
export function withMeasure(
  ratings: SessionRatings,
  measure: Measure,
  found: readonly Rating[],
): SessionRatings {
  return {
    measures: [measure, ...ratings.measures],
    of: (one) => (one.name === measure.name ? found : ratings.of(one)),
  }
}

/** Ratings that count: no attention checks, no silent repeats. */
export function counted(ratings: readonly Rating[]): Rating[] {
  return ratings.filter(({ item }) => item.role === 'rating')
}

/** The name of the feature that a rating is about: what a bootstrap draws. */
export function featureOf({ item }: Rating): string {
  return `${item.setId} ${item.feature}`
}

/** The mean of numbers; the list must not be empty. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
