import { appendFileSync } from 'node:fs'
import type { StudyEvent } from '../core/events.ts'
import type { StageName } from '../core/stages.ts'
import { escapeForTerminal, jsonForTerminal } from '../core/escape-terminal.ts'
import { writeError } from '../core/files.ts'
import {
  initialProgress,
  plainEnd,
  plainProgress,
  type ProgressState,
  reduceProgress,
  renderProgress,
} from '../tui/progress.ts'
import type { Terminal } from './terminal.ts'

const FRAME_SECONDS = 0.1
const PLAIN_SECONDS = 5
/** Failures shown one by one before they are only counted. */
const FAILURES_SHOWN = 5

/** Shows a verb's events as progress, logs them where asked, and returns what the verb returns. */
export async function follow<Result>(
  terminal: Terminal,
  stages: readonly StageName[],
  logPath: string | undefined,
  events: AsyncGenerator<StudyEvent, Result>,
): Promise<Result> {
  const view = terminal.interactive ? new LiveProgress(terminal, stages) : new PlainProgress(terminal, stages)
  try {
    for (;;) {
      const next = await events.next()
      if (next.done) return next.value
      if (logPath !== undefined) log(logPath, next.value)
      view.show(next.value)
    }
  } finally {
    view.finish()
  }
}

function log(path: string, event: StudyEvent): void {
  try {
    appendFileSync(path, `${jsonForTerminal({ at: new Date().toISOString(), ...event })}\n`)
  } catch (error) {
    throw writeError(error, path)
  }
}

function seconds(): number {
  return performance.now() / 1000
}

/** What interrupts the progress: notices and the first failures. */
class Interruptions {
  #failures = 0

  linesOf(event: StudyEvent): string[] {
    if (event.type === 'notice') return [`  ${event.stage}: ${escapeForTerminal(event.text)}`]
    if (event.type !== 'item-failed') return []
    this.#failures++
    if (this.#failures > FAILURES_SHOWN) return []
    const more =
      this.#failures === FAILURES_SHOWN ? ' (further failures are only counted; --log keeps all)' : ''
    return [`  ${event.stage}: feature ${event.feature}: ${escapeForTerminal(event.reason)}${more}`]
  }
}

/** Progress redrawn in place. */
class LiveProgress {
  readonly #terminal: Terminal
  readonly #interruptions = new Interruptions()
  #state: ProgressState
  #linesUp = 0
  #drawnAt = Number.NEGATIVE_INFINITY

  constructor(terminal: Terminal, stages: readonly StageName[]) {
    this.#terminal = terminal
    this.#state = initialProgress(stages)
  }

  show(event: StudyEvent): void {
    this.#state = reduceProgress(this.#state, event, seconds())
    if (this.#terminal.quiet) return
    const interruptions = this.#interruptions.linesOf(event)
    if (
      interruptions.length === 0 &&
      event.type === 'stage-progress' &&
      seconds() - this.#drawnAt < FRAME_SECONDS
    )
      return
    this.#draw(interruptions)
  }

  finish(): void {
    if (!this.#terminal.quiet && this.#linesUp > 0) this.#draw([])
  }

  #draw(above: readonly string[]): void {
    const lines = renderProgress(
      this.#state,
      seconds(),
      this.#terminal.messageColumns,
      this.#terminal.messageStyle,
    )
    const back = this.#linesUp > 0 ? `\u001b[${this.#linesUp}A` : ''
    this.#terminal.write(`${back}\u001b[J${[...above, ...lines].map((line) => `${line}\n`).join('')}`)
    this.#linesUp = lines.length
    this.#drawnAt = seconds()
  }
}

/** Progress as lines, every few seconds, for output that is no terminal. */
class PlainProgress {
  readonly #terminal: Terminal
  readonly #interruptions = new Interruptions()
  #state: ProgressState
  #printedAt = seconds()

  constructor(terminal: Terminal, stages: readonly StageName[]) {
    this.#terminal = terminal
    this.#state = initialProgress(stages)
  }

  show(event: StudyEvent): void {
    this.#state = reduceProgress(this.#state, event, seconds())
    this.#terminal.say(...this.#interruptions.linesOf(event))
    const view = this.#state.get(event.stage)!
    if (event.type === 'stage-start') this.#print(`${event.stage}: ${escapeForTerminal(event.note)}`)
    else if (event.type === 'stage-end' || event.type === 'stage-skip')
      this.#print(plainEnd(event.stage, view))
    else if (event.type === 'stage-progress' && seconds() - this.#printedAt >= PLAIN_SECONDS)
      this.#print(plainProgress(event.stage, view, seconds()))
  }

  finish(): void {
    // Nothing is left on the screen that would have to be redrawn.
  }

  #print(line: string): void {
    this.#terminal.say(line)
    this.#printedAt = seconds()
  }
}
