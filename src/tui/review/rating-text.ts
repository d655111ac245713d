import { escapeForTerminal } from '../../core/escape-terminal.ts'
import type { Style } from '../style.ts'
import { pad, truncate, visibleToken, wrap } from '../text.ts'
import type { QuestionView, RatingView } from './rating-view.ts'
import { windowLine } from './token-window.ts'

const LABEL_COLUMNS = 11

/** One line of the examples. */
export interface BodyLine {
  readonly text: string
  /** `group/number`, as questions about examples name it; null for other lines. */
  readonly example: string | null
}

/** An item's examples and, once revealed, its explanation above them. @param focus the example that is pointed at */
export function bodyLines(view: RatingView, focus: string | null, columns: number, style: Style): BodyLine[] {
  const lines = view.groups.flatMap(({ name, examples }) =>
    examples.map((window, index): BodyLine => {
      const example = `${name}/${index + 1}`
      const label = pad(truncate(index === 0 ? name : '', LABEL_COLUMNS - 1), LABEL_COLUMNS)
      const mark = example === focus ? style.accent('›') : ' '
      const text = windowLine(window, columns - LABEL_COLUMNS - 1, style)
      return { text: `${mark}${style.dim(label)}${text}`, example }
    }),
  )
  const above = explanationLines(view, columns, style)
  return [...above.map((text): BodyLine => ({ text, example: null })), ...lines]
}

/** The tokens that the unit makes likelier and unlikelier, a line each; none where it has no direct path. */
export function logitLines({ logits }: RatingView, columns: number, style: Style): string[] {
  if (!logits) return []
  const effects = (label: string, tokens: readonly string[]): string =>
    ` ${style.dim(pad(label, LABEL_COLUMNS))}${truncate(tokens.map((token) => visibleToken(token.slice(0, columns))).join('  '), columns - LABEL_COLUMNS - 1)}`
  return [effects('logits +', logits.top), effects('logits −', logits.bottom)]
}

/** The machine's explanation once it is revealed, in at most three lines. */
function explanationLines(view: RatingView, columns: number, style: Style): string[] {
  if (!view.revealed) return []
  const shown = view.explanation?.slice(0, 12 * columns)
  const text = shown === undefined ? 'there is none for this item' : escapeForTerminal(shown)
  // Nothing far beyond what could be shown is laid out: an explanation can be very long.
  const lines = wrap(truncate(text, 3 * (columns - LABEL_COLUMNS - 1) - 2), columns - LABEL_COLUMNS - 1)
  return lines
    .slice(0, 3)
    .map(
      (line, index) => ` ${style.dim(pad(index === 0 ? 'machine' : '', LABEL_COLUMNS))}${style.bold(line)}`,
    )
}

/** The title of a question with its part. */
export function questionTitle({ label, part }: QuestionView): string {
  return escapeForTerminal(part === null ? label : `${label} ${part}`)
}

/** A question with its answer; one that has the focus shows what can be answered. */
export function questionText(question: QuestionView, focused: boolean, style: Style): string {
  const { most, names, value, state } = question
  const title = questionTitle(question)
  if (state === 'inapplicable') return ` ${style.dim(`${title} –`)}`
  if (state === 'fixed' || state === 'locked') return ` ${style.dim(`${title} ${answerText(question)}`)}`
  if (!focused || most === null) {
    const answer = value === null ? style.dim('·') : style.bold(answerText(question))
    return `${focused ? style.accent('›') : ' '}${title} ${answer}`
  }
  const options = Array.from({ length: most + 1 }, (_, score) => {
    const shown = names ? `${score} ${escapeForTerminal(names[score]!)}` : String(score)
    return score === value ? style.bold(`[${shown}]`) : shown
  })
  return `${style.accent('›')}${style.accent(title)} ${options.join(names ? '  ' : ' ')}`
}

/** An answer in words. */
export function answerText({ value, names, most }: QuestionView): string {
  if (value === null) return '·'
  if (most === null) return value === '' ? '(none)' : escapeForTerminal(String(value))
  const name = names?.[Number(value)]
  return name === undefined ? String(value) : escapeForTerminal(name)
}

/** Totals that are complete, by name: `total 13 · 11`. */
export function totalsText(view: RatingView): string {
  const names = [...new Set(view.totals.map(({ name }) => name))]
  return names
    .flatMap((name) => {
      const values = view.totals.filter((total) => total.name === name).map(({ value }) => value)
      if (values.some((value) => value === null)) return []
      return [`${name} ${values.map((value) => Number(value!.toFixed(2))).join(' · ')}`]
    })
    .join('   ')
}

/** How an item stands, in a few words. */
export function standingText(view: RatingView): string {
  const parts = [
    view.standing === 'submitted' ? 'submitted' : '',
    view.standing === 'skipped'
      ? `skipped${view.skippedBecause ? `: ${escapeForTerminal(view.skippedBecause)}` : ''}`
      : '',
    view.flagged ? 'flagged' : '',
    view.comment === '' ? '' : `comment: ${escapeForTerminal(view.comment)}`,
  ]
  return parts.filter((part) => part !== '').join(' · ')
}
