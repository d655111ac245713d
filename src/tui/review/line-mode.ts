import { escapeForTerminal } from '../../core/escape-terminal.ts'
import { PLAIN } from '../style.ts'
import { wrap } from '../text.ts'
import { answerText, bodyLines, logitLines, questionTitle, standingText, totalsText } from './rating-text.ts'
import { firstUnanswered, openQuestions, type RatingPort, type RatingView } from './rating-view.ts'
import { rangeOf, scoreNamed, taskItemLines, taskQuestionLines } from './task-text.ts'

const HELP = [
  'Answer the question with a number, or with a text where it asks for one (0 for none).',
  'An empty line submits the item, or shows the explanation when it is time for it.',
  '  FIELD=ANSWER      answers another question, as confidence=2 or consistency top=5',
  '  :undo  :redo      take the last change back, and make it again',
  '  :skip REASON      leave the item out      :flag             mark it',
  '  :comment TEXT     say something about it  :clear FIELD      take an answer back',
  '  :next  :back      go to other items       :goto 17          by its place',
  '  :show             the item again          :help             this',
  '  :quit             everything is saved already; the same command goes on',
]

/**
 * Rating by lines: questions go out as text, answers come in as lines, so that it works without a terminal, in
 * scripts and with screen readers. Pure but for the port, which stores.
 */
export class LineMode {
  readonly #port: RatingPort
  readonly #columns: number
  #edit: number
  #ended = false

  /** @param edit a number that no earlier visit to a text had */
  constructor(port: RatingPort, columns: number, edit: number) {
    this.#port = port
    this.#columns = columns
    this.#edit = edit
  }

  /** Whether the rater is done or has left. */
  get ended(): boolean {
    return this.#ended
  }

  /** The lines before the first answer. */
  begin(): string[] {
    const view = this.#port.view()
    const { session, rater, rubric, total, finished } = view
    const greeting = `session ${session}, rater ${rater}, rubric ${rubric}: ${finished} of ${total} items done; :help says what can be answered`
    if (finished === total) return [escapeForTerminal(greeting), ...this.#finish()]
    return [escapeForTerminal(greeting), '', ...this.#itemLines(view), ...this.#question()]
  }

  /** Takes one line and returns the lines that answer it. */
  answer(line: string): string[] {
    const text = line.trim()
    if (text.startsWith(':')) return this.#command(text.slice(1))
    const assignment = /^([^=]+?)\s*=\s*(.*)$/.exec(text)
    const named = assignment && this.#find(assignment[1]!)
    if (named) return this.#reply(named, assignment[2]!)
    if (text === '') return this.#submit()
    const question = firstUnanswered(this.#port.view())
    if (!question) return ['! nothing is asked here; an empty line submits']
    return this.#reply(question, text)
  }

  #reply(question: RatingView['questions'][number], text: string): string[] {
    const { field, part, most } = question
    if (most === null && text !== '0')
      return this.#outcome(this.#port.act({ do: 'write', field, text, edit: this.#edit++ }))
    const value = scoreNamed(question, text)
    return this.#outcome(
      Number.isNaN(value)
        ? `${questionTitle(question)} takes ${rangeOf(question)}, found ${text}`
        : this.#port.act({ do: 'set', field, part, value }),
    )
  }

  /** A question by its slot, its field, or its title. */
  #find(name: string): RatingView['questions'][number] | undefined {
    const wanted = name.trim().toLowerCase()
    return this.#port
      .view()
      .questions.find((question) =>
        [question.slot, questionTitle(question), `${question.field} ${question.part ?? ''}`].some(
          (one) => one.trim().toLowerCase() === wanted,
        ),
      )
  }

  #command(text: string): string[] {
    const [, name = '', rest = ''] = /^(\w*)\s*(.*)$/.exec(text) ?? []
    const port = this.#port
    switch (name) {
      case 'undo':
      case 'redo':
      case 'flag':
      case 'reveal':
        return this.#outcome(port.act({ do: name }), true)
      case 'submit':
        return this.#submit()
      case 'skip': {
        const refused = port.act({ do: 'skip', reason: rest })
        return refused === null ? this.#advance() : [`! ${refused}`]
      }
      case 'comment':
        return this.#outcome(port.act({ do: 'comment', text: rest, edit: this.#edit++ }))
      case 'clear': {
        const question = this.#find(rest)
        if (!question) return [`! no field ${escapeForTerminal(rest)}`]
        return this.#outcome(port.act({ do: 'clear', field: question.field, part: question.part }))
      }
      case 'next':
      case 'back':
        port.goTo(port.view().place + (name === 'next' ? 1 : -1))
        return this.#show()
      case 'goto':
        if (!/^\d+$/.test(rest)) return ['! expected a place, as :goto 17']
        port.goTo(Number(rest) - 1)
        return this.#show()
      case 'show':
        return this.#show()
      case 'help':
        return HELP.flatMap((line) => wrap(line, this.#columns))
      case 'quit':
        this.#ended = true
        return []
      default:
        return [`! no command :${escapeForTerminal(name)}; :help lists them`]
    }
  }

  #submit(): string[] {
    const before = this.#port.view()
    const refused = this.#port.act({ do: 'submit' })
    if (refused !== null) return [`! ${escapeForTerminal(refused)}`]
    const after = this.#port.view()
    return after.revealed && !before.revealed && after.standing === 'open' ? this.#show() : this.#advance()
  }

  #advance(): string[] {
    return this.#port.goOn() ? this.#show() : this.#finish()
  }

  #finish(): string[] {
    this.#ended = true
    return ['all items are done; gloss ratings shows the statistics']
  }

  #outcome(refused: string | null, show = false): string[] {
    if (refused !== null) return [`! ${escapeForTerminal(refused)}`]
    return show ? this.#show() : this.#question()
  }

  #show(): string[] {
    return ['', ...this.#itemLines(this.#port.view()), ...this.#question()]
  }

  #itemLines(view: RatingView): string[] {
    const standing = standingText(view)
    const title = `${view.code} (${view.place + 1} of ${view.total})${standing === '' ? '' : ` ${standing}`}`
    if (view.task !== null) return [title, ...taskItemLines(view, this.#columns)]
    return [
      title,
      ...bodyLines(view, null, this.#columns, PLAIN).map(({ text }) => text),
      ...logitLines(view, this.#columns, PLAIN),
      ...view.questions
        .filter(({ value, state }) => value !== null && state !== 'hidden')
        .map((question) => ` ${questionTitle(question)}: ${answerText(question)}`),
    ]
  }

  #question(): string[] {
    const view = this.#port.view()
    const question = openQuestions(view).find(({ value }) => value === null)
    if (!question) {
      const totals = totalsText(view)
      const next = view.hasReveal && !view.revealed ? 'shows the explanation' : 'submits'
      return [`? an empty line ${next}${totals === '' ? '' : `   ${totals}`}`]
    }
    if (view.task !== null) return taskQuestionLines(view, question, this.#columns)
    const range = question.most === null ? '' : ` 0-${question.most}`
    return [`? ${questionTitle(question)}${range}: ${escapeForTerminal(question.help)}`]
  }
}
