import { escapeForTerminal } from '../../core/escape-terminal.ts'
import type { Style } from '../style.ts'
import { pad, truncate, widthOf, wrap } from '../text.ts'
import {
  headerLines,
  helpLine,
  type RateDrawing,
  type RateLines,
  writingHint,
  writingOf,
} from './rate-lines.ts'
import { answerText, questionText } from './rating-text.ts'
import type { QuestionView, RatingView } from './rating-view.ts'
import { ends, fill, type Frame, rule } from './screen.ts'
import { markedLines, type WindowView } from './token-window.ts'

const LABEL = 'machine    '
const MOST_EXPLANATION_LINES = 6
/** A window is nine tokens; longer ones hold something odd. */
const MOST_WINDOW_LINES = 4

/** Draws a scorer's task: the explanation above, the questions below it with their answers, as many as there is room for. */
export function taskLines(drawing: RateDrawing, frame: Frame): RateLines {
  const { view, writing } = drawing
  const { columns, rows, style } = frame
  const header = headerLines(view, frame)
  const form = [statusLine(drawing, columns, style), ...(writing ? [writingOf(writing, columns, style)] : [])]
  const below = [helpLine(drawing, columns, style), writing ? writingHint(columns, style) : drawing.hints]
  const room = rows - header.length - 2 * rule(frame).length - form.length - below.length
  const most = drawing.reading ? room : Math.min(MOST_EXPLANATION_LINES, Math.max(1, Math.floor(room / 3)))
  const explanation = explanationLines(view, columns, most, style)
  const bodyRows = Math.max(1, room - explanation.length)
  const body = drawing.reading ? { lines: [], top: drawing.top } : scrolled(drawing, columns, bodyRows, style)
  const above = [...explanation, ...fill(body.lines, Math.max(0, room - explanation.length))]
  const lines = [...header, ...rule(frame), ...above, ...rule(frame), ...form, ...below]
  return { lines: fill(lines, rows), top: body.top, rows: bodyRows }
}

/** The windows of a question: of texts one, of choices all of its group. */
export function windowsOf(view: RatingView, { part }: QuestionView): readonly WindowView[] {
  const [name, number] = (part ?? '').split('/')
  const examples = view.groups.find((group) => group.name === name)?.examples ?? []
  return number === undefined ? examples : examples.slice(Number(number) - 1, Number(number))
}

/** The explanation that the questions are answered by, in at most so many lines. */
function explanationLines(view: RatingView, columns: number, most: number, style: Style): string[] {
  const room = columns - LABEL.length - 1
  // What is far beyond the screen is never laid out: an explanation can be very long.
  const text = escapeForTerminal((view.explanation ?? '').slice(0, 4 * most * room))
  const lines = wrap(text, room)
  const shown = lines.slice(0, most)
  if (lines.length > most) shown[most - 1] = truncate(`${shown[most - 1]!.slice(0, room - 1)} …`, room)
  return shown.map(
    (line, index) => ` ${style.dim(index === 0 ? LABEL : pad('', LABEL.length))}${style.bold(line)}`,
  )
}

function statusLine({ view, focus, writing }: RateDrawing, columns: number, style: Style): string {
  const answered = view.questions.filter(({ value }) => value !== null).length
  const question = view.questions.find(({ slot }) => slot === focus)
  const options = question && !writing ? optionsText(question, style) : ''
  return ends(options, style.dim(`${answered} of ${view.questions.length} answered`), columns)
}

/** A question's options with their keys, the answer in brackets. */
function optionsText(question: QuestionView, style: Style): string {
  const { keys, names, value } = question
  if (keys === null) return questionText(question, true, style)
  const options = keys.map((key, index) => {
    const name = names?.[index] ?? key
    const shown = escapeForTerminal(name === key ? key : `${key} ${name}`)
    return index === value ? style.bold(`[${shown}]`) : shown
  })
  return `${style.accent(`›${escapeForTerminal(question.label)}`)} ${options.join('  ')}`
}

interface TaskLine {
  readonly text: string
  readonly slot: string
}

function scrolled(
  drawing: RateDrawing,
  columns: number,
  rows: number,
  style: Style,
): { readonly lines: string[]; readonly top: number } {
  const { view, focus, top } = drawing
  const all = view.questions.flatMap((question, index) =>
    questionLines(drawing, question, index, columns, style),
  )
  const begin = Math.max(
    0,
    all.findIndex(({ slot }) => slot === focus),
  )
  const end = begin + all.filter(({ slot }) => slot === focus).length - 1
  // The last line may be taken by the note.
  let first = end >= top + rows - 1 ? end - rows + 2 : top
  first = Math.max(0, Math.min(first, begin, all.length - rows))
  const lines = all.slice(first, first + rows).map(({ text }) => text)
  const hidden = all.length - first - lines.length
  if (hidden > 0 && lines.length > 1) lines[lines.length - 1] = style.dim(` ↓ ${hidden + 1} more`)
  return { lines, top: first }
}

/** A question with its number and its answer before the windows. */
function questionLines(
  { view, focus }: RateDrawing,
  question: QuestionView,
  index: number,
  columns: number,
  style: Style,
): TaskLine[] {
  const { slot, value, names } = question
  const number = pad(String(index + 1), String(view.questions.length).length, 'right')
  const answers = Math.max(1, ...(names ?? []).map((name) => widthOf(escapeForTerminal(name))))
  const mark = slot === focus ? style.accent('›') : ' '
  const answer = pad(answerText(question), answers)
  const first = `${mark}${style.dim(number)} ${value === null ? style.dim(answer) : style.bold(answer)}  `
  const others = pad('', number.length + answers + 4)
  const windows = windowsOf(view, question)
  const chosen = (option: number): string => (option === value ? `[${option + 1}] ` : ` ${option + 1}  `)
  return windows
    .flatMap((window, option) => {
      const label = view.task === 'choices' ? chosen(option) : ''
      const room = columns - others.length - label.length - 1
      return markedLines(window, room, MOST_WINDOW_LINES, style).map((text, line) =>
        line === 0 ? label + text : pad('', label.length) + text,
      )
    })
    .map((text, line) => ({ text: (line === 0 ? first : others) + text, slot }))
}
