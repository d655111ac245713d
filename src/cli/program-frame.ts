import { Command } from 'commander'
import { escapeForTerminal } from '../core/escape-terminal.ts'
import { packageVersion } from './assets.ts'
import type { Surroundings } from './terminal.ts'

/** The command line without its verbs: name, version, how help and errors look. */
export function emptyProgram(surroundings: Surroundings): Command {
  return new Command('gloss')
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
}
