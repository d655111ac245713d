import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

/** Whether this machine has tmux, a real terminal for tests, and /proc, which names a shell's program. */
export const HAS_TMUX = process.platform === 'linux' && spawnSync('tmux', ['-V']).status === 0

let servers = 0
const PATIENCE_MS = 45_000

/** A program in a terminal of a given size. Ends with the test. */
export class TmuxTerminal {
  readonly #socket = `gloss-test-${process.pid}-${servers++}`

  constructor(columns: number, rows: number, folder: string, command: string) {
    const environment = { ...process.env, CI: 'false' }
    const size = ['-x', String(columns), '-y', String(rows)]
    execFileSync(
      'tmux',
      ['-L', this.#socket, '-f', '/dev/null', 'new-session', '-d', ...size, '-c', folder, command],
      { env: environment },
    )
    onTestFinished(() => void spawnSync('tmux', ['-L', this.#socket, 'kill-server']))
  }

  /** What the terminal shows, without trailing blanks. */
  screen(): string {
    return this.#run('capture-pane', '-p')
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd()
  }

  /** What the terminal shows, once it shows something and has come to rest. */
  async shows(text: string | RegExp): Promise<string> {
    let before = ''
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
      const now = this.screen()
      const there = typeof text === 'string' ? now.includes(text) : text.test(now)
      if (there && now === before) return now
      before = now
      await setTimeout(120)
    }
    throw new Error(`expected ${String(text)} on the screen, found:\n${this.screen()}`)
  }

  /** Presses keys by tmux's names, such as `Enter`, `Tab` or `BSpace`. */
  press(...keys: readonly string[]): void {
    this.#run('send-keys', ...keys)
  }

  /** Types a text as it is. */
  type(text: string): void {
    this.#run('send-keys', '-l', text)
  }

  resize(columns: number, rows: number): void {
    this.#run('resize-window', '-x', String(columns), '-y', String(rows))
  }

  /** Sends a signal to the program that the terminal's shell runs. */
  signal(signal: NodeJS.Signals): void {
    const shell = this.#run('display-message', '-p', '#{pane_pid}').trim()
    const [program] = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ')
    process.kill(Number(program), signal)
  }

  /** The terminal's title, and what programs put on its clipboard. */
  title(): string {
    return this.#run('display-message', '-p', '#{pane_title}').trim()
  }

  #run(...args: readonly string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...args], { encoding: 'utf8' })
  }
}
