import { Command } from 'commander'
import { escapeForTerminal } from '../core/escape-terminal.ts'
import { packageVersion } from './assets.ts'
import type { CommandDefinition } from './command.ts'
import { activations } from './commands/activations.ts'
import { collect } from './commands/collect.ts'
import { demo } from './commands/demo.ts'
import { doctor } from './commands/doctor.ts'
import { explain } from './commands/explain.ts'
import { exportCommand } from './commands/export.ts'
import { importCommand } from './commands/import.ts'
import { init } from './commands/init.ts'
import { puzzles } from './commands/puzzles.ts'
import { run } from './commands/run.ts'
import { sample } from './commands/sample.ts'
import { score } from './commands/score.ts'
import { show } from './commands/show.ts'
import { status } from './commands/status.ts'
import { tokenize } from './commands/tokenize.ts'
import { train } from './commands/train.ts'
import type { Surroundings } from './terminal.ts'

const COMMANDS: readonly CommandDefinition[] = [
  demo,
  init,
  run,
  tokenize,
  train,
  collect,
  sample,
  explain,
  score,
  status,
  show,
  activations,
  doctor,
  puzzles,
  exportCommand,
  importCommand,
]

/** The whole command line. */
export function createProgram(surroundings: Surroundings): Command {
  const program = new Command('gloss')
    .description('Writes a short note for every feature of a language model and says how far to trust it.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void surroundings.stdout.write(text),
      writeErr: (text) => void surroundings.stderr.write(text),
      // One line, as every other error: commander puts its suggestions on a second one.
      outputError: (text, write) =>
        write(
          `gloss: ${escapeForTerminal(
            text
              .replace(/^error: /, '')
              .trimEnd()
              .replaceAll('\n', ' '),
          )}\n`,
        ),
      getOutHelpWidth: () => 80,
      getErrHelpWidth: () => 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showSuggestionAfterError()
    .helpCommand(false)
    .addHelpText('after', '\nStart with:\n  gloss demo')
  for (const define of COMMANDS) define(program, surroundings)
  return program
}
