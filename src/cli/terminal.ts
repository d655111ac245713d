import { escapeForTerminal, jsonForTerminal } from '../core/escape-terminal.ts'
import { COLOURED, PLAIN, type Style } from '../tui/style.ts'

/** What a command needs of the process around it; tests give their own. */
export interface Surroundings {
  /** Where answers and keys come from; none where nobody can give any. */
  readonly stdin?: NodeJS.ReadStream
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly folder: string
  /** Aborted when the run is to drain and stop. */
  readonly signal: AbortSignal
}

const DEFAULT_COLUMNS = 80
const FEWEST_COLUMNS = 40

/** The only printer: results to stdout, everything else to stderr. */
export class Terminal {
  readonly #surroundings: Surroundings
  readonly #colour: boolean
  readonly quiet: boolean

  constructor(surroundings: Surroundings, options: { readonly color: boolean; readonly quiet: boolean }) {
    const { environment } = surroundings
    this.#surroundings = surroundings
    this.#colour = options.color && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb'
    this.quiet = options.quiet
  }

  /** Style of results. */
  get style(): Style {
    return this.#colour && this.#surroundings.stdout.isTTY ? COLOURED : PLAIN
  }

  /** Style of progress and messages. */
  get messageStyle(): Style {
    return this.#colour && this.#surroundings.stderr.isTTY ? COLOURED : PLAIN
  }

  /** Columns for results. */
  get columns(): number {
    return columnsOf(this.#surroundings.stdout)
  }

  /** Columns for progress. */
  get messageColumns(): number {
    return columnsOf(this.#surroundings.stderr)
  }

  /** Whether progress can be redrawn in place. */
  get interactive(): boolean {
    return this.#surroundings.stderr.isTTY === true && this.#surroundings.environment['TERM'] !== 'dumb'
  }

  /** Prints lines of a result. */
  print(...lines: readonly string[]): void {
    this.#surroundings.stdout.write(lines.map((line) => `${line}\n`).join(''))
  }

  /** Prints a JSON value as a result. */
  printJson(value: unknown): void {
    this.print(jsonForTerminal(value, 2))
  }

  /** Prints lines beside the result, unless the user wants quiet. */
  say(...lines: readonly string[]): void {
    if (!this.quiet) this.write(lines.map((line) => `${line}\n`).join(''))
  }

  /** Prints an error in one line, quiet or not. */
  complain(message: string): void {
    this.write(`gloss: ${escapeForTerminal(message)}\n`)
  }

  /** Writes to stderr as it is. */
  write(text: string): void {
    this.#surroundings.stderr.write(text)
  }
}

function columnsOf(stream: { readonly isTTY?: boolean; readonly columns?: number }): number {
  return Math.max(FEWEST_COLUMNS, (stream.isTTY && stream.columns) || DEFAULT_COLUMNS)
}
