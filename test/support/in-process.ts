import { Writable } from 'node:stream'
import { CommanderError } from 'commander'
import { createProgram } from '../../src/cli/program.ts'

/** How the terminal around a command looks; none by default. */
export interface Screen {
  readonly columns?: number
  readonly isTTY?: boolean
}

class Captured extends Writable {
  text = ''
  readonly isTTY: boolean
  readonly columns: number

  constructor({ isTTY = false, columns = 80 }: Screen) {
    super()
    this.isTTY = isTTY
    this.columns = columns
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }
}

/** Runs a command inside the test's own process: for what is printed, where exit codes and signals do not matter. */
export async function glossHere(
  args: readonly string[],
  { folder, ...screen }: Screen & { readonly folder: string },
): Promise<{ stdout: string; stderr: string }> {
  const [stdout, stderr] = [new Captured(screen), new Captured(screen)]
  const program = createProgram({
    stdout,
    stderr,
    environment: {},
    folder,
    signal: new AbortController().signal,
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error
  }
  return { stdout: stdout.text, stderr: stderr.text }
}
