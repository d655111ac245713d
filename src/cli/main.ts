#!/usr/bin/env node
import { CommanderError } from 'commander'
import { GlossError } from '../core/errors.ts'
import { DONE, exitCodeOf, STOPPED } from './exit-code.ts'
import { type Surroundings, Terminal } from './terminal.ts'

const stop = new AbortController()
const surroundings: Surroundings = {
  // Opening it costs nothing before it is read, but a terminal would be held: only review asks for it.
  get stdin() {
    return process.stdin
  },
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  folder: process.cwd(),
  signal: stop.signal,
}
const terminal = new Terminal(surroundings, { color: false, quiet: false })

// The first signal lets what is in flight finish, the second quits.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(STOPPED)
    stop.abort()
    terminal.say('', 'stopping; what is in flight is finished first (again to quit at once)')
  })

// `gloss … | head` closes the pipe when it has seen enough.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(DONE)
    throw error
  })

try {
  const { createProgram } =
    process.argv[2] === 'review' ? await import('./review-program.ts') : await import('./program.ts')
  await createProgram(surroundings).parseAsync(process.argv)
  process.exitCode = DONE
} catch (error) {
  if (error instanceof GlossError) terminal.complain(error.message)
  else if (!(error instanceof CommanderError))
    terminal.complain(
      `this is a defect of gloss, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  process.exitCode = exitCodeOf(error)
}
