import { StoppedError, UsageError } from '../core/errors.ts'
import type { ReviewApplication } from '../tui/review/application.ts'
import type { InkScreen } from '../tui/review/ink-screen.ts'
import { KeyDecoder } from '../tui/review/keys.ts'
import type { Frame } from '../tui/review/screen.ts'
import { type ColourDepth, styleFor } from '../tui/style.ts'
import type { Surroundings } from './terminal.ts'

const HOME = '\u001b[2J\u001b[H'
const ENTER = `\u001b[?1049h\u001b[?2004h${HOME}`
const LEAVE = '\u001b[?2004l\u001b[?1049l\u001b[?25h'
/** An escape that nothing follows within this time is the escape key. */
const ESCAPE_MS = 30
/** After a stop that the system refused, the screen comes back. */
const RESUME_MS = 60
/** After a key, other work waits this long for the next one. */
const TYPING_MS = 150
/** While texts come in, the screen is drawn anew this often. */
const REDRAW_MS = 250
const LEAST_COLUMNS = 40
const LEAST_ROWS = 10

/** How a screen is to look. */
export interface ScreenOptions {
  readonly colours: ColourDepth
  readonly screenReader: boolean
}

/** What goes on behind a screen. */
export interface Background {
  /** Work to be done between keys, piece by piece, after the first frame. */
  readonly work: Iterator<unknown>
  /** Has a listener called whenever something has come that the screen shows. */
  readonly onChange: (listener: () => void) => void
  readonly close: () => void
}

/** No work, no news. */
export const NOTHING_BEHIND: Background = { work: [].values(), onChange: () => {}, close: () => {} }

/** How many colours the environment says that the terminal has. */
export function colourDepth(environment: Surroundings['environment'], wanted: boolean): ColourDepth {
  const { NO_COLOR, TERM = '', COLORTERM = '' } = environment
  if (!wanted || NO_COLOR || TERM === 'dumb') return 0
  if (/^(?:truecolor|24bit)$/i.test(COLORTERM)) return 24
  return /256/.test(TERM) ? 8 : 4
}

/**
 * Shows an application on the terminal until it is left. The alternate screen is left on every way out, signals too.
 * @throws {StoppedError} on Ctrl-C and signals
 */
export async function runOnScreen(
  application: ReviewApplication,
  { stdin, stdout, signal }: Surroundings,
  { colours, screenReader }: ScreenOptions,
  behind: Background,
): Promise<void> {
  const output = stdout as NodeJS.WriteStream
  if (!stdin?.isTTY || !output.isTTY)
    throw new UsageError(
      'terminal-missing',
      'expected a terminal, found none; with --session NAME, --plain rates by lines, and gloss show prints features',
    )
  // ink shows nothing where it believes itself in a build; React checks more than is needed here.
  process.env['CI'] = 'false'
  process.env['NODE_ENV'] ??= 'production'
  const style = styleFor(screenReader ? 0 : colours)
  const frame = (): Frame => ({
    columns: Math.max(LEAST_COLUMNS, output.columns || 80),
    // A frame as high as the screen would scroll it.
    rows: Math.max(LEAST_ROWS, output.rows || 24) - 1,
    style,
    terse: screenReader,
  })
  const decoder = new KeyDecoder()
  let left = false
  const leave = (): void => {
    if (left) return
    left = true
    stdin.setRawMode(false)
    stdin.pause()
    screen?.close()
    output.write(LEAVE)
  }
  let screen: InkScreen | null = null
  let suspended = false
  let withdraw = (): void => {}
  stdin.setEncoding('utf8')
  stdin.setRawMode(true)
  // Loading ink takes longer than anything else: the first lines are there before it.
  output.write(`${ENTER}${application.lines(frame()).join('\r\n')}`)
  process.once('exit', leave)
  const draw = (): void => {
    if (!left) screen?.show(application.lines(frame()))
  }
  try {
    const { InkScreen } = await import('../tui/review/ink-screen.ts')
    output.write(HOME)
    screen = new InkScreen(output, screenReader)
    stdin.resume()
    await new Promise<void>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined
      const stop = (): void =>
        reject(new StoppedError('stopped', 'stopped; everything is stored, and the same command goes on'))
      const take = (keys: ReturnType<KeyDecoder['push']>): void => {
        try {
          for (const key of keys) {
            const effect = application.press(key)
            if (effect === 'quit') return resolve()
            if (effect === 'interrupt') return stop()
            if (effect === 'suspend') suspend()
          }
          draw()
        } catch (error) {
          reject(error)
        }
      }
      const suspend = (): void => {
        // Windows has no jobs to stop.
        if (suspended || process.platform === 'win32') return
        suspended = true
        stdin.setRawMode(false)
        screen?.close()
        screen = null
        output.write(LEAVE)
        process.removeListener('SIGTSTP', suspend)
        // The whole job, since npx and shells wait for this process. Where no shell controls jobs, nothing stops.
        process.kill(0, 'SIGTSTP')
        setTimeout(() => suspended && resume(), RESUME_MS)
      }
      const resume = (): void => {
        if (left) return
        if (suspended) process.on('SIGTSTP', suspend)
        suspended = false
        // A shell may have changed the terminal's modes meanwhile, and somebody its size.
        stdin.setRawMode(false)
        stdin.setRawMode(true)
        process.emit('SIGWINCH', 'SIGWINCH')
        screen?.close()
        output.write(ENTER)
        screen = new InkScreen(output, screenReader)
        draw()
      }
      process.on('SIGTSTP', suspend)
      process.on('SIGCONT', resume)
      withdraw = () => {
        process.removeListener('SIGTSTP', suspend)
        process.removeListener('SIGCONT', resume)
      }
      let drawn = performance.now()
      let pressed = 0
      const work = (): void => {
        if (left) return
        // Whoever is typing comes first.
        if (performance.now() - pressed < TYPING_MS) {
          setTimeout(work, TYPING_MS)
          return
        }
        try {
          const { done } = behind.work.next()
          if (done || performance.now() - drawn > REDRAW_MS) {
            draw()
            drawn = performance.now()
          }
          if (!done) setImmediate(work)
        } catch (error) {
          reject(error)
        }
      }
      stdin.on('data', (text: string) => {
        clearTimeout(timer)
        pressed = performance.now()
        take(decoder.push(text))
        if (decoder.waits) timer = setTimeout(() => take(decoder.flush()), ESCAPE_MS)
      })
      stdin.on('end', () => stop())
      output.on('resize', draw)
      behind.onChange(draw)
      if (signal.aborted) stop()
      signal.addEventListener('abort', () => {
        leave()
        stop()
      })
      draw()
      setTimeout(work, 50)
    })
  } finally {
    leave()
    withdraw()
    behind.close()
    stdin.removeAllListeners('data')
    output.removeListener('resize', draw)
    process.removeListener('exit', leave)
  }
}
