import type { WindowView } from './token-window.ts'

/** What a rater sees of an item. Texts are as stored; lines made of them are escaped. */
export interface RatingView {
  readonly session: string
  readonly rater: string
  readonly rubric: string
  /** A scorer's task: about texts one by one, or one of several to be chosen; null for a form. */
  readonly task: 'texts' | 'choices' | null
  readonly code: string
  readonly place: number
  readonly total: number
  readonly finished: number
  readonly standing: 'open' | 'submitted' | 'skipped'
  readonly flagged: boolean
  readonly comment: string
  readonly skippedBecause: string | null
  readonly groups: readonly GroupView[]
  readonly logits: { readonly top: readonly string[]; readonly bottom: readonly string[] } | null
  readonly hasReveal: boolean
  readonly revealed: boolean
  readonly explanation: string | null
  readonly questions: readonly QuestionView[]
  readonly totals: readonly {
    readonly name: string
    readonly part: string | null
    readonly value: number | null
  }[]
}

/** Windows that belong together. */
export interface GroupView {
  readonly name: string
  readonly scored: boolean
  readonly examples: readonly WindowView[]
}

/** One question of the form. */
export interface QuestionView {
  readonly field: string
  readonly slot: string
  readonly label: string
  readonly help: string
  readonly part: string | null
  /** Null: it takes a text. */
  readonly most: number | null
  readonly names: readonly string[] | null
  /** A key for each score, in place of digits. */
  readonly keys: readonly string[] | null
  readonly value: number | string | boolean | null
  readonly state: 'open' | 'locked' | 'fixed' | 'hidden' | 'inapplicable'
}

/** What a rater can do to an item. */
export type RatingRequest =
  | { readonly do: 'set'; readonly field: string; readonly part: string | null; readonly value: number }
  | { readonly do: 'write'; readonly field: string; readonly text: string; readonly edit: number }
  | { readonly do: 'clear'; readonly field: string; readonly part: string | null }
  | { readonly do: 'comment'; readonly text: string; readonly edit: number }
  | { readonly do: 'skip'; readonly reason: string }
  | { readonly do: 'reveal' | 'submit' | 'flag' | 'undo' | 'redo' }

/** The rating that a screen works on; every action is stored before it returns. */
export interface RatingPort {
  view(): RatingView
  /** Returns why nothing changed, or null. */
  act(request: RatingRequest): string | null
  goTo(place: number): void
  /** Goes to the next open item; false where there is none. */
  goOn(): boolean
}

/** The questions that can be answered now. */
export function openQuestions(view: RatingView): QuestionView[] {
  return view.questions.filter(({ state }) => state === 'open')
}

/** The first question without an answer, or else the first. */
export function firstUnanswered(view: RatingView): QuestionView | undefined {
  const open = openQuestions(view)
  return open.find(({ value }) => value === null) ?? open[0]
}

/** The slot of the next question without an answer, behind a given one and then from the beginning; else the next one. */
export function questionAfter(view: RatingView, slot: string | null): string | null {
  const open = openQuestions(view)
  const place = open.findIndex((question) => question.slot === slot)
  const behind = [...open.slice(place + 1), ...open.slice(0, place + 1)]
  const unanswered = behind.find(({ value }) => value === null)
  return (unanswered ?? open[Math.min(place + 1, open.length - 1)])?.slot ?? null
}
