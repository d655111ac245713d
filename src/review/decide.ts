import { type EventDraft, type EventKind, MARKS, type SlotValue } from './event.ts'
import { type RaterFold, standingOf } from './fold.ts'
import { type FormItem, isRevealed, questionsOf, unanswered } from './form.ts'
import { hasReveal, type Rubric } from './rubric.ts'

/** What a rater wants. `edit` tells visits to a text apart. */
export type RatingAction =
  | { readonly do: 'set'; readonly field: string; readonly part: string | null; readonly value: number }
  | { readonly do: 'write'; readonly field: string; readonly text: string; readonly edit: number }
  | { readonly do: 'clear'; readonly field: string; readonly part: string | null }
  | { readonly do: 'comment'; readonly text: string; readonly edit: number }
  | { readonly do: 'skip'; readonly reason: string }
  | { readonly do: 'reveal' | 'submit' | 'flag' | 'undo' | 'redo' }

/** What came of an action: events to append, or why there are none. */
export type Decision =
  | { readonly events: readonly EventDraft[]; readonly item: string }
  | { readonly refused: string }

/** A rater's place: what the rubric asks, about which item, and what was done before. */
export interface Desk {
  readonly rubric: Rubric
  readonly item: FormItem
  readonly state: RaterFold
  /** Milliseconds on this item since the last event or since it was opened. */
  readonly elapsedMs: number
}

/** Decides what an action leads to. Nothing changes before the events are stored and applied. */
export function decide(desk: Desk, action: RatingAction): Decision {
  switch (action.do) {
    case 'set':
    case 'write':
    case 'clear':
      return answer(desk, action)
    case 'comment':
      return drafts(desk, [
        ['comment', MARKS.comment, null, action.text === '' ? null : action.text, action.edit],
      ])
    case 'flag':
      return drafts(desk, [['flag', MARKS.flagged, null, isMarked(desk, MARKS.flagged) ? null : true, null]])
    case 'skip':
      if (standingOf(desk.state, desk.item.code) === 'submitted') return { refused: 'submitted already' }
      return drafts(desk, [['skip', MARKS.skipped, null, action.reason, null]])
    case 'reveal':
      return reveal(desk)
    case 'submit':
      return submit(desk)
    case 'undo':
    case 'redo':
      return travel(desk, action.do)
    default:
      return action satisfies never
  }
}

type Step = readonly [
  kind: EventKind,
  field: string,
  part: string | null,
  value: SlotValue,
  edit: number | null,
]

function drafts({ item, state, elapsedMs }: Desk, steps: readonly Step[]): Decision {
  const events = steps
    .map(([kind, field, part, value, edit], index): EventDraft => ({
      item: item.code,
      kind,
      payload: {
        seq: state.seq + 1 + index,
        field,
        part,
        old: state.value(item.code, field, part),
        new: value,
        edit,
        elapsedMs: index === 0 ? elapsedMs : 0,
      },
    }))
    .filter(({ kind, payload }) => payload.old !== payload.new || kind === 'reveal')
  return { events: events.map((event, index) => renumbered(event, state.seq + 1 + index)), item: item.code }
}

function renumbered(event: EventDraft, seq: number): EventDraft {
  return { ...event, payload: { ...event.payload, seq } }
}

function isMarked({ item, state }: Desk, mark: string): boolean {
  return state.value(item.code, mark) !== null
}

/** Changing what was submitted or skipped opens the item again. */
function reopening(desk: Desk): Step[] {
  return ([MARKS.submitted, MARKS.skipped] as const)
    .filter((mark) => isMarked(desk, mark))
    .map((mark): Step => ['clear', mark, null, null, null])
}

function answer(
  desk: Desk,
  action: Extract<RatingAction, { readonly do: 'set' | 'write' | 'clear' }>,
): Decision {
  const part = action.do === 'write' ? null : action.part
  const question = questionsOf(desk.rubric, desk.item, desk.state).find(
    (one) => one.field.name === action.field && one.part === part,
  )
  if (!question) return { refused: `no field ${action.field}${part === null ? '' : ` of ${part}`}` }
  const { field, state } = question
  switch (state) {
    case 'locked':
      return { refused: `${field.label} is locked: the explanation was revealed` }
    case 'hidden':
      return { refused: `${field.label} comes after the explanation is revealed` }
    case 'fixed':
      return { refused: `${field.label} can only be ${String(question.value)} here` }
    case 'inapplicable':
      return { refused: `${field.label} does not apply to this item` }
    case 'open':
      break
    default:
      return state satisfies never
  }
  if (action.do === 'clear')
    return drafts(desk, [...reopening(desk), ['clear', field.name, part, null, null]])
  if (action.do === 'write') {
    if (field.kind !== 'text') return { refused: `${field.label} takes a score from 0 to ${field.most}` }
    // A text that was emptied is unanswered; that there is none has to be said.
    const text = action.text === '' ? null : action.text
    return drafts(desk, [...reopening(desk), ['set', field.name, null, text, action.edit]])
  }
  if (field.kind === 'text') {
    if (action.value !== 0) return { refused: `${field.label} takes a text, or 0 for none` }
    return drafts(desk, [...reopening(desk), ['set', field.name, null, '', null]])
  }
  if (!Number.isInteger(action.value) || action.value < 0 || action.value > field.most)
    return { refused: `${field.label} goes from 0 to ${field.most}` }
  return drafts(desk, [...reopening(desk), ['set', field.name, part, action.value, null]])
}

function reveal(desk: Desk): Decision {
  const { rubric, item, state } = desk
  if (!hasReveal(rubric)) return { refused: 'this rubric has no explanation to reveal' }
  if (isRevealed(rubric, item, state)) return { refused: 'revealed already' }
  const missing = unanswered(rubric, item, state, 'own')
  if (missing.length > 0) return { refused: `before the explanation: ${missingText(missing)}` }
  return drafts(desk, [['reveal', MARKS.revealed, null, true, null]])
}

function submit(desk: Desk): Decision {
  const { rubric, item, state } = desk
  if (standingOf(state, item.code) === 'submitted') return { refused: 'submitted already' }
  const own = unanswered(rubric, item, state, 'own')
  if (own.length > 0) return { refused: `missing: ${missingText(own)}` }
  if (hasReveal(rubric) && !isRevealed(rubric, item, state)) return reveal(desk)
  const missing = unanswered(rubric, item, state, 'revealed')
  if (missing.length > 0) return { refused: `missing: ${missingText(missing)}` }
  const unskip: Step[] = isMarked(desk, MARKS.skipped) ? [['clear', MARKS.skipped, null, null, null]] : []
  return drafts(desk, [...unskip, ['submit', MARKS.submitted, null, true, null]])
}

function missingText(
  missing: readonly { readonly field: { readonly label: string }; readonly part: string | null }[],
): string {
  const shown = missing
    .slice(0, 3)
    .map(({ field, part }) => field.label + (part === null ? '' : ` of ${part}`))
  return shown.join(', ') + (missing.length > 3 ? ` and ${missing.length - 3} more` : '')
}

/** Undo and redo go to the item that the change was about. */
function travel({ state, elapsedMs, item }: Desk, kind: 'undo' | 'redo'): Decision {
  const change = (kind === 'undo' ? state.done : state.undone).at(-1)
  if (!change) return { refused: `nothing to ${kind}` }
  const [old, next] = kind === 'undo' ? [change.to, change.from] : [change.from, change.to]
  const event: EventDraft = {
    item: change.item,
    kind,
    payload: {
      seq: state.seq + 1,
      field: change.field,
      part: change.part,
      old,
      new: next,
      edit: change.edit,
      elapsedMs: change.item === item.code ? elapsedMs : 0,
    },
  }
  return { events: [event], item: change.item }
}
