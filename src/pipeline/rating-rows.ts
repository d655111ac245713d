import type { RatingEventRecord } from '../core/ratings.ts'
import type { Json } from '../core/hash.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
import { type RatedItem, ratedItems } from './rated-items.ts'
import type { Cells } from './table-cells.ts'

/** One answer of one rater about one item, or a total of answers. */
export interface RatingSource {
  readonly rated: RatedItem
  readonly measure: string
  readonly measureKind: 'score' | 'text' | 'total'
  readonly part: string | null
  readonly value: number | null
  readonly text: string | null
  /** The highest value. */
  readonly most: number | null
  readonly answer: 'given' | 'fixed' | 'inapplicable' | 'missing' | 'computed'
}

/** Every answer and total of the items that were rated, of these sets and features. */
export function* ratingSources(
  store: Store,
  sets: readonly FeatureSetRecord[],
  wants: (set: FeatureSetRecord, feature: number) => boolean,
): Generator<RatingSource> {
  const wanted = new Map(sets.map((set) => [set.id, set]))
  for (const rated of ratedItems(store)) {
    const set = wanted.get(rated.item.setId)
    if (set && wants(set, rated.item.feature)) yield* sourcesOf(rated)
  }
}

function* sourcesOf(rated: RatedItem): Generator<RatingSource> {
  for (const { field, part, value, state } of rated.questions)
    yield {
      rated,
      measure: field.name,
      measureKind: field.kind,
      part,
      value: typeof value === 'number' ? value : null,
      text: typeof value === 'string' ? value : null,
      most: field.kind === 'score' ? field.most : null,
      answer: answerOf(state, value !== null),
    }
  const fields = new Set(rated.rubric.fields.map(({ name }) => name))
  for (const { name, part, value } of rated.totals)
    // A total that is one field under its own name is that field's row.
    if (!fields.has(name))
      yield {
        rated,
        measure: name,
        measureKind: 'total',
        part,
        value,
        text: null,
        most: rated.rubric.totals.find((total) => total.name === name)!.most,
        answer: value === null ? 'missing' : 'computed',
      }
}

function answerOf(state: RatedItem['questions'][number]['state'], isGiven: boolean): RatingSource['answer'] {
  if (state === 'inapplicable' || state === 'fixed') return state
  return isGiven ? 'given' : 'missing'
}

/** The table ratings. */
export const RATING_CELLS: Cells<RatingSource> = {
  session: ({ rated }) => rated.session,
  rubric: ({ rated }) => rated.rubric.name,
  rubric_hash: ({ rated }) => rated.rubric.hash,
  rater: ({ rated }) => rated.rater,
  item: ({ rated }) => rated.item.code,
  role: ({ rated }) => rated.item.role,
  repeat_of: ({ rated }) => rated.item.original,
  set: ({ rated }) => rated.item.setId,
  kind: ({ rated }) => rated.item.kind,
  feature: ({ rated }) => rated.item.feature,
  explanation_id: ({ rated }) => rated.item.explanationId,
  explanation_of: ({ rated }) => (rated.item.explanationId === null ? null : rated.item.explanationOf),
  revealed: ({ rated }) => rated.revealed,
  standing: ({ rated }) => rated.standing,
  skipped_because: ({ rated }) => rated.skippedBecause,
  flagged: ({ rated }) => rated.flagged,
  comment: ({ rated }) => rated.comment,
  seconds: ({ rated }) => rated.seconds,
  measure: ({ measure }) => measure,
  measure_kind: ({ measureKind }) => measureKind,
  part: ({ part }) => part,
  answer: ({ answer }) => answer,
  value: ({ value }) => value,
  most: ({ most }) => most,
  text: ({ text }) => text,
}

/** The table rating_events. */
export const RATING_EVENT_CELLS: Cells<RatingEventRecord> = {
  event_id: ({ id }) => id,
  session: ({ session }) => session,
  rater: ({ rater }) => rater,
  item: ({ item }) => item,
  kind: ({ kind }) => kind,
  payload: ({ payload }) => JSON.parse(payload) as Json,
  created: ({ created }) => created,
}
