import { escapeForTerminal } from '../../core/escape-terminal.ts'
import { PLAIN } from '../style.ts'
import { wrap } from '../text.ts'
import { answerText, questionTitle } from './rating-text.ts'
import type { QuestionView, RatingView } from './rating-view.ts'
import { windowsOf } from './task-lines.ts'
import { markedLines } from './token-window.ts'

const MOST_LINES = 40

/** What a question of scores takes, in words: `yes or no`, `a number from 0 to 5`. */
export function rangeOf({ most, names, keys }: QuestionView): string {
  if (keys === null) return `a number from 0 to ${most}`
  const words = keys.map((key, index) => names?.[index] ?? key)
  return words.length === 2 ? words.toReversed().join(' or ') : `one of ${words.join(', ')}`
}

/** The score that an answer names: by a key, a name or, where the question has no keys, a number; NaN for none. */
export function scoreNamed({ names, keys }: QuestionView, text: string): number {
  const wanted = text.toLowerCase()
  for (const words of [keys, names]) {
    const place = words?.findIndex((word) => word.toLowerCase() === wanted) ?? -1
    if (place >= 0) return place
  }
  return keys === null && /^\d+$/.test(text) ? Number(text) : Number.NaN
}

/** A task's item by lines: all of the explanation, and what was answered. */
export function taskItemLines(view: RatingView, columns: number): string[] {
  return [
    ...wrap(`machine: ${escapeForTerminal(view.explanation ?? '')}`, columns),
    ...view.questions
      .filter(({ value }) => value !== null)
      .map((question) => ` ${questionTitle(question)}: ${answerText(question)}`),
  ]
}

/** One question with its windows, each at its full length. */
export function taskQuestionLines(view: RatingView, question: QuestionView, columns: number): string[] {
  const place = view.questions.findIndex(({ slot }) => slot === question.slot) + 1
  const { keys } = question
  const answers =
    keys === null
      ? `0-${question.most}`
      : keys.length === 2
        ? keys.toReversed().join('/')
        : `${keys[0]}-${keys.at(-1)}`
  const windows = windowsOf(view, question).flatMap((window, option) =>
    markedLines(window, columns - 5, MOST_LINES, PLAIN).map((text, line) =>
      view.task === 'choices' ? ` ${line === 0 ? option + 1 : ' '}  ${text}` : ` ${text}`,
    ),
  )
  return [
    `? ${questionTitle(question)} (${place} of ${view.questions.length}) ${answers}: ${escapeForTerminal(question.help)}`,
    ...windows,
  ]
}
