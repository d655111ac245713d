import type { Action } from './keymap.ts'
import { examplesOf } from './rate-lines.ts'
import { openQuestions, type RatingView } from './rating-view.ts'

/** Where the rating screen points. */
export interface Pointer {
  /** Index among the examples; in a task nothing but questions is pointed at. */
  readonly example: number
  /** The slot of the question that has the focus. */
  readonly focus: string | null
}

/** How far an action moves the pointer. @param page lines that are shown at once */
export function stepOf(action: Action | null, page: number): number {
  const steps: Partial<Record<Action, number>> = { down: 1, up: -1, pageDown: page, pageUp: -page }
  if (action === 'first' || action === 'last') return action === 'first' ? -Infinity : Infinity
  return (action && steps[action]) ?? 0
}

/** So many examples on, in a task so many questions; at most to the ends. */
export function moved(view: RatingView, { example, focus }: Pointer, step: number): Pointer {
  const open = openQuestions(view)
  if (view.task !== null) {
    const place = open.findIndex(({ slot }) => slot === focus) + step
    return { example, focus: open[clamped(place, open.length)]?.slot ?? null }
  }
  const examples = examplesOf(view)
  const place = clamped(example + step, examples.length)
  // Where each example or group is asked about, the question moves with the pointer.
  const field = open.find(({ slot }) => slot === focus)?.field
  const { name, group } = examples[place] ?? { name: '', group: '' }
  const asked = open.find(
    (question) => question.field === field && (question.part === name || question.part === group),
  )
  return { example: place, focus: asked?.slot ?? focus }
}

/** The first example of the group beside; in a task the question beside. */
export function movedByGroup(view: RatingView, pointer: Pointer, step: 1 | -1): Pointer {
  if (view.task !== null) return moved(view, pointer, step)
  const examples = examplesOf(view)
  const groups = [...new Set(examples.map(({ group }) => group))]
  const wanted = groups[clamped(groups.indexOf(examples[pointer.example]?.group ?? '') + step, groups.length)]
  const first = examples.findIndex(({ group }) => group === wanted)
  return moved(view, pointer, first - pointer.example)
}

/** The example that the question with the focus is about. */
export function followed(view: RatingView, { example, focus }: Pointer): Pointer {
  const part = openQuestions(view).find(({ slot }) => slot === focus)?.part ?? null
  if (part === null || view.task !== null) return { example, focus }
  const place = examplesOf(view).findIndex(({ name, group }) => name === part || group === part)
  return { example: place >= 0 ? place : example, focus }
}

function clamped(place: number, length: number): number {
  return Math.min(Math.max(place, 0), Math.max(0, length - 1))
}
