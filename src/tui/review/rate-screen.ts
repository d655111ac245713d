import { type Keymap, withoutKeys } from './keymap.ts'
import type { Key } from './keys.ts'
import { rateHints } from './rate-hints.ts'
import { rateLines, type Writing } from './rate-lines.ts'
import { followed, moved, movedByGroup, type Pointer, stepOf } from './rate-pointer.ts'
import {
  firstUnanswered,
  openQuestions,
  questionAfter,
  type QuestionView,
  type RatingPort,
  type RatingView,
} from './rating-view.ts'
import { type Frame, type Hint, hintLine, type Screen, type ScreenEffect } from './screen.ts'
import { taskLines } from './task-lines.ts'
import { typeInto } from './text-field.ts'

/** Rating: the examples, the form, one key for each answer. Every key that changes something is stored before it shows. */
export class RateScreen implements Screen {
  readonly #port: RatingPort
  /** A task's answers have keys of their own. */
  readonly keys: Keymap
  readonly hints: readonly Hint[]
  #edit: number
  #pointer: Pointer = { example: 0, focus: null }
  #top = 0
  #bodyRows = 1
  #writing: Writing | null = null
  #message = ''
  #finished = false
  /** Of a task: all of the explanation is shown. */
  #reading = false
  #code = ''

  /** @param edit a number that no earlier visit to a text had */
  constructor(port: RatingPort, keys: Keymap, edit: number) {
    this.#port = port
    const view = port.view()
    this.keys = withoutKeys(
      keys,
      view.questions.flatMap((question) => question.keys ?? []),
    )
    this.hints = rateHints(view)
    this.#edit = edit
    this.#arrive()
  }

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
    const answer = this.#answerOf(key.name)
    if (answer !== null) {
      // What is not seen is not answered.
      if (this.#reading) this.#reading = false
      else this.#score(answer)
      return null
    }
    const action = this.keys.actionOf(key.name)
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
        this.#pointer = movedByGroup(this.#port.view(), this.#pointer, action === 'right' ? 1 : -1)
        break
      case 'next':
      case 'previous':
        this.#port.goTo(this.#port.view().place + (action === 'next' ? 1 : -1))
        this.#arrive()
        break
      case 'undo':
      case 'redo': {
        const before = this.#port.view()
        this.#outcome(this.#port.act({ do: action }))
        this.#pointToChanged(before)
        break
      }
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
        const step = stepOf(action, this.#bodyRows)
        if (step !== 0) this.#pointer = moved(this.#port.view(), this.#pointer, step)
      }
    }
    return null
  }

  /** The score that a key stands for: the question's own keys, or digits. */
  #answerOf(key: string): number | null {
    const keys = this.#port.view().questions.find((question) => question.keys !== null)?.keys
    const place = keys?.indexOf(key) ?? -1
    if (place >= 0) return place
    return keys === undefined && /^\d$/.test(key) ? Number(key) : null
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
      this.#pointTo(firstUnanswered(this.#port.view())?.slot ?? this.#pointer.focus)
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
    if (view.task !== null) {
      this.#reading = !this.#reading
      return
    }
    const focused = this.#focused(view)
    const question = focused?.most === null ? focused : openQuestions(view).find(({ most }) => most === null)
    if (!question) {
      this.#message = 'no text can be written here now'
      return
    }
    this.#pointTo(question.slot)
    this.#writing = {
      of: 'field',
      field: question.field,
      edit: this.#edit++,
      text: String(question.value ?? ''),
    }
  }

  /** In a task, answers that were taken back are given anew at once. */
  #pointToChanged(before: RatingView): void {
    const { task, questions } = this.#port.view()
    if (task === null) return
    const changed = questions.find(
      ({ slot, value }) => before.questions.find((question) => question.slot === slot)?.value !== value,
    )
    // What another item's undo changed is not to be compared with this one's answers.
    if (before.code === this.#code && changed) this.#pointTo(changed.slot)
  }

  #pointTo(focus: string | null): void {
    this.#pointer = { ...this.#pointer, focus }
  }

  #focused(view: RatingView): QuestionView | undefined {
    return openQuestions(view).find(({ slot }) => slot === this.#pointer.focus)
  }

  /** An item comes up: the first question without an answer, the first example. */
  #arrive(): void {
    const view = this.#port.view()
    if (view.code !== this.#code) {
      this.#reading = false
      this.#pointer = { example: 0, focus: null }
      this.#top = 0
    }
    this.#code = view.code
    if (view.finished < view.total) this.#finished = false
    this.#pointTo(firstUnanswered(view)?.slot ?? null)
  }

  /** On to the next question without an answer, behind the one that has the focus; else to the next. */
  #focusNext(): void {
    const view = this.#port.view()
    this.#pointTo(questionAfter(view, this.#pointer.focus))
    this.#pointer = followed(view, this.#pointer)
  }

  #turn(step: 1 | -1): void {
    const view = this.#port.view()
    const open = openQuestions(view)
    const place = open.findIndex(({ slot }) => slot === this.#pointer.focus)
    this.#pointTo(open[(place + step + open.length) % open.length]?.slot ?? null)
    this.#pointer = followed(view, this.#pointer)
  }

  lines(frame: Frame): string[] {
    const view = this.#port.view()
    const draw = view.task === null ? rateLines : taskLines
    const { rows, top, lines } = draw(
      {
        view,
        focus: this.#writing && this.#writing.of !== 'field' ? null : this.#pointer.focus,
        example: this.#pointer.example,
        top: this.#top,
        writing: this.#writing,
        message: this.#message,
        finished: this.#finished,
        reading: this.#reading,
        hints: hintLine(this.hints, this.keys, frame),
      },
      frame,
    )
    this.#bodyRows = rows
    this.#top = top
    return lines
  }
}
