import { z } from 'zod'

/** What a rater did. `undo` and `redo` append the inverse; nothing is ever taken out of the log. */
export const EVENT_KINDS = [
  'set',
  'clear',
  'submit',
  'skip',
  'flag',
  'comment',
  'undo',
  'redo',
  'reveal',
] as const
/** One of {@link EVENT_KINDS}. */
export type EventKind = (typeof EVENT_KINDS)[number]

/** What a slot of an item holds: a score, a text, a mark, or nothing. */
export type SlotValue = number | string | boolean | null

const valueSchema = z.union([z.number(), z.string(), z.boolean(), z.null()])

/** The JSON of an event. Every event changes one slot of one item from `old` to `new`. */
export const payloadSchema = z.object({
  /** Counts a rater's events in a session, from 1. */
  seq: z.int().positive(),
  /** A field of the rubric, or one of {@link MARKS}. */
  field: z.string(),
  /** Which group or example; null for the unit as a whole. */
  part: z.string().nullable(),
  old: valueSchema,
  new: valueSchema,
  /** Keystrokes of one visit to a text share a number and are undone together. */
  edit: z.int().nullable(),
  /** Milliseconds spent on the item since the event before, or since it was opened. */
  elapsedMs: z.number().nonnegative(),
})

/** What an event changed. */
export type RatingPayload = z.output<typeof payloadSchema>

/** Slots that every item has besides the rubric's fields. */
export const MARKS = {
  submitted: '$submitted',
  skipped: '$skipped',
  flagged: '$flagged',
  comment: '$comment',
  revealed: '$revealed',
} as const

/** A row of the log. The id is unique over all copies of a study. */
export interface RatingEvent {
  readonly id: string
  readonly session: string
  readonly rater: string
  /** The item's opaque code. */
  readonly item: string
  readonly kind: EventKind
  readonly payload: RatingPayload
}

/** An event before it has an id. */
export type EventDraft = Pick<RatingEvent, 'item' | 'kind' | 'payload'>

/** The name of a slot. */
export function slotOf(field: string, part: string | null): string {
  return part === null ? field : `${field}@${part}`
}
