import type { Action, Keymap } from './keymap.ts'
import type { Key } from './keys.ts'
import { examplesOf, rateLines, type Writing } from './rate-lines.ts'
import {
  firstUnanswered,
  openQuestions,
  questionAfter,
  type QuestionView,
  type RatingPort,
  type RatingView,
} from './rating-view.ts'
import { type Frame, type Hint, hintLine, type Screen, type ScreenEffect } from './screen.ts'
import { typeInto } from './text-field.ts'

const HINTS: readonly Hint[] = [
  { actions: [], keys: '0–5', label: 'score' },
  { actions: ['nextQuestion'], label: 'next' },
  { actions: ['accept'], label: 'submit' },
  { actions: ['edit'], label: 'write' },
  { actions: ['undo', 'redo'], label: 'undo, redo' },
  { actions: ['down', 'up'], label: 'example' },
  { actions: ['left', 'right'], label: 'group' },
  { actions: ['skip'], label: 'skip' },
  { actions: ['flag'], label: 'flag' },
  { actions: ['comment'], label: 'comment' },
  { actions: ['next', 'previous'], label: 'item' },
  { actions: ['goTo'], label: 'go to' },
  { actions: ['quit'], label: 'quit' },
]

/** Rating: the examples, the form, one key for each answer. Every key that changes something is stored before it shows. */
export class RateScreen implements Screen {
  readonly #port: RatingPort
  readonly #keys: Keymap
  #edit: number
  #focus: string | null = null
  /** Index among the example lines. */
  #example = 0
  #top = 0
  #bodyRows = 1
  #writing: Writing | null = null
  #message = ''
  #finished = false
  #code = ''

  /** @param edit a number that no earlier visit to a text had */
  constructor(port: RatingPort, keys: Keymap, edit: number) {
    this.#port = port
    this.#keys = keys
    this.#edit = edit
    this.#arrive()
  }

  readonly hints = HINTS

  get writing(): boolean {
    return this.#writing !== null
  }

  press(key: Key): ScreenEffect | null {
    this.#message = ''
    if (key.name === 'ctrl+c') return { go: 'interrupt' }
    if (this.#writing) {
      this.#write(this.#writing, key)
      return null
    }
    if (/^\d$/.test(key.name)) {
      this.#score(Number(key.name))
      return null
    }
    const action = this.#keys.actionOf(key.name)
    switch (action) {
      case 'quit':
      case 'suspend':
      case 'help':
        return { go: action }
      case 'back':
        return { go: 'quit' }
      case 'accept':
        this.#accept()
        break
      case 'nextQuestion':
      case 'previousQuestion':
        this.#turn(action === 'nextQuestion' ? 1 : -1)
        break
      case 'left':
      case 'right':
        this.#pointToGroup(action === 'right' ? 1 : -1)
        break
      case 'next':
      case 'previous':
        this.#port.goTo(this.#port.view().place + (action === 'next' ? 1 : -1))
        this.#arrive()
        break
      case 'undo':
      case 'redo':
      case 'flag':
        this.#outcome(this.#port.act({ do: action }))
        break
      case 'clear': {
        const question = this.#focused(this.#port.view())
        if (question)
          this.#outcome(this.#port.act({ do: 'clear', field: question.field, part: question.part }))
        break
      }
      case 'edit':
        this.#beginText()
        break
      case 'comment':
        this.#writing = { of: 'comment', edit: this.#edit++, text: this.#port.view().comment }
        break
      case 'skip':
      case 'goTo':
        this.#writing = { of: action, text: '' }
        break
      default: {
        const step = this.#stepOf(action)
        if (step !== 0) this.#point(this.#example + step)
      }
    }
    return null
  }

  /** How far an action moves the pointer. */
  #stepOf(action: Action | null): number {
    const page = this.#bodyRows
    const steps: Partial<Record<Action, number>> = { down: 1, up: -1, pageDown: page, pageUp: -page }
    if (action === 'first' || action === 'last') return action === 'first' ? -Infinity : Infinity
    return (action && steps[action]) ?? 0
  }

  #write(writing: Writing, key: Key): void {
    if (key.name === 'enter' || key.name === 'tab' || key.name === 'escape') {
      this.#writing = null
      if (writing.of === 'field') {
        if (key.name !== 'escape') this.#focusNext()
      } else if (key.name !== 'escape') this.#done(writing)
      return
    }
    const text = typeInto(writing.text, key)
    if (text === null) return
    const refused =
      writing.of === 'field'
        ? this.#port.act({ do: 'write', field: writing.field, text, edit: writing.edit })
        : writing.of === 'comment'
          ? this.#port.act({ do: 'comment', text, edit: writing.edit })
          : null
    if (refused === null) this.#writing = { ...writing, text }
    this.#message = refused ?? ''
  }

  #done({ of, text }: Writing): void {
    if (of === 'skip') {
      this.#message = this.#port.act({ do: 'skip', reason: text.trim() }) ?? ''
      if (this.#message === '') this.#goOn()
    } else if (of === 'goTo') {
      if (/^\s*\d+\s*$/.test(text)) this.#port.goTo(Number(text) - 1)
      else this.#message = 'expected the number of an item'
      this.#arrive()
    }
  }

  #score(value: number): void {
    const question = this.#focused(this.#port.view())
    if (!question) {
      this.#message = 'nothing is asked here'
      return
    }
    const { field, part } = question
    const refused = this.#port.act({ do: 'set', field, part, value })
    if (refused === null) this.#focusNext()
    this.#message = refused ?? ''
  }

  #accept(): void {
    const before = this.#port.view()
    const question = this.#focused(before)
    if (question?.most === null && question.value === null) {
      this.#beginText()
      return
    }
    const refused = this.#port.act({ do: 'submit' })
    if (refused !== null) {
      this.#message = refused
      this.#focus = firstUnanswered(this.#port.view())?.slot ?? this.#focus
      return
    }
    if (this.#port.view().standing === 'submitted') this.#goOn()
    else this.#arrive()
  }

  #goOn(): void {
    this.#finished = !this.#port.goOn()
    this.#arrive()
  }

  #outcome(refused: string | null): void {
    this.#message = refused ?? ''
    if (this.#port.view().code !== this.#code) this.#arrive()
    else if (!this.#focused(this.#port.view())) this.#focusNext()
  }

  #beginText(): void {
    const view = this.#port.view()
    const focused = this.#focused(view)
    const question = focused?.most === null ? focused : openQuestions(view).find(({ most }) => most === null)
    if (!question) {
      this.#message = 'no text can be written here now'
      return
    }
    this.#focus = question.slot
    this.#writing = {
      of: 'field',
      field: question.field,
      edit: this.#edit++,
      text: String(question.value ?? ''),
    }
  }

  #focused(view: RatingView): QuestionView | undefined {
    return openQuestions(view).find(({ slot }) => slot === this.#focus)
  }

  /** An item comes up: the first question without an answer, the first example. */
  #arrive(): void {
    const view = this.#port.view()
    if (view.code !== this.#code) {
      this.#example = 0
      this.#top = 0
    }
    this.#code = view.code
    if (view.finished < view.total) this.#finished = false
    this.#focus = firstUnanswered(view)?.slot ?? null
  }

  /** On to the next question without an answer, behind the one that has the focus; else to the next. */
  #focusNext(): void {
    this.#focus = questionAfter(this.#port.view(), this.#focus)
    this.#follow()
  }

  #turn(step: 1 | -1): void {
    const open = openQuestions(this.#port.view())
    const place = open.findIndex(({ slot }) => slot === this.#focus)
    this.#focus = open[(place + step + open.length) % open.length]?.slot ?? null
    this.#follow()
  }

  /** The example that a question is about is pointed at. */
  #follow(): void {
    const view = this.#port.view()
    const part = this.#focused(view)?.part ?? null
    if (part === null) return
    const place = examplesOf(view).findIndex(({ name, group }) => name === part || group === part)
    if (place >= 0) this.#example = place
  }

  #point(place: number): void {
    const view = this.#port.view()
    const examples = examplesOf(view)
    this.#example = Math.min(Math.max(place, 0), Math.max(0, examples.length - 1))
    // Where each example or group is asked about, the question moves with the pointer.
    const field = this.#focused(view)?.field
    const { name, group } = examples[this.#example] ?? { name: '', group: '' }
    const asked = openQuestions(view).find(
      (question) => question.field === field && (question.part === name || question.part === group),
    )
    if (asked) this.#focus = asked.slot
  }

  #pointToGroup(step: 1 | -1): void {
    const examples = examplesOf(this.#port.view())
    const groups = [...new Set(examples.map(({ group }) => group))]
    const current = groups.indexOf(examples[this.#example]?.group ?? '')
    const wanted = groups[Math.min(Math.max(current + step, 0), groups.length - 1)]
    this.#point(examples.findIndex(({ group }) => group === wanted))
  }

  lines(frame: Frame): string[] {
    const view = this.#port.view()
    const { rows, top, lines } = rateLines(
      {
        view,
        focus: this.#writing && this.#writing.of !== 'field' ? null : this.#focus,
        example: this.#example,
        top: this.#top,
        writing: this.#writing,
        message: this.#message,
        finished: this.#finished,
        hints: hintLine(this.hints, this.#keys, frame),
      },
      frame,
    )
    this.#bodyRows = rows
    this.#top = top
    return lines
  }
}
