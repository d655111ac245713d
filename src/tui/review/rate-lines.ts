import { escapeForTerminal } from '../../core/escape-terminal.ts'
import type { Style } from '../style.ts'
import { truncate, widthOf } from '../text.ts'
import {
  bodyLines,
  logitLines,
  questionText,
  questionTitle,
  standingText,
  totalsText,
} from './rating-text.ts'
import { openQuestions, type QuestionView, type RatingView } from './rating-view.ts'
import { ends, fill, type Frame, rule } from './screen.ts'

/** A text that is being written, and what it is for. */
export type Writing =
  | { readonly of: 'field'; readonly field: string; readonly edit: number; readonly text: string }
  | { readonly of: 'comment'; readonly edit: number; readonly text: string }
  | { readonly of: 'skip' | 'goTo'; readonly text: string }

/** All that the rating screen shows. */
export interface RateDrawing {
  readonly view: RatingView
  /** The slot of the question that has the focus. */
  readonly focus: string | null
  /** Index of the example that is pointed at. */
  readonly example: number
  /** The first line of the body that was shown. */
  readonly top: number
  readonly writing: Writing | null
  readonly message: string
  readonly finished: boolean
  /** Of a task: all of the explanation is shown, in place of the questions. */
  readonly reading: boolean
  readonly hints: string
}

/** The lines of the rating screen, with where its body was scrolled to. */
export interface RateLines {
  readonly lines: string[]
  readonly top: number
  /** Lines of the body. */
  readonly rows: number
}

const PROMPTS = { comment: 'comment', skip: 'skip, because', goTo: 'go to item' } as const
const TWO_PANES = 120
const FORM_COLUMNS = 44
/** From this many lines on, the logits stay in sight while examples scroll. */
const ROOM_FOR_LOGITS = 7

/** Draws the rating screen: two panes where there is room, else the form below the examples. */
export function rateLines(drawing: RateDrawing, frame: Frame): RateLines {
  const { view, writing } = drawing
  const { columns, rows, style } = frame
  const wide = columns >= TWO_PANES && !frame.terse
  const header = headerLines(view, frame)
  const below = [helpLine(drawing, columns, style), writing ? writingHint(columns, style) : drawing.hints]
  const room = rows - header.length - 2 * rule(frame).length - below.length
  const form = formLines(drawing, wide ? FORM_COLUMNS : columns, wide, style)
  if (wide) {
    const left = columns - FORM_COLUMNS - 1
    const body = scrolled(drawing, left, room, style)
    const joined = body.lines.map((line, row) => {
      const space = ' '.repeat(Math.max(0, left - widthOf(line)))
      return line + space + style.dim('│') + (form[row] ?? '')
    })
    const lines = [...header, ...rule(frame), ...joined, ...rule(frame), ...below]
    return { lines: fill(lines, rows), top: body.top, rows: room }
  }
  // The form is not cut while there is any line left for examples, which scroll.
  const shownForm = form.slice(0, Math.max(1, room - 1))
  const bodyRows = Math.max(1, room - shownForm.length)
  const body = scrolled(drawing, columns, bodyRows, style)
  const lines = [...header, ...rule(frame), ...body.lines, ...rule(frame), ...shownForm, ...below]
  return { lines: fill(lines, rows), top: body.top, rows: bodyRows }
}

/** An item's examples by name, with the group of each. */
export function examplesOf(view: RatingView): { readonly name: string; readonly group: string }[] {
  return view.groups.flatMap(({ name, examples }) =>
    examples.map((_, index) => ({ name: `${name}/${index + 1}`, group: name })),
  )
}

/** The item, the session, how far it is, and how the item stands. */
export function headerLines(view: RatingView, { columns, style, terse }: Frame): string[] {
  const left = ` ${style.bold(view.code)} of ${view.total}   ${escapeForTerminal(`${view.session} · ${view.rater}`)}`
  const bar = terse ? '' : `${progressBar(view.finished / view.total)}  `
  const standing = standingText(view)
  return [
    ends(left, `${bar}${view.finished} done`, columns),
    ...(standing === '' ? [] : [` ${style.dim(truncate(standing, columns - 2))}`]),
  ]
}

function scrolled(
  { view, example, top }: RateDrawing,
  columns: number,
  space: number,
  style: Style,
): { readonly lines: string[]; readonly top: number } {
  const focus = examplesOf(view)[example]?.name ?? null
  const logits = logitLines(view, columns, style)
  const pinned = space >= ROOM_FOR_LOGITS ? logits : []
  const all = [
    ...bodyLines(view, focus, columns, style),
    ...(pinned.length > 0 ? [] : logits.map((text) => ({ text, example: null }))),
  ]
  const rows = Math.min(space - pinned.length, all.length)
  const at = all.findIndex((line) => line.example === focus)
  // What stands above the examples stays in sight until one below is pointed at.
  let first = Math.min(top, example === 0 ? 0 : at)
  // The last line may be taken by the note.
  if (at >= first + rows - 1) first = at - rows + 2
  first = Math.max(0, Math.min(first, all.length - rows))
  const shown = all.slice(first, first + rows).map(({ text }) => text)
  const hidden = all.length - first - shown.length
  if (hidden > 0 && shown.length > 1) shown[shown.length - 1] = style.dim(` ↓ ${hidden + 1} more`)
  return { lines: fill([...shown, ...pinned], space), top: first }
}

function formLines(
  { view, focus, writing }: RateDrawing,
  columns: number,
  stacked: boolean,
  style: Style,
): string[] {
  const visible = view.questions.filter(({ state }) => state !== 'hidden')
  const texts = visible
    .filter(({ most }) => most === null)
    .map((question) => textLine(question, focus, writing, columns, style))
  const scores = visible
    .filter(({ most }) => most !== null)
    .map((question) => questionText(question, question.slot === focus && !writing, style))
  const totals = totalsText(view)
  return [
    ...texts,
    ...(stacked ? scores : packed(scores, columns - 1)),
    ...(totals === '' ? [] : [` ${style.dim(truncate(totals, columns - 2))}`]),
    ...(writing && writing.of !== 'field' ? [writingOf(writing, columns, style)] : []),
  ]
}

function textLine(
  question: QuestionView,
  focus: string | null,
  writing: Writing | null,
  columns: number,
  style: Style,
): string {
  const focused = question.slot === focus
  const title = questionTitle(question)
  if (focused && writing?.of === 'field') return writingLine(`›${title}`, writing.text, columns, style)
  const { value, state } = question
  const room = Math.max(1, columns - widthOf(title) - 4)
  const answer =
    value === null ? '·' : value === '' ? '(none)' : truncate(escapeForTerminal(String(value)), room)
  if (state !== 'open') return ` ${style.dim(`${title} ${answer}`)}`
  return `${focused ? style.accent('›') : ' '}${title} ${style.bold(answer)}`
}

/** A text about the item that is being written. */
export function writingOf(writing: Writing, columns: number, style: Style): string {
  return writingLine(writing.of === 'field' ? '' : PROMPTS[writing.of], writing.text, columns, style)
}

/** The end of a text that is being written, behind its title. */
function writingLine(title: string, text: string, columns: number, style: Style): string {
  const room = Math.max(8, columns - widthOf(title) - 3)
  return `${style.accent(title)} ${lastColumns(`${escapeForTerminal(text)}_`, room)}`
}

/** What is wrong, or what to do next. */
export function helpLine(
  { view, focus, message, finished }: RateDrawing,
  columns: number,
  style: Style,
): string {
  if (message !== '') return ` ${style.bold(truncate(`! ${escapeForTerminal(message)}`, columns - 2))}`
  if (finished)
    return ` ${style.accent(truncate('all items are done; gloss ratings shows the statistics', columns - 2))}`
  const open = openQuestions(view)
  if (open.some(({ value }) => value === null)) {
    const question = open.find(({ slot }) => slot === focus)
    return ` ${style.dim(truncate(escapeForTerminal(question?.help ?? ''), columns - 2))}`
  }
  const next =
    view.standing === 'submitted'
      ? 'submitted; another answer opens it again'
      : view.hasReveal && !view.revealed
        ? "all answered; ↵ shows the machine's explanation"
        : 'all answered; ↵ submits'
  return ` ${style.accent(truncate(next, columns - 2))}`
}

/** The keys while a text is written. */
export function writingHint(columns: number, style: Style): string {
  const saved = 'every letter is saved'
  const rest = columns > saved.length + 25 ? `   ${style.dim(saved)}` : ''
  return ` ${style.accent('↵')} ${style.dim('done')}   ${style.accent('esc')} ${style.dim('leave')}${rest}`
}

const BAR_COLUMNS = 8

function progressBar(share: number): string {
  const full = Math.round(share * BAR_COLUMNS)
  return '█'.repeat(full) + '░'.repeat(BAR_COLUMNS - full)
}

const GAP = '  '

/** Pieces on lines, with gaps between. */
function packed(pieces: readonly string[], columns: number): string[] {
  const lines: string[] = []
  for (const piece of pieces) {
    const last = lines.at(-1)
    if (last !== undefined && widthOf(last) + GAP.length + widthOf(piece) <= columns)
      lines[lines.length - 1] = last + GAP + piece
    else lines.push(piece)
  }
  return lines
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The end of a text that fits: where it is being written. */
function lastColumns(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let kept = ''
  for (const { segment } of [...segmenter.segment(text)].toReversed()) {
    if (widthOf(segment + kept) > columns - 1) break
    kept = segment + kept
  }
  return `…${kept}`
}
